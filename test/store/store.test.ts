import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { onBothStores } from "../support/stores.ts";
import type { Store, Tx } from "../../service/store/store.ts";

const addTenant = (tx: Tx, id: number) => tx.db.insert(tx.t.tenants).values({ id, name: `t${id}`, createdAt: id });
const tenantIds = (store: Store) =>
  store.read(async (tx) => (await tx.db.select({ id: tx.t.tenants.id }).from(tx.t.tenants)).map((r) => r.id).sort());

onBothStores("the store", (open) => {
  it("keeps all of a write or nothing of it", async () => {
    const store = await open();
    await expect(
      store.write(async (tx) => {
        await addTenant(tx, 1);
        throw new Error("half-way");
      }),
    ).rejects.toThrow("half-way");
    expect(await tenantIds(store)).toEqual([]);
  });

  it("does not let a write that fails take the writes beside it along", async () => {
    const store = await open();
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) =>
        store.write(async (tx) => {
          await addTenant(tx, i);
          await Promise.resolve();
          if (i % 3 === 0) throw new Error("no");
        }),
      ),
    );
    expect(results.filter((r) => r.status === "rejected")).toHaveLength(10);
    expect(await tenantIds(store)).toHaveLength(20);
  });

  it("refuses a write inside a write, which would wait for itself", async () => {
    const store = await open();
    await expect(store.write(() => store.write(async () => 1))).rejects.toThrow("store.write inside store.write");
  });

  it("keeps JSON, booleans, large whole numbers and nulls as they were", async () => {
    const store = await open();
    const at = Date.parse("2026-11-23T10:00:00.000Z");
    await store.write((tx) =>
      tx.db.insert(tx.t.orgs).values({
        id: "00D000000000001EAA",
        tenantId: 1,
        name: "Ö",
        instanceUrl: "https://x",
        sandbox: true,
        state: "active",
        integrationUserId: "005000000000001AAA",
        connectedAt: at,
        settings: { enabled: true, convertEnabled: false, watch: { Lead: ["Email"] } },
      }),
    );
    const [row] = await store.read((tx) => tx.db.select().from(tx.t.orgs));
    expect(row).toMatchObject({
      sandbox: true,
      connectedAt: at,
      baselineDoneAt: null,
      settings: { enabled: true, convertEnabled: false, watch: { Lead: ["Email"] } },
    });
  });

  it("tells its listeners after the commit, and only then", async () => {
    const store = await open();
    let woken = 0;
    store.onWake(() => woken++);
    await store.write(async (tx) => {
      tx.wake();
      expect(woken).toBe(0);
    });
    expect(woken).toBeGreaterThanOrEqual(1);
  });

  it("serialises many updates of one row without losing any", async () => {
    const store = await open();
    await store.write((tx) => addTenant(tx, 1));
    const { sql } = await import("drizzle-orm");
    await Promise.all(
      Array.from({ length: 100 }, () =>
        store.write((tx) =>
          tx.db
            .update(tx.t.tenants)
            .set({ createdAt: sql`${tx.t.tenants.createdAt} + 1` })
            .where(eq(tx.t.tenants.id, 1)),
        ),
      ),
    );
    const [row] = await store.read((tx) => tx.db.select().from(tx.t.tenants));
    expect(row?.createdAt).toBe(101);
  });
});
