import fc from "fast-check";
import { expect, it } from "vitest";
import { inWorlds } from "../support/in-world.ts";
import { anaKim, emea, inbound } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";
import { makeWorld, type World } from "../support/world.ts";

const options = { pools: emea, policies: [inbound] };
const journeys = async (world: World, id: string) =>
  (await world.runs(id)).filter((run) => !["echo", "baseline"].includes(String(run.outcome)));

onBothStores("the three doors", (open) => {
  const inWorld = inWorlds(open);

  it("give one journey and one charge per record version, in any subset, order and repetition", async () => {
    const door = fc.constantFrom("webhook" as const, "stream" as const, "poll" as const, "work" as const);
    await fc.assert(
      fc.asyncProperty(fc.array(door, { minLength: 1, maxLength: 7 }), async (doors) => {
        const world = await makeWorld(await open(), options);
        try {
          const [lead = ""] = world.control.as().create("Lead", [anaKim]);
          for (const which of [...doors, "poll" as const]) {
            if (which === "webhook") expect((await world.hearWebhook("Lead", [lead])).status).toBe(200);
            if (which === "stream") await world.hearStream();
            if (which === "poll") await world.hearPoll();
            if (which === "work") await world.work();
          }
          await world.work();
          await world.advance(11 * 60_000);
          await world.hearPoll();
          await world.work();
          expect(await journeys(world, lead)).toMatchObject([{ outcome: "converted" }]);
          expect(world.effects().filter((e) => e.kind === "convert")).toHaveLength(1);
          // Assign 1, convert 3; the trigger's own price returns, since nothing was found.
          expect(await world.balance()).toMatchObject({ spent: 400, reserved: 0 });
          expect((await world.log(lead)).map((l) => l.action)).toEqual(["assign", "convert"]);
          expect(await world.parked()).toEqual([]);
        } finally {
          await world.close();
        }
      }),
      { numRuns: 6 },
    );
  });

  it(
    "start nothing for what the service writes itself",
    inWorld({ pools: emea, policies: [{ ...inbound, body: { assign: { pool: "emea" } } }] }, async (world) => {
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await world.hearStream();
      await world.work();
      const spent = (await world.balance()).spent;
      const written = world.effects().length;
      await world.hearStream();
      await world.hearPoll();
      await world.hearWebhook("Lead", [lead], "after_update");
      await world.work();
      await world.advance(11 * 60_000);
      await world.hearPoll();
      await world.work();
      expect(await journeys(world, lead)).toMatchObject([{ outcome: "assigned" }]);
      expect(world.effects()).toHaveLength(written);
      expect(await world.balance()).toMatchObject({ spent, reserved: 0 });
    }),
  );

  it(
    "cost nothing for 10,000 records that were there when the org was connected",
    inWorld(
      {
        ...options,
        before: (control) => {
          for (let n = 0; n < 50; n++)
            control.as().create(
              "Lead",
              Array.from({ length: 200 }, (_, i) => ({
                LastName: `Lead ${n}-${i}`,
                Company: `Company ${n}-${i}`,
                Email: `lead${n}x${i}@company${n}x${i}.com`,
              })),
            );
        },
      },
      async (world) => {
        await world.hearPoll();
        await world.hearStream();
        await world.work();
        expect(await world.balance()).toMatchObject({ spent: 0, reserved: 0 });
        expect(await world.store.read((tx) => tx.db.select().from(tx.t.runs))).toEqual([]);
        const known = await world.store.read((tx) =>
          tx.db.select({ hash: tx.t.records.handledHash }).from(tx.t.records),
        );
        expect(known.filter((r) => r.hash !== null)).toHaveLength(10_000);
        // One of them changes: that one, and no other, has a journey.
        const [first] = world.control.records("Lead");
        world.control.as().update("Lead", [{ Id: first?.Id, Company: "Newer Company" }]);
        await world.hearPoll();
        await world.work();
        expect(await world.store.read((tx) => tx.db.select().from(tx.t.runs))).toHaveLength(1);
      },
    ),
  );

  it(
    "hear nothing while the master switch is off, and catch up when it is on again",
    inWorld(options, async (world) => {
      const admin = world.control.as(world.control.users.adminUserId);
      const [setting = ""] = admin.create("Lantern_Settings__c", [
        { SetupOwnerId: world.org.orgId, Enabled__c: false },
      ]);
      await world.hearPoll();
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await world.hearStream();
      await world.hearPoll();
      const refused = await world.hearWebhook("Lead", [lead]);
      expect(refused.status).toBe(409);
      expect(await refused.json()).toMatchObject({ success: false, details: { code: "switched_off" } });
      await world.work();
      expect(await world.runs(lead)).toEqual([]);
      expect(world.effects()).toEqual([]);
      admin.update("Lantern_Settings__c", [{ Id: setting, Enabled__c: true }]);
      await world.hearPoll();
      await world.work();
      expect(await world.run(lead)).toMatchObject({ outcome: "converted" });
    }),
  );

  it(
    "leave the org as it is in observe mode, and say what would have been done",
    inWorld({ pools: emea, policies: [{ ...inbound, mode: "observe" }] }, async (world) => {
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await world.hearStream();
      await world.work();
      expect(world.effects()).toEqual([]);
      expect(await world.run(lead)).toMatchObject({ outcome: "observed" });
      const [entry] = await world.log(lead);
      expect(entry).toMatchObject({ mode: "observe", assignedTo: world.users["Alice Ng"] });
      expect(entry?.reason).toContain("Would");
      expect(await world.balance()).toMatchObject({ spent: 0, reserved: 0 });
      expect(await world.store.read((tx) => tx.db.select().from(tx.t.turns))).toEqual([]);
    }),
  );
});

