/** The pools as the store holds them: what several verbs read. */
import { and, asc, eq, isNull } from "drizzle-orm";
import type { Tx } from "../store/store.ts";
import type { Eligibility, RotationMember, Standing } from "./rotation.ts";

export interface PoolRow {
  orgId: string;
  key: string;
  tenantId: number;
  name: string;
  source: "org" | "api";
  active: boolean;
  sequence: number;
}

/** A member with what decides whether it can take a turn. */
export interface Member extends RotationMember {
  active: boolean;
  /** ms */
  pausedUntil: number | null;
  pauseReason: string | null;
  /** What the org says of the user; null while it was never read. */
  userActive: boolean | null;
}

/** The members that have not been removed, in order of position. */
export async function membersOf(tx: Tx, orgId: string, pool: string): Promise<Member[]> {
  const { poolMembers, users } = tx.t;
  const rows = await tx.db
    .select({
      userId: poolMembers.userId,
      name: users.name,
      position: poolMembers.position,
      weight: poolMembers.weight,
      turns: poolMembers.turns,
      standing: poolMembers.standing,
      active: poolMembers.active,
      pausedUntil: poolMembers.pausedUntil,
      pauseReason: poolMembers.pauseReason,
      userActive: users.active,
    })
    .from(poolMembers)
    .leftJoin(users, and(eq(users.orgId, poolMembers.orgId), eq(users.userId, poolMembers.userId)))
    .where(and(eq(poolMembers.orgId, orgId), eq(poolMembers.pool, pool), isNull(poolMembers.removedAt)))
    .orderBy(asc(poolMembers.position), asc(poolMembers.userId));
  return rows;
}

/** Members as plain facts, and the moment: who can take a turn, and else the reason. Pure. */
export function eligibleAt(members: readonly Member[], now: number, excludeInactive: boolean): Eligibility {
  const byId = new Map(members.map((m) => [m.userId, m]));
  return ({ userId }) => {
    const m = byId.get(userId);
    if (!m?.active) return "inactive_member";
    if (m.pausedUntil !== null && m.pausedUntil > now) return "paused";
    // A user that was never read is not known to be inactive; Salesforce has the last word when the owner is written.
    if (excludeInactive && m.userActive === false) return "inactive_user";
    return null;
  };
}

export async function saveStandings(tx: Tx, orgId: string, pool: string, changes: readonly Standing[]): Promise<void> {
  const { poolMembers } = tx.t;
  for (const { userId, turns, standing } of changes)
    await tx.db
      .update(poolMembers)
      .set({ turns, standing })
      .where(and(eq(poolMembers.orgId, orgId), eq(poolMembers.pool, pool), eq(poolMembers.userId, userId)));
}

/** Takes the pool's row for this transaction: whoever wants the same pool waits. Undefined when there is none. */
export async function lockPool(tx: Tx, tenant: number, orgId: string, key: string): Promise<PoolRow | undefined> {
  const { pools } = tx.t;
  const [row] = await tx.db
    .update(pools)
    .set({ key })
    .where(and(eq(pools.orgId, orgId), eq(pools.key, key), eq(pools.tenantId, tenant)))
    .returning();
  return row;
}

export async function findPool(tx: Tx, tenant: number, orgId: string, key: string): Promise<PoolRow | undefined> {
  const { pools } = tx.t;
  const [row] = await tx.db
    .select()
    .from(pools)
    .where(and(eq(pools.orgId, orgId), eq(pools.key, key), eq(pools.tenantId, tenant)));
  return row;
}
