/** An org at its worst for ten minutes, then out of API calls: nothing is lost, nothing doubled, and all is done soon after. */
import { expect, it } from "vitest";
import { anaKim, emea, inbound } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";
import type { World } from "../support/world.ts";
import { behindProxy, workFor } from "./network.ts";
import { unsound } from "./oracle.ts";
import { chosenSeed, randomOf } from "./random.ts";

const leads = 30;
const minute = 60_000;
const step = 5_000;

onBothStores("a storm", (open, dialect) => {
  const inNetwork = behindProxy(open);

  it(
    "of locked rows, server errors and cut connections loses nothing and doubles nothing",
    inNetwork({ pools: emea, policies: [inbound], env: { QUIET_MS: "1000" } }, async (world, proxy) => {
      const random = randomOf(chosenSeed(`storm on ${dialect}`));
      const ids = world.control.as().create(
        "Lead",
        Array.from({ length: leads }, (_, i) => ({
          ...anaKim,
          Company: `Company ${i} Works`,
          Email: `p${i}@company${i}works.com`,
        })),
      );
      for (const id of ids) expect((await world.hearWebhook("Lead", [id])).status).toBe(200);
      let [met, refused] = [0, 0];
      world.control.faults.add({
        match: (call) => {
          const hit = call.kind !== "token" && random() < 0.25;
          met++;
          if (hit) refused++;
          return hit;
        },
        times: Infinity,
        action: { status: 503, code: "SERVER_UNAVAILABLE" },
      });
      world.control.faults.add({
        match: (call) => call.kind !== "token" && random() < 0.33,
        times: Infinity,
        action: { status: 500, body: "<html><body>An internal server error has occurred</body></html>" },
      });
      for (let passed = 0; passed < 10 * minute; passed += step) {
        const locks = locked(world, ids, random);
        if (passed % (2 * minute) === 0) await world.hearPoll().catch(() => undefined);
        if (random() < 0.1) proxy.reset();
        await world.advance(step);
        await world.work();
        locks();
      }
      world.control.faults.clear();
      // Leads share calls, so how many there are is up to the moment; some must have been refused.
      expect(met).toBeGreaterThan(15);
      expect(refused).toBeGreaterThan(2);
      // Then others use up the day's calls; a day is rolling, so they come back by themselves.
      world.control.setApiUsage({ used: 200_000 });
      await world.hearPoll().catch(() => undefined);
      await workFor(world, 10 * minute, minute);
      await world.advance(25 * 60 * minute);
      await world.hearPoll();
      await workFor(world, 30 * minute, 15_000);

      expect(await world.parked()).toEqual([]);
      expect(await unsound(world.store)).toEqual([]);
      for (const id of ids) expect(world.control.record(id)).toMatchObject({ IsConverted: true });
      expect(world.control.ledger().filter((entry) => entry.kind === "convert")).toHaveLength(leads);
      expect(world.control.records("Account")).toHaveLength(leads);
      expect(world.control.records("Contact")).toHaveLength(leads);
      expect(await world.balance()).toMatchObject({ spent: leads * 400, reserved: 0 });
    }),
    120_000,
  );
});

/** Somebody else holds three of ten leads for a moment. Answers how they let go. */
function locked(world: World, ids: readonly string[], random: () => number): () => void {
  const held = ids.filter((id) => world.control.record(id)?.IsConverted !== true && random() < 0.3);
  const other = world.control.begin();
  for (const id of held) other.update("Lead", [{ Id: id, Description: "being edited" }]);
  return () => other.rollback();
}
