/** Looking at a pool without moving it. */
import { and, asc, eq } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { SkippedMember } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import { eligibleAt, findPool, membersOf, type Member, type PoolRow } from "./pool-rows.ts";
import { nextMember, upcoming } from "./rotation.ts";
import { unknownPool } from "./take-turn.ts";

export interface PoolPreview {
  pool: PoolRow;
  members: (Member & { /** Why it cannot take a turn now; null when it can. */ reason: string | null })[];
  /** Who takes the next turns, if nothing changes. */
  next: { userId: string; name: string | null }[];
  skipped: SkippedMember[];
}

export interface PreviewRequest {
  orgId: string;
  pool: string;
  excludeInactive?: boolean;
  /** How many turns ahead; 10 when absent. */
  count?: number;
}

/** @throws NotFound when the org has no such pool. */
export async function previewPool(
  tx: Tx,
  ctx: Pick<Context, "tenant" | "clock">,
  given: PreviewRequest,
): Promise<PoolPreview> {
  const pool = await findPool(tx, ctx.tenant, given.orgId, given.pool);
  if (!pool) throw unknownPool(given.pool);
  const members = await membersOf(tx, given.orgId, given.pool);
  const able = eligibleAt(members, ctx.clock.now(), given.excludeInactive ?? true);
  const eligible: typeof able = (member) => (pool.active ? able(member) : "inactive_pool");
  const told = members.map((m) => ({ ...m, reason: eligible(m) }));
  return {
    pool,
    members: told,
    next: upcoming(members, eligible, given.count ?? 10).map(({ userId, name }) => ({ userId, name })),
    skipped: told.flatMap(({ userId, name, reason }) => (reason === null ? [] : [{ userId, name, reason }])),
  };
}

/** Who would take the next turn of one of the org's own pools; null when there is no such pool or nobody can. */
export async function nextUp(
  tx: Tx,
  given: { orgId: string; pool: string; now: number },
): Promise<{ userId: string; name: string } | null> {
  const { pools } = tx.t;
  const [pool] = await tx.db
    .select()
    .from(pools)
    .where(and(eq(pools.orgId, given.orgId), eq(pools.key, given.pool), eq(pools.source, "org")));
  if (!pool?.active) return null;
  const members = await membersOf(tx, given.orgId, given.pool);
  const turn = nextMember(members, eligibleAt(members, given.now, true));
  return "none" in turn ? null : { userId: turn.member.userId, name: turn.member.name ?? turn.member.userId };
}

/** Every pool of the org, by key, with how many members it has. */
export async function listPools(
  tx: Tx,
  ctx: Pick<Context, "tenant">,
  orgId: string,
): Promise<(PoolRow & { members: Member[] })[]> {
  const { pools } = tx.t;
  const rows = await tx.db
    .select()
    .from(pools)
    .where(and(eq(pools.orgId, orgId), eq(pools.tenantId, ctx.tenant)))
    .orderBy(asc(pools.key));
  return Promise.all(rows.map(async (pool) => ({ ...pool, members: await membersOf(tx, orgId, pool.key) })));
}
