/**
 * Takes over what the org says of its pools, members and users, keeping the rotation's memory. Only what differs is
 * written: this runs with every poll.
 */
import { and, eq } from "drizzle-orm";
import type { Tx } from "../store/store.ts";
import { checkPools, type FoundMember, type PoolProblem, type PoolsFound } from "./check-pools.ts";
import { lockPool } from "./pool-rows.ts";
import { levelStanding, reweighedStanding, type RotationMember } from "./rotation.ts";
import { syncUsers } from "./sync-users.ts";

export interface SyncedOrg {
  orgId: string;
  tenant: number;
  /** ms */
  now: number;
}

export interface PoolsSynced {
  /** What an admin has to put right, in words; the caller logs it. */
  problems: PoolProblem[];
  /** Pools whose row or members were changed. */
  changed: string[];
}

/** `found` is all the org holds: a pool or member that is missing in it was deleted there. */
export async function syncPools(tx: Tx, org: SyncedOrg, found: PoolsFound): Promise<PoolsSynced> {
  const { pools: wanted, problems } = checkPools(found);
  await syncUsers(tx, org.orgId, found.users);
  const { pools } = tx.t;
  const before = await tx.db.select().from(pools).where(eq(pools.orgId, org.orgId));
  const beforeByKey = new Map(before.map((pool) => [pool.key, pool]));
  const changed: string[] = [];

  for (const pool of wanted) {
    const was = beforeByKey.get(pool.key);
    if (was?.source === "api") {
      problems.push({
        pool: pool.key,
        sfId: pool.sfId,
        problem: "key_taken",
        message: `Pool “${pool.key}” exists twice: here and in the API's own pools. Delete or rename one; until then journeys leave this one alone.`,
      });
      continue;
    }
    const renamed = before.find((p) => p.sfId === pool.sfId && p.key !== pool.key && p.active);
    if (renamed)
      problems.push({
        pool: pool.key,
        sfId: pool.sfId,
        problem: "key_changed",
        message: `The key of pool “${renamed.key}” was changed to “${pool.key}”. A key names the pool for ever, so the rotation of “${pool.key}” starts anew.`,
      });
    if (!was)
      await tx.db.insert(pools).values({
        ...{ orgId: org.orgId, key: pool.key, tenantId: org.tenant, name: pool.name, source: "org" as const },
        ...{ sfId: pool.sfId, active: pool.active, sequence: 0, updatedAt: org.now },
      });
    const differs = !was || was.name !== pool.name || was.active !== pool.active || was.sfId !== pool.sfId;
    if (was && differs)
      await tx.db
        .update(pools)
        .set({ name: pool.name, active: pool.active, sfId: pool.sfId, updatedAt: org.now })
        .where(and(eq(pools.orgId, org.orgId), eq(pools.key, pool.key)));
    const moved = await syncMembers(tx, org, pool.key, pool.members);
    if (differs || moved) changed.push(pool.key);
  }

  const keys = new Set(wanted.map((pool) => pool.key));
  for (const gone of before.filter((p) => p.source === "org" && p.active && !keys.has(p.key))) {
    await tx.db
      .update(pools)
      .set({ active: false, updatedAt: org.now })
      .where(and(eq(pools.orgId, org.orgId), eq(pools.key, gone.key)));
    changed.push(gone.key);
  }
  return { problems, changed };
}

/** Answers whether anything differed. The pool is held while it is changed: turns taken meanwhile are seen. */
async function syncMembers(tx: Tx, org: SyncedOrg, pool: string, found: readonly FoundMember[]): Promise<boolean> {
  if (!differs(await rowsOf(tx, org.orgId, pool), found)) return false;
  await lockPool(tx, org.tenant, org.orgId, pool);
  const { poolMembers } = tx.t;
  const rows = await rowsOf(tx, org.orgId, pool);
  const isFound = new Map(found.map((m) => [m.userId, m]));
  const stays = rows.filter((row) => row.removedAt === null && isFound.has(row.userId));
  const at = (userId: string) =>
    and(eq(poolMembers.orgId, org.orgId), eq(poolMembers.pool, pool), eq(poolMembers.userId, userId));
  for (const row of rows)
    if (row.removedAt === null && !isFound.has(row.userId))
      await tx.db.update(poolMembers).set({ removedAt: org.now }).where(at(row.userId));

  // Newcomers are level with those who take turns; a member that is away has stood still.
  const present = stays.filter((m) => m.active && (m.pausedUntil === null || m.pausedUntil <= org.now));
  const yardstick: RotationMember[] = (present.length > 0 ? present : stays).map((m) => ({ ...m, name: null }));
  for (const member of found) {
    const row = rows.find((r) => r.userId === member.userId);
    const facts = {
      position: member.position,
      weight: member.weight,
      active: member.active,
      pausedUntil: member.pausedUntil,
      pauseReason: member.pauseReason,
    };
    if (!row)
      await tx.db.insert(poolMembers).values({
        ...{ orgId: org.orgId, pool, userId: member.userId, ...facts, turns: 0, removedAt: null },
        standing: levelStanding(yardstick, { weight: member.weight, turns: 0 }),
      });
    else if (row.removedAt !== null)
      await tx.db
        .update(poolMembers)
        .set({
          ...{ ...facts, removedAt: null },
          standing: levelStanding(yardstick, { weight: member.weight, turns: row.turns }),
        })
        .where(at(member.userId));
    else if (differs([row], [member]))
      await tx.db
        .update(poolMembers)
        .set({
          ...facts,
          ...(row.weight === member.weight
            ? {}
            : { standing: reweighedStanding(yardstick, { ...row, name: null }, member.weight) }),
        })
        .where(at(member.userId));
  }
  return true;
}

const rowsOf = (tx: Tx, orgId: string, pool: string) =>
  tx.db
    .select()
    .from(tx.t.poolMembers)
    .where(and(eq(tx.t.poolMembers.orgId, orgId), eq(tx.t.poolMembers.pool, pool)));

type MemberRowOf = Awaited<ReturnType<typeof rowsOf>>[number];

function differs(rows: readonly MemberRowOf[], found: readonly FoundMember[]): boolean {
  const there = rows.filter((row) => row.removedAt === null);
  const byId = new Map(there.map((row) => [row.userId, row]));
  return (
    there.length !== found.length ||
    found.some((m) => {
      const row = byId.get(m.userId);
      return (
        !row ||
        row.position !== m.position ||
        row.weight !== m.weight ||
        row.active !== m.active ||
        row.pausedUntil !== m.pausedUntil ||
        row.pauseReason !== m.pauseReason
      );
    })
  );
}
