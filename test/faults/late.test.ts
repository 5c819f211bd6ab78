/** What the poll alone must find: what was committed late, and thousands of rows of one second read in cut pages. */
import { expect, it } from "vitest";
import { inWorlds } from "../support/in-world.ts";
import { anaKim, emea, inbound } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";
import type { World } from "../support/world.ts";
import { defaultPrices } from "../../service/credits/prices.ts";
import { startPoller } from "../../service/intake/poller.ts";
import { beginLife, quietMs, type Life } from "./life.ts";
import { workFor } from "./network.ts";
import { unsound } from "./oracle.ts";
import { makePlace } from "./story.ts";
import { lifeOf } from "./tripwire.ts";

const minute = 60_000;

/** Polls as the service does, every two minutes, and works on what was found. */
async function polled(world: World, minutes: number): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 2) {
    await world.advance(2 * minute);
    // A poll that fails is made again at the next interval.
    await world.hearPoll().catch(() => undefined);
    await world.work();
  }
}

onBothStores("the poll alone", (open) => {
  const inWorld = inWorlds(open);

  it(
    "finds a lead that was committed four minutes after the second it is stamped with",
    inWorld({ pools: emea, policies: [inbound] }, async (world) => {
      const late = world.control.begin();
      const [lead = ""] = late.create("Lead", [anaKim]);
      const stamped = world.clock.now();
      await polled(world, 4);
      const [other = ""] = world.control.as().create("Lead", [{ LastName: "Roe", Company: "Other" }]);
      await world.hearPoll();
      await world.work();
      expect(await world.runs(lead)).toEqual([]);
      late.commit();
      expect(Date.parse(String(world.control.record(lead)?.SystemModstamp))).toBeLessThanOrEqual(stamped);
      await polled(world, 2);
      for (const id of [lead, other]) expect(await world.run(id)).toMatchObject({ outcome: "converted" });
      expect(world.effects().filter((effect) => effect.kind === "convert")).toHaveLength(2);
    }),
  );

  it(
    "finds a change that was committed late to a record it has seen since",
    inWorld({ pools: emea, policies: [{ ...inbound, body: { assign: { pool: "emea" } } }] }, async (world) => {
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await polled(world, 14);
      const late = world.control.begin();
      late.update("Lead", [{ Id: lead, Company: "Acme Ltd" }]);
      await polled(world, 4);
      late.commit();
      await polled(world, 2);
      expect((await world.runs(lead)).filter((run) => run.outcome !== "echo")).toHaveLength(2);
    }),
  );

  it(
    "finds a second change within the second of the version it has read",
    inWorld({ pools: emea, policies: [{ ...inbound, body: { assign: { pool: "emea" } } }] }, async (world) => {
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await polled(world, 14);
      world.control.as().update("Lead", [{ Id: lead, Company: "Acme Ltd" }]);
      await world.hearPoll();
      await world.work();
      const looks = (await world.runs(lead)).length;
      world.control.as().update("Lead", [{ Id: lead, Company: "Acme Limited" }]);
      await polled(world, 14);
      expect((await world.runs(lead)).filter((run) => run.outcome !== "echo").length).toBeGreaterThan(looks);
    }),
  );

  it(
    "handles 2,001 leads of one second, read in pages that are cut again and again",
    inWorld({ policies: [{ name: "none", body: {}, active: false }], env: { QUIET_MS: "1000" } }, async (world) => {
      world.control.setPageSize(700);
      const ids = world.control.as().create(
        "Lead",
        Array.from({ length: 2_001 }, (_, i) => ({ LastName: `Person ${i}`, Company: `Company ${i}` })),
      );
      const stamps = new Set(ids.map((id) => world.control.record(id)?.SystemModstamp));
      expect(stamps.size).toBe(1);
      // Every third query is cut, before or after the org has worked on it.
      for (let n = 2; n < 30; n += 3)
        world.control.faults.add({ match: "query", nth: n, action: n % 2 === 0 ? "cutBefore" : "cutAfter" });
      await polled(world, 8);
      await workFor(world, 5_000);
      const handled = await world.store.read((tx) => tx.db.select().from(tx.t.runs));
      expect(new Set(handled.map((run) => run.recordId)).size).toBe(2_001);
      expect(handled).toHaveLength(2_001);
      expect(handled.every((run) => run.state === "done")).toBe(true);
      expect(await world.balance()).toMatchObject({ spent: 0, reserved: 0 });
    }),
  );
});

onBothStores("a signal that comes while the record is being read", (open) => {
  const inWorld = inWorlds(open);

  it(
    "reserves nothing that is not closed in the end",
    inWorld(
      { pools: emea, policies: [{ ...inbound, body: { enrich: {}, assign: { pool: "emea" } } }] },
      async (world) => {
        const { faults } = world.control;
        await world.importDirectory("people", [
          {
            first_name: "Ana",
            last_name: "Kim",
            company: "Acme Robotics",
            email: "ana@acme-robotics.com",
            title: "CEO",
          },
        ]);
        const [lead = ""] = world.control.as().create("Lead", [anaKim]);
        await world.hearWebhook("Lead", [lead]);
        let readings = 0;
        faults.add({
          match: (call) => {
            if (call.kind !== "collections.retrieve") return false;
            // Before our write somebody edits the lead, so that it is looked at anew, with nothing reserved any more.
            if (++readings === 2) world.control.as().update("Lead", [{ Id: lead, City: "Bonn" }]);
            return readings === 3;
          },
          times: 1,
          action: "hold",
        });
        const working = world.work();
        for (let tries = 0; faults.held() === 0 && tries < 1_000; tries++)
          await new Promise((resolve) => setTimeout(resolve, 5));
        expect(faults.held()).toBe(1);
        await world.hearWebhook("Lead", [lead], "after_update");
        faults.release();
        await working;
        await workFor(world, 15 * minute, minute);
        expect(await unsound(world.store)).toEqual([]);
        expect(await world.balance()).toMatchObject({ reserved: 0 });
      },
    ),
  );
});

onBothStores("a poller that dies in the middle of a poll", (open) => {
  it("is followed by another within a minute", async () => {
    const place = await makePlace(await open.url(), 1);
    const options = { prices: defaultPrices, quietMs, overlapMs: 10 * minute, intervalMs: 20_000 };
    const pollerOf = (life: Life) => {
      const org = life.app.org();
      if (!org) throw new Error("the life is not connected");
      return lifeOf.run(life.wire, () => startPoller(life.context, org, options));
    };
    const lifeOptions = { databaseUrl: place.databaseUrl, org: place.org, clock: place.clock };
    const first = await beginLife({ ...lifeOptions, name: "one", ending: "fall" });
    first.wire.arm({ where: "write", nth: 2, moment: "after" });
    pollerOf(first);
    await first.wire.tripped;
    await first.end();
    const second = await beginLife({ ...lifeOptions, name: "two", ending: "fall" });
    const begun = place.clock.now();
    const poller = pollerOf(second);
    const lastPoll = async () => (await second.raw.read((tx) => tx.db.select().from(tx.t.orgs)))[0]?.lastPollAt ?? 0;
    for (let tries = 0; (await lastPoll()) < begun && tries < 200; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (tries % 4 === 3 && place.clock.now() < begun + minute + 20_000) await place.clock.advance(5_000);
    }
    expect(await lastPoll()).toBeGreaterThanOrEqual(begun);
    expect(place.clock.now() - begun).toBeLessThanOrEqual(minute + 20_000);
    await poller.stop();
    await second.end();
    await place.close();
  });
});
