/** The nightly audit against the org's own word: what the doors missed is heard and counted, once; the rest costs nothing. */
import { eq } from "drizzle-orm";
import { pino } from "pino";
import { expect, it } from "vitest";
import { firstTenant } from "../../service/app.ts";
import type { Context } from "../../service/context.ts";
import { reconcileJob, wantReconcile } from "../../service/intake/reconcile-job.ts";
import { inWorlds } from "../support/in-world.ts";
import { anaKim, emea, inbound } from "../support/policies.ts";
import { countingIds } from "../support/manual-clock.ts";
import { onBothStores } from "../support/stores.ts";
import type { World } from "../support/world.ts";

const options = { pools: emea, policies: [inbound] };
const minute = 60_000;
const hour = 60 * minute;

/** As the service does at its start; the night comes when the test says so. */
async function plan(world: World): Promise<void> {
  const { store, clock } = world;
  const ctx: Context = {
    ...{ store, clock, ids: countingIds(), log: pino({ level: "silent" }), tenant: firstTenant },
    actor: { kind: "door", door: "poll" },
  };
  await store.write((tx) => wantReconcile(tx, ctx, world.org.orgId, clock.now() + 12 * hour));
}
async function night(world: World): Promise<void> {
  await world.advance(12 * hour);
  await world.hearPoll();
  await world.work();
}
/** The poll reads on as if it had seen everything up to now: what is committed later lies behind it. */
async function pollAndMoveOn(world: World): Promise<void> {
  await world.hearPoll();
  await world.advance(20 * minute);
  await world.hearPoll();
}
const recovered = async (world: World) =>
  (
    (await (await world.send("GET", "/v1/triggers/polling/status")).json()) as {
      objects: Record<string, { recovered_by_poll: number }>;
    }
  ).objects["Lead"]?.recovered_by_poll;
const job = async (world: World) => {
  const [row] = await world.store.read((tx) => tx.db.select().from(tx.t.jobs).where(eq(tx.t.jobs.kind, reconcileJob)));
  return row;
};
const calls = (world: World) => world.control.calls().byKind;

