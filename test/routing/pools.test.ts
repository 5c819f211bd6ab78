import { expect, it } from "vitest";
import { nextUp, takeTurn, type Turn } from "../../service/routing/index.ts";
import { onBothStores } from "../support/stores.ts";
import { found, leadId, membersOf, orgId, routingSetting, userId } from "./setting.ts";

onBothStores("the org's pools", (open) => {
  const setting = async (pools: ReturnType<typeof found>) => {
    const store = await open();
    const made = await routingSetting(store, pools);
    let n = 0;
    const turn = async (pool = "emea"): Promise<string> => {
      const given = { orgId, pool, object: "Lead", recordId: leadId(++n), prevOwnerId: null, excludeInactive: true };
      const taken = await store.write((tx) => takeTurn(tx, made.ctx, given));
      return (taken as Turn).ownerId;
    };
    const poolRow = async (key: string) =>
      (await store.read((tx) => tx.db.select().from(tx.t.pools))).find((p) => p.key === key);
    return { store, ...made, turn, poolRow };
  };

  it("a reading that says the same changes nothing, and the rotation goes on", async () => {
    const pools = found({ emea: [{ user: 1 }, { user: 2 }, { user: 3 }] });
    const { turn, sync } = await setting(pools);
    expect([await turn(), await turn()]).toEqual([userId(1), userId(2)]);
    expect(await sync(pools)).toEqual({ problems: [], changed: [] });
    expect(await turn()).toBe(userId(3));
  });

  it("lets a joiner start level with the others", async () => {
    const { turn, sync, store } = await setting(found({ emea: [{ user: 1 }, { user: 2 }] }));
    for (let i = 0; i < 41; i++) await turn();
    await sync(found({ emea: [{ user: 1 }, { user: 2 }, { user: 3 }] }));
    const owners: string[] = [];
    for (let i = 0; i < 9; i++) owners.push(await turn());
    expect(owners.filter((o) => o === userId(3))).toHaveLength(3);
    expect((await membersOf(store, "emea")).map((m) => m.turns)).toEqual([24, 23, 3]);
  });

  it("keeps the history of a member that was removed, and starts it level when it comes back", async () => {
    const both = found({ emea: [{ user: 1 }, { user: 2 }] });
    const { turn, sync, store } = await setting(both);
    for (let i = 0; i < 10; i++) await turn();
    await sync(found({ emea: [{ user: 1 }] }));
    for (let i = 0; i < 10; i++) expect(await turn()).toBe(userId(1));
    const [, removed] = await membersOf(store, "emea");
    expect(removed).toMatchObject({ userId: userId(2), turns: 5 });
    expect(removed?.removedAt).not.toBeNull();
    await sync(both);
    const owners: string[] = [];
    for (let i = 0; i < 6; i++) owners.push(await turn());
    expect(owners.filter((o) => o === userId(2))).toHaveLength(3);
  });

  it("follows a change of weight from the next turn on", async () => {
    const { turn, sync } = await setting(found({ emea: [{ user: 1 }, { user: 2 }] }));
    for (let i = 0; i < 20; i++) await turn();
    await sync(found({ emea: [{ user: 1, weight: 3 }, { user: 2 }] }));
    const owners: string[] = [];
    for (let i = 0; i < 40; i++) owners.push(await turn());
    expect(owners.filter((o) => o === userId(1))).toHaveLength(30);
  });

  it("a pool that was deleted in the org hands out nothing, and goes on where it stood when it is back", async () => {
    const pools = found({ emea: [{ user: 1 }, { user: 2 }] });
    const { turn, sync, store, ctx, poolRow } = await setting(pools);
    await turn();
    expect((await sync(found({}))).changed).toEqual(["emea"]);
    expect(await poolRow("emea")).toMatchObject({ active: false, sequence: 1 });
    expect(await store.read((tx) => nextUp(tx, { orgId, pool: "emea", now: ctx.clock.now() }))).toBeNull();
    await sync(pools);
    expect(await store.read((tx) => nextUp(tx, { orgId, pool: "emea", now: ctx.clock.now() }))).toEqual({
      userId: userId(2),
      name: "User 2",
    });
    await turn();
    expect(await poolRow("emea")).toMatchObject({ active: true, sequence: 2 });
  });

  it("reports a key that the API's own pools have already, and leaves that pool as it is", async () => {
    const { store, sync, poolRow } = await setting(found({}));
    await store.write((tx) =>
      tx.db.insert(tx.t.pools).values({
        ...{ orgId, key: "emea", tenantId: 1, name: "mine", source: "api", sfId: null, active: true, sequence: 7 },
        updatedAt: 0,
      }),
    );
    const { problems } = await sync(found({ emea: [{ user: 1 }] }));
    expect(problems).toMatchObject([{ pool: "emea", problem: "key_taken" }]);
    expect(await poolRow("emea")).toMatchObject({ source: "api", name: "mine", sequence: 7, active: true });
    expect(await membersOf(store, "emea")).toEqual([]);
  });

  it("takes a changed key for another pool, and says so", async () => {
    const { sync, poolRow } = await setting(found({ emea: [{ user: 1 }] }));
    const renamed = found({ emea: [{ user: 1 }] });
    const { problems } = await sync({ ...renamed, pools: renamed.pools.map((p) => ({ ...p, key: "europe" })) });
    expect(problems).toMatchObject([{ pool: "europe", problem: "key_changed" }]);
    expect(await poolRow("emea")).toMatchObject({ active: false });
    expect(await poolRow("europe")).toMatchObject({ active: true, sequence: 0 });
  });

  it("turns taken while the members change are not lost", async () => {
    const four = [1, 2, 3, 4].map((user) => ({ user }));
    const { turn, sync, store } = await setting(found({ emea: four }));
    await Promise.all([
      ...Array.from({ length: 60 }, () => turn()),
      ...[5, 6, 7].map((user) => sync(found({ emea: [...four, { user }] }))),
    ]);
    const members = await membersOf(store, "emea");
    expect(members.reduce((sum, m) => sum + m.turns, 0)).toBe(60);
  });
});
