import { expect, it } from "vitest";
import { inWorlds } from "../support/in-world.ts";
import { emea, inbound } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";

const crowd = 400;

onBothStores("many leads at once", (open) => {
  const inWorld = inWorlds(open);

  it(
    "are each enriched, written, routed fairly and converted at no more than 0.2 API calls a lead",
    inWorld({ pools: emea, policies: [{ ...inbound, body: { ...inbound.body, enrich: {} } }] }, async (world) => {
      const leads = Array.from({ length: crowd }, (_, i) => ({
        FirstName: `Ann${i}`,
        LastName: `Lee${i}`,
        Company: `Company number ${i} Ltd`,
        Email: `ann${i}@company${i}.com`,
      }));
      await world.importDirectory(
        "people",
        leads.map((lead, i) => ({
          first_name: lead.FirstName,
          last_name: lead.LastName,
          email: lead.Email,
          company: lead.Company,
          phone: `+1415555${String(1000 + i)}`,
        })),
      );
      const ids = [0, 200].flatMap((i) => world.control.as().create("Lead", leads.slice(i, i + 200)));
      const before = world.control.calls().total;
      await world.hearStream();
      for (let round = 0; round < 20; round++) {
        await world.work();
        await world.advance(1_000);
      }
      const calls = world.control.calls().total - before;
      expect(ids.filter((id) => world.control.record(id)?.IsConverted !== true)).toEqual([]);
      expect(calls / crowd).toBeLessThanOrEqual(0.2);
      expect(world.effects().filter((e) => e.kind === "convert")).toHaveLength(crowd);
      const members = await world.store.read((tx) => tx.db.select().from(tx.t.poolMembers));
      const turns = members.map((m) => m.turns);
      expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(1);
      // Trigger 2, turn 1, convert 3.
      expect(await world.balance()).toMatchObject({ spent: crowd * 600, reserved: 0 });
    }),
  );
});
