import { expect, it } from "vitest";
import { inWorlds } from "../support/in-world.ts";
import { anaKim, emea, inbound } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";
import type { World } from "../support/world.ts";

const enriching = { pools: emea, policies: [{ ...inbound, body: { enrich: {}, assign: { pool: "emea" } } }] };

/** One person in the tenant's directory. */
const addPerson = (world: World, fields: Record<string, string>) =>
  world.importDirectory("people", [
    { first_name: "Ana", last_name: "Kim", company: "Acme Robotics", email: "ana@acme-robotics.com", ...fields },
  ]);

onBothStores("enrichment in a journey", (open) => {
  const inWorld = inWorlds(open);

  it(
    "fills what is empty, in the one write that gives the owner and the stamp, and is paid once",
    inWorld(enriching, async (world) => {
      await addPerson(world, { phone: "+14155550100", title: "Head of Robots" });
      const [lead = ""] = world.control.as().create("Lead", [{ ...anaKim, Title: "CEO" }]);
      await world.hearStream();
      await world.work();
      const row = world.control.record(lead);
      expect(row).toMatchObject({ Phone: "+14155550100", Title: "CEO", OwnerId: world.users["Alice Ng"] });
      expect(String(row?.Lantern_Run__c)).toMatch(/^run_/);
      expect(world.effects(lead).filter((e) => e.kind === "update")).toHaveLength(1);
      // The trigger 2, the turn 1.
      expect(await world.balance()).toMatchObject({ spent: 300, reserved: 0 });
      const entries = await world.log(lead);
      expect(entries.map((l) => l.action).sort()).toEqual(["assign", "enrich"]);
      expect(entries.find((l) => l.action === "enrich")).toMatchObject({
        diff: { Phone: { from: null, to: "+14155550100" } },
      });
    }),
  );

  it(
    "is not charged where nothing was found",
    inWorld(enriching, async (world) => {
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await world.hearStream();
      await world.work();
      expect(await world.run(lead)).toMatchObject({ outcome: "assigned" });
      expect(await world.balance()).toMatchObject({ spent: 100, reserved: 0 });
    }),
  );

  it(
    "leaves a value that a person wrote while providers were asked",
    inWorld(enriching, async (world) => {
      await addPerson(world, { phone: "+14155550100", title: "Head of Robots" });
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await world.hearStream();
      let readings = 0;
      world.control.faults.add({
        match: (call) => {
          if (call.kind === "collections.retrieve" && ++readings === 2)
            world.control.as().update("Lead", [{ Id: lead, Title: "Founder" }]);
          return false;
        },
        action: "hang",
      });
      await world.work();
      await world.hearStream();
      await world.advance(11 * 60_000);
      await world.work();
      expect(world.control.record(lead)).toMatchObject({ Title: "Founder", Phone: "+14155550100" });
      expect((await world.runs(lead)).map((r) => r.outcome)).toContain("superseded");
    }),
  );

  it(
    "parks a record that other automation changes again after each of our writes",
    inWorld(enriching, async (world) => {
      await addPerson(world, { phone: "+14155550100" });
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      for (let n = 0; n < 6; n++) {
        await world.hearStream();
        await world.work();
        await world.advance(11 * 60_000);
        // Something empties what we filled and touches a watched field, whenever we have written.
        world.control.as().update("Lead", [{ Id: lead, Phone: null, Street: `${n} Main St` }]);
      }
      await world.hearStream();
      await world.work();
      expect(await world.parked()).toMatchObject([{ code: "loop_suspected" }]);
      expect(
        (await world.runs(lead)).filter((r) => ["assigned", "enriched"].includes(String(r.outcome))).length,
      ).toBeLessThanOrEqual(3);
    }),
  );

  it(
    "waits when credits run out, and goes on when some are added",
    inWorld({ ...enriching, credits: 3 }, async (world) => {
      await addPerson(world, { phone: "+14155550100" });
      const [first = "", second = ""] = world.control
        .as()
        .create("Lead", [anaKim, { ...anaKim, FirstName: "Bea", Email: "bea@x.com" }]);
      await world.hearStream();
      await world.work();
      expect(await world.run(first)).toMatchObject({ outcome: "assigned" });
      expect(await world.parked()).toMatchObject([{ code: "credits_short" }]);
      expect((await world.balance()).available).toBe(0);
      const granted = await world.send("POST", "/v1/credits/grants", { body: { credits: 50, reason: "top up" } });
      expect(granted.status).toBeLessThan(300);
      await world.work();
      expect(await world.run(second)).toMatchObject({ outcome: "assigned" });
      expect(await world.parked()).toEqual([]);
    }),
  );
});
