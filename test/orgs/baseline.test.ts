import { expect, it } from "vitest";
import { inWorlds } from "../support/in-world.ts";
import { onBothStores } from "../support/stores.ts";

onBothStores("the baseline", (open) => {
  const inWorld = inWorlds(open);

  for (const round of [1, 2, 3, 4, 5, 6])
    it(
      `is done when all objects are, though they end at the same moment (round ${round})`,
      inWorld({ before: (control) => void control.as().create("Account", [{ Name: "Acme" }]) }, async (world) => {
        const [org] = await world.store.read((tx) => tx.db.select().from(tx.t.orgs));
        expect(org).toMatchObject({ state: "active" });
        expect(org?.baselineDoneAt).not.toBeNull();
      }),
    );
});
