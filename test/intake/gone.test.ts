import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { inWorlds } from "../support/in-world.ts";
import { onBothStores } from "../support/stores.ts";
import type { World } from "../support/world.ts";

const mirrored = async (world: World) =>
  (await world.store.read((tx) => tx.db.select({ id: tx.t.mirror.recordId }).from(tx.t.mirror)))
    .map((row) => row.id)
    .sort();
const record = async (world: World, id: string) =>
  (await world.store.read((tx) => tx.db.select().from(tx.t.records).where(eq(tx.t.records.recordId, id))))[0];

onBothStores("the poll sees what is gone", (open) => {
  const inWorld = inWorlds(open);
  const before = {
    before: (control: World["control"]) =>
      void control.as().create("Account", [{ Name: "Acme" }, { Name: "Acme Inc" }, { Name: "Other" }]),
  };

  it(
    "a deleted record leaves the mirror, and comes back when it is undeleted",
    inWorld(before, async (world) => {
      const [acme, , other] = world.control.records("Account").map((row) => String(row.Id));
      world.control.as().delete("Account", [other ?? ""]);
      await world.hearPoll();
      expect(await mirrored(world)).not.toContain(other);
      expect(await mirrored(world)).toContain(acme);
      expect((await record(world, other ?? ""))?.deletedAt).not.toBeNull();
      await world.advance(1_000);
      world.control.as().undelete("Account", [other ?? ""]);
      await world.hearPoll();
      expect(await mirrored(world)).toContain(other);
      expect((await record(world, other ?? ""))?.deletedAt).toBeNull();
    }),
  );

  it(
    "a merged record leaves the mirror, and is known by the one it went into",
    inWorld(before, async (world) => {
      const [master = "", loser = ""] = world.control.records("Account").map((row) => String(row.Id));
      const merged = await world.app
        .org()
        ?.salesforce.merge({ object: "Account", masterId: master, fields: {}, loserIds: [loser] });
      expect(merged).toMatchObject({ ok: true });
      await world.hearPoll();
      expect(await mirrored(world)).not.toContain(loser);
      expect(await record(world, loser)).toMatchObject({ successorId: master });
    }),
  );

  it(
    "a record that is deleted while it waits for its journey costs nothing",
    inWorld({ ...before, policies: [{ name: "Any", body: { enrich: {} } }] }, async (world) => {
      const [lead = ""] = world.control.as().create("Lead", [{ LastName: "Kim", Company: "Acme" }]);
      await world.hearPoll();
      world.control.as().delete("Lead", [lead]);
      await world.work();
      expect(await world.run(lead)).toMatchObject({ outcome: "gone" });
      expect(await world.balance()).toMatchObject({ spent: 0, reserved: 0 });
    }),
  );
});