onBothStores("a record that changes while it is worked on", (open) => {
  const inWorld = inWorlds(open);
  const assignOnly = { pools: emea, policies: [{ ...inbound, body: { assign: { pool: "emea" } } }] };

  it(
    "gets a second look, and what people wrote stays",
    inWorld(assignOnly, async (world) => {
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await world.hearStream();
      // The second reading is the one before our write: the person is quicker by a moment.
      let readings = 0;
      world.control.faults.add({
        match: (call) => {
          if (call.kind === "collections.retrieve" && ++readings === 2)
            world.control.as().update("Lead", [{ Id: lead, Phone: "+49 30 901820" }]);
          return false;
        },
        action: "hang",
      });
      await world.work();
      await world.hearStream();
      await world.advance(11 * 60_000);
      await world.work();
      expect(world.control.record(lead)).toMatchObject({ Phone: "+49 30 901820", OwnerId: world.users["Alice Ng"] });
      expect((await world.runs(lead)).map((r) => r.outcome)).toContain("assigned");
      expect((await world.runs(lead)).length).toBeGreaterThan(1);
      const turns = await world.store.read((tx) => tx.db.select().from(tx.t.turns));
      expect(turns).toHaveLength(1);
    }),
  );

  it(
    "is heard by the poll alone when it changes between our write and our reading of what was written",
    inWorld(assignOnly, async (world) => {
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await world.hearPoll();
      await world.advance(1_000);
      let readings = 0;
      world.control.faults.add({
        match: (call) => {
          if (call.kind === "collections.retrieve" && ++readings === 3)
            world.control.as().update("Lead", [{ Id: lead, Phone: "+49 30 901820" }]);
          return false;
        },
        action: "hang",
      });
      await world.work();
      expect((await world.runs(lead)).map((r) => r.outcome)).toEqual(["assigned"]);
      await world.hearPoll();
      await world.advance(11 * 60_000);
      await world.work();
      expect((await world.runs(lead)).map((r) => r.outcome)).toEqual(["assigned", "handled"]);
      expect(world.control.record(lead)).toMatchObject({ Phone: "+49 30 901820", OwnerId: world.users["Alice Ng"] });
    }),
  );

  it(
    "by our own hand, and is polled before the journey could say so, starts nothing",
    inWorld(assignOnly, async (world) => {
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await world.hearStream();
      await world.advance(1_000);
      world.control.faults.add({ match: "collections.retrieve", nth: 3, action: "hold" });
      const working = world.work();
      while (world.control.faults.held() === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      expect(world.control.record(lead)).toMatchObject({ OwnerId: world.users["Alice Ng"] });
      await world.hearPoll();
      world.control.faults.release();
      await working;
      await world.advance(11 * 60_000);
      await world.hearPoll();
      await world.work();
      expect((await world.runs(lead)).map((r) => r.outcome)).toEqual(["assigned"]);
      expect(await world.balance()).toMatchObject({ spent: 100, reserved: 0 });
    }),
  );
});