onBothStores("the nightly reconcile", (open) => {
  const inWorld = inWorlds(open);

  it(
    "is planned for the next 02:00 UTC when the service starts, once, with every watched object",
    inWorld({}, async (world) => {
      world.app.start();
      while ((await job(world)) === undefined) await new Promise<void>((resolve) => setImmediate(resolve));
      const planned = await job(world);
      expect(planned).toMatchObject({ state: "waiting", runAt: Date.parse("2026-11-24T02:00:00Z") });
      expect(Object.keys(planned?.payload["progress"] ?? {}).sort()).toEqual([
        "Account",
        "Contact",
        "Lead",
        "Opportunity",
      ]);
    }),
  );

  it(
    "hears a record that was committed so late that stream, webhook and poll all missed it",
    inWorld(options, async (world) => {
      await plan(world);
      const late = world.control.begin();
      const [lead = ""] = late.create("Lead", [anaKim]);
      await pollAndMoveOn(world);
      late.commit();
      await pollAndMoveOn(world);
      await world.work();
      expect(await world.run(lead)).toBeUndefined();
      await night(world);
      expect(await world.run(lead)).toMatchObject({ outcome: "converted", state: "done" });
      expect(await recovered(world)).toBe(1);
      // The next night finds nothing more, and charges nothing more.
      const { spent } = await world.balance();
      await world.advance(12 * hour);
      await night(world);
      expect(await recovered(world)).toBe(1);
      expect(await world.balance()).toMatchObject({ spent, reserved: 0 });
    }),
  );

  it(
    "misses none of many rows that share one second, in pages smaller than asked for",
    inWorld({}, async (world) => {
      await plan(world);
      const late = world.control.begin();
      const rows = Array.from({ length: 11 }, (_v, i) => ({ LastName: `Late ${i}`, Company: `Company ${i}` }));
      const leads = late.create("Lead", rows);
      await pollAndMoveOn(world);
      late.commit();
      world.control.setPageSize(3);
      await night(world);
      const runs = await Promise.all(leads.map((id) => world.runs(id)));
      expect(runs.map((of) => of.length)).toEqual(leads.map(() => 1));
      expect(await recovered(world)).toBe(11);
    }),
  );

  it(
    "starts nothing for what the doors have heard, and makes few calls for it",
    inWorld(options, async (world) => {
      await plan(world);
      const leads = world.control.as().create(
        "Lead",
        Array.from({ length: 30 }, (_v, i) => ({
          ...anaKim,
          Email: `ana${i}@example${i}.com`,
          Company: `Company ${i}`,
        })),
      );
      await world.hearStream();
      await world.work();
      await pollAndMoveOn(world);
      await world.work();
      const runs = (await Promise.all(leads.map((id) => world.runs(id)))).flat().length;
      const { spent } = await world.balance();
      await world.advance(12 * hour);
      await world.hearPoll();
      world.control.resetCalls();
      await world.work();
      expect((await Promise.all(leads.map((id) => world.runs(id)))).flat()).toHaveLength(runs);
      expect(await recovered(world)).toBe(0);
      expect(await world.balance()).toMatchObject({ spent, reserved: 0 });
      // For each of four objects: updated, deleted, one page of stamps, one count.
      expect(calls(world)).toEqual({ updated: 4, deleted: 4, queryAll: 8 });
    }),
  );

  it(
    "does not take as missed what an open transaction may still change, and comes back to it",
    inWorld(options, async (world) => {
      await plan(world);
      const long = world.control.begin();
      const [lead = ""] = long.create("Lead", [anaKim]);
      await pollAndMoveOn(world);
      await night(world);
      const before = (await job(world))?.payload["progress"] as Record<string, { coveredTo: number }>;
      long.commit();
      await pollAndMoveOn(world);
      expect(await world.run(lead)).toBeUndefined();
      await world.advance(12 * hour);
      await night(world);
      expect(await world.run(lead)).toMatchObject({ outcome: "converted" });
      // Held back by the transaction: not a minute of what came after its beginning was called covered.
      expect(before["Lead"]?.coveredTo).toBeLessThanOrEqual(Date.parse("2026-11-23T10:01:00Z"));
    }),
  );

  it(
    "learns of a record that was deleted for good without anybody telling",
    inWorld(options, async (world) => {
      await plan(world);
      const [lead = ""] = world.control.as().create("Lead", [{ LastName: "Gone", Company: "Gone Ltd" }]);
      await pollAndMoveOn(world);
      await world.work();
      await world.advance(minute);
      world.control.as().delete("Lead", [lead]);
      world.control.emptyRecycleBin("Lead");
      await world.advance(minute);
      await pollAndMoveOn(world);
      await world.work();
      const deletedAt = async () => {
        const { store } = world;
        const [row] = await store.read((tx) =>
          tx.db.select().from(tx.t.records).where(eq(tx.t.records.recordId, lead)),
        );
        return row?.deletedAt;
      };
      expect(await deletedAt()).toBeNull();
      await night(world);
      expect(await deletedAt()).not.toBeNull();
    }),
  );

  it(
    "waits while the org's API allowance is nearly used up, and makes no call of its own",
    inWorld(options, async (world) => {
      await plan(world);
      const late = world.control.begin();
      const [lead = ""] = late.create("Lead", [anaKim]);
      await pollAndMoveOn(world);
      late.commit();
      await world.advance(12 * hour);
      world.control.setApiUsage({ used: 960, limit: 1_000 });
      await world.hearPoll();
      world.control.resetCalls();
      const now = world.clock.now();
      await world.work();
      expect(calls(world)).toEqual({});
      expect(await job(world)).toMatchObject({ state: "waiting", runAt: now + hour });
      world.control.setApiUsage({ used: 100, limit: 1_000 });
      await world.advance(hour);
      await world.hearPoll();
      await world.work();
      expect(await world.run(lead)).toMatchObject({ outcome: "converted" });
    }),
  );

  it(
    "tries again in an hour when one object's calls fail, and does the others meanwhile",
    inWorld(options, async (world) => {
      await plan(world);
      const late = world.control.begin();
      const [lead = ""] = late.create("Lead", [anaKim]);
      await pollAndMoveOn(world);
      late.commit();
      world.control.faults.add({
        match: (call) => call.kind === "updated" && call.path.includes("/Lead/"),
        times: 4,
        action: { html: 503 },
      });
      await night(world);
      expect(await world.run(lead)).toBeUndefined();
      expect((await job(world))?.runAt).toBeLessThanOrEqual(world.clock.now() + hour);
      const progress = (await job(world))?.payload["progress"] as Record<string, { coveredTo: number }>;
      expect(progress["Lead"]?.coveredTo).toBeLessThan(world.clock.now() - 12 * hour);
      expect(progress["Account"]?.coveredTo).toBeGreaterThan(world.clock.now() - hour);
      await world.advance(hour);
      await world.hearPoll();
      await world.work();
      expect(await world.run(lead)).toMatchObject({ outcome: "converted" });
    }),
  );

  it(
    "leaves everything where it is while the master switch is off",
    inWorld(options, async (world) => {
      await plan(world);
      const late = world.control.begin();
      const [lead = ""] = late.create("Lead", [anaKim]);
      await pollAndMoveOn(world);
      late.commit();
      const admin = world.control.as(world.control.users.adminUserId);
      const [setting = ""] = admin.create("Lantern_Settings__c", [
        { SetupOwnerId: world.org.orgId, Enabled__c: false },
      ]);
      await night(world);
      expect(await world.run(lead)).toBeUndefined();
      admin.update("Lantern_Settings__c", [{ Id: setting, Enabled__c: true }]);
      await world.advance(12 * hour);
      await night(world);
      expect(await world.run(lead)).toMatchObject({ outcome: "converted" });
    }),
  );
});
