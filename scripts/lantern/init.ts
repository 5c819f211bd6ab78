/** Makes the first tenant and its admin key. */
import { and, eq, ne } from "drizzle-orm";
import { LanternError } from "../../service/errors.ts";
import { scopes } from "../../service/http/index.ts";
import { createKey, listKeys } from "../../service/keys/index.ts";
import { readArgs, tenant, withStore, type Command } from "./command.ts";

export const init: Command = {
  name: "init",
  usage: "[--name NAME]",
  about: "makes the first tenant and its admin key, and prints the key once",
  details:
    "The key has every scope. It is bound to the org when exactly one is connected; triggers and polling status need that.",
  async run(argv, outside) {
    const { values } = readArgs(argv, { options: { name: { type: "string" } } });
    const { out } = outside.terminal;
    await withStore(outside, async ({ store, ctx }) => {
      const made = await store.write(async (tx) => {
        const { tenants, orgs } = tx.t;
        await tx.db
          .insert(tenants)
          .values({ id: tenant, name: values.name ?? "first", createdAt: ctx.clock.now() })
          .onConflictDoNothing();
        const admin = (await listKeys(tx, tenant)).find(
          (key) => key.revoked_at === null && key.scopes.includes("admin"),
        );
        if (admin)
          throw new LanternError(
            `There is an admin key already: ${admin.id} (${admin.name}). Make another one with: npm run lantern -- keys create --name NAME --scopes admin`,
            { code: "initialised" },
          );
        const connected = await tx.db
          .select({ id: orgs.id })
          .from(orgs)
          .where(and(eq(orgs.tenantId, tenant), ne(orgs.state, "disconnected")));
        const [org] = connected.length === 1 ? connected : [];
        const key = await createKey(
          tx,
          { tenant, clock: ctx.clock },
          { name: "admin", scopes: [...scopes], ...(org ? { org_id: org.id } : {}) },
        );
        return { key, org };
      });
      out(`Tenant ${tenant} is there. Its admin key, which is shown this once and kept as a hash only:`);
      out("");
      out(`  ${made.key.key}`);
      out("");
      out(
        made.org
          ? `It is bound to the org ${made.org.id}.`
          : "No org is connected yet. After `npm run lantern -- org connect`, make keys for it with `keys create --org ID`.",
      );
      out("Credits: npm run lantern -- credits grant 1000");
    });
  },
};
