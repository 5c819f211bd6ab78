import { expect, it } from "vitest";
import { inWorlds } from "../support/in-world.ts";
import { emea } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";

onBothStores("objects other than leads", (open) => {
  const inWorld = inWorlds(open);

  it(
    "an opportunity goes to the owner of its account",
    inWorld(
      {
        pools: emea,
        policies: [
          { name: "Deals", object: "Opportunity", body: { assign: { matched_owner_first: true, pool: "emea" } } },
        ],
      },
      async (world) => {
        const dora = world.control.createUser({ name: "Dora Owner" });
        await world.hearPoll();
        const [account = ""] = world.control.as(dora).create("Account", [{ Name: "Acme" }]);
        const [deal = ""] = world.control
          .as()
          .create("Opportunity", [
            { Name: "Deal", AccountId: account, StageName: "Prospecting", CloseDate: "2026-12-31" },
          ]);
        await world.hearStream();
        await world.work();
        expect(world.control.record(deal)).toMatchObject({ OwnerId: dora });
        expect(await world.log(deal)).toMatchObject([{ action: "assign", assignedTo: dora }]);
        expect(await world.run(account)).toMatchObject({ outcome: "no_policy" });
      },
    ),
  );

  it(
    "a contact is enriched, and an account for which there is no policy is left alone",
    inWorld({ policies: [{ name: "People", object: "Contact", body: { enrich: {} } }] }, async (world) => {
      await world.importDirectory("people", [
        {
          first_name: "Ana",
          last_name: "Kim",
          company: "Acme",
          email: "ana@acme.com",
          title: "CTO",
          phone: "+14155550100",
        },
      ]);
      const [account = ""] = world.control.as().create("Account", [{ Name: "Acme" }]);
      const [contact = ""] = world.control
        .as()
        .create("Contact", [{ AccountId: account, FirstName: "Ana", LastName: "Kim", Email: "ana@acme.com" }]);
      await world.hearStream();
      await world.work();
      expect(world.control.record(contact)).toMatchObject({ Title: "CTO", Phone: "+14155550100" });
      expect(world.effects(account)).toEqual([]);
      expect(await world.balance()).toMatchObject({ spent: 100, reserved: 0 });
    }),
  );
});
