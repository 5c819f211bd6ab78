import { expect, it } from "vitest";
import { failTurn, takeTurn, turnWritten, type Turn } from "../../service/routing/index.ts";
import { onBothStores } from "../support/stores.ts";
import {
  concurrently,
  countsOf,
  found,
  leadId,
  membersOf,
  orgId,
  routeLogOf,
  routingSetting,
  turnsOf,
  userId,
  worstSpread,
} from "./setting.ts";

const request = (n: number, more: Partial<Parameters<typeof takeTurn>[2]> = {}) => ({
  ...{ orgId, pool: "emea", object: "Lead", recordId: leadId(n), prevOwnerId: userId(999), excludeInactive: true },
  ...more,
});
const taken = (turn: Awaited<ReturnType<typeof takeTurn>>): Turn => {
  if ("none" in turn) throw new Error("nobody took the turn");
  return turn;
};
const sevenUsers = [1, 2, 3, 4, 5, 6, 7];

onBothStores("a turn of a pool", (open) => {
  it("2,000 assignments by 64 concurrent callers leave max − min ≤ 1 at every moment and no gap in the sequence", async () => {
    const store = await open();
    const { ctx } = await routingSetting(store, found({ emea: sevenUsers.map((user) => ({ user })) }));
    const answers = await concurrently(2_000, 64, async (i) =>
      taken(await store.write((tx) => takeTurn(tx, ctx, request(i)))),
    );
    const turns = await turnsOf(store, "emea");
    expect(turns.map((t) => t.sequence)).toEqual(Array.from({ length: 2_000 }, (_, i) => i + 1));
    expect(new Set(answers.map((a) => a.sequence)).size).toBe(2_000);
    expect(
      worstSpread(
        turns.map((t) => t.ownerId),
        sevenUsers.map(userId),
      ),
    ).toBeLessThanOrEqual(1);
    for (const answer of answers) expect(turns[answer.sequence - 1]?.ownerId).toBe(answer.ownerId);
    const counted = countsOf(turns.map((t) => t.ownerId));
    for (const member of await membersOf(store, "emea")) expect(member.turns).toBe(counted.get(member.userId));
  });

  it("a member that is switched off midway gets no turn until it is on again, and the others stay level", async () => {
    const store = await open();
    const off = sevenUsers.map((user) => ({ user, active: user !== 3 }));
    const { ctx, sync } = await routingSetting(store, found({ emea: sevenUsers.map((user) => ({ user })) }));
    const some = (from: number) =>
      concurrently(105, 32, (i) => store.write((tx) => takeTurn(tx, ctx, request(from + i))));
    await some(0);
    await Promise.all([some(1_000), sync(found({ emea: off }))]);
    const before = (await turnsOf(store, "emea")).length;
    await some(2_000);
    const whileOff = (await turnsOf(store, "emea")).slice(before);
    expect(whileOff.some((t) => t.ownerId === userId(3))).toBe(false);
    expect(whileOff.every((t) => t.poolSize === 6)).toBe(true);
    await sync(found({ emea: sevenUsers.map((user) => ({ user })) }));
    await some(3_000);
    const turns = await turnsOf(store, "emea");
    expect(turns.map((t) => t.sequence)).toEqual(Array.from({ length: 420 }, (_, i) => i + 1));
    const always = sevenUsers.filter((user) => user !== 3).map(userId);
    expect(
      worstSpread(
        turns.map((t) => t.ownerId),
        always,
      ),
    ).toBeLessThanOrEqual(1);
    // Back again, it has its share of what came since and no more.
    const share = turns.slice(before + 105).filter((t) => t.ownerId === userId(3)).length;
    expect(share).toBeGreaterThanOrEqual(14);
    expect(share).toBeLessThanOrEqual(16);
  });

  it("the same journey asking at once from many sides gets one turn", async () => {
    const store = await open();
    const { ctx } = await routingSetting(store, found({ emea: [{ user: 1 }, { user: 2 }] }));
    const effectKey = `turn:${orgId}:emea:${leadId(1)}`;
    const answers = await concurrently(40, 20, async () =>
      taken(await store.write((tx) => takeTurn(tx, ctx, request(1, { effectKey })))),
    );
    expect(new Set(answers.map((a) => a.ownerId)).size).toBe(1);
    expect(answers.filter((a) => !a.repeated)).toHaveLength(1);
    expect(await turnsOf(store, "emea")).toHaveLength(1);
    expect(await routeLogOf(store)).toHaveLength(1);
  });

  it("skips who cannot take a turn and says why, in the answer and in the log", async () => {
    const store = await open();
    const { ctx, clock, sync } = await routingSetting(store, found({ emea: [] }));
    const pausedUntil = clock.now() + 60_000;
    await sync(
      found({
        emea: [{ user: 1, userActive: false }, { user: 2, active: false }, { user: 3, pausedUntil }, { user: 4 }],
      }),
    );
    const turn = taken(await store.write((tx) => takeTurn(tx, ctx, request(1, { reason: "no account matched" }))));
    expect(turn).toMatchObject({ ownerId: userId(4), poolSize: 1, sequence: 1, nextUp: userId(4) });
    expect(turn.skipped.map((s) => s.reason)).toEqual(["inactive_user", "inactive_member", "paused"]);
    expect(turn.reason).toBe(
      "User 4 was next in pool emea (turn 1); no account matched; User 1 was skipped: inactive user; User 2 was skipped: switched off in the pool; User 3 was skipped: paused.",
    );
    const [entry] = await routeLogOf(store);
    expect(entry).toMatchObject({
      ...{ action: "assign", pool: "emea", assignedTo: userId(4), prevOwner: userId(999), sequence: 1 },
      ...{ reason: turn.reason, requestId: "req_test" },
    });
    await clock.advance(60_000);
    expect(taken(await store.write((tx) => takeTurn(tx, ctx, request(2)))).ownerId).toBe(userId(3));
    expect(taken(await store.write((tx) => takeTurn(tx, ctx, request(3, { excludeInactive: false })))).poolSize).toBe(
      3,
    );
  });

  it("with nobody to take it, spends nothing and gives each member's reason", async () => {
    const store = await open();
    const { ctx } = await routingSetting(
      store,
      found({ emea: [{ user: 1, userActive: false }], closed: [{ user: 2 }] }, { inactive: ["closed"] }),
    );
    const none = await store.write((tx) => takeTurn(tx, ctx, request(1)));
    expect(none).toEqual({ none: [{ userId: userId(1), name: "User 1", reason: "inactive_user" }] });
    const closed = await store.write((tx) => takeTurn(tx, ctx, request(1, { pool: "closed" })));
    expect(closed).toEqual({ none: [{ userId: userId(2), name: "User 2", reason: "inactive_pool" }] });
    expect(await turnsOf(store, "emea")).toEqual([]);
    expect(await routeLogOf(store)).toEqual([]);
  });

  it("refuses a pool that is not there, is another tenant's, or is the API's own when a journey asks", async () => {
    const store = await open();
    const { ctx } = await routingSetting(store, found({ emea: [{ user: 1 }] }));
    await store.write((tx) =>
      tx.db.insert(tx.t.pools).values({
        ...{ orgId, key: "own", tenantId: 1, name: "own", source: "api", sfId: null, active: true, sequence: 0 },
        updatedAt: 0,
      }),
    );
    const ask = (more: object, tenant = 1) => store.write((tx) => takeTurn(tx, { ...ctx, tenant }, request(1, more)));
    await expect(ask({ pool: "apac" })).rejects.toMatchObject({ code: "unknown_pool" });
    await expect(ask({}, 2)).rejects.toMatchObject({ code: "unknown_pool" });
    await expect(ask({ pool: "own", source: "org" })).rejects.toMatchObject({ code: "unknown_pool" });
    expect(await ask({ pool: "own" })).toEqual({ none: [] });
  });

  it("keeps a failed turn's number, logs the failure once and lets the journey decide again", async () => {
    const store = await open();
    const { ctx, clock } = await routingSetting(store, found({ emea: [{ user: 1 }, { user: 2 }] }));
    const effectKey = `turn:${orgId}:emea:${leadId(1)}`;
    const ask = async () => taken(await store.write((tx) => takeTurn(tx, ctx, request(1, { effectKey }))));
    const first = await ask();
    const fail = () =>
      store.write((tx) => failTurn(tx, ctx, { orgId, ...first }, "the user is inactive.", userId(999)));
    await clock.advance(1_000);
    await fail();
    await fail();
    const second = await ask();
    expect(second).toMatchObject({ repeated: false, sequence: 2, ownerId: userId(2) });
    await store.write((tx) => turnWritten(tx, { orgId, ...second }, clock.now()));
    expect((await turnsOf(store, "emea")).map((t) => t.write)).toEqual(["failed", "done"]);
    expect((await routeLogOf(store)).map((e) => e.reason)).toContain(
      "Turn 1 of pool emea was not written: the user is inactive.",
    );
    expect(await routeLogOf(store)).toHaveLength(3);
  });
});
