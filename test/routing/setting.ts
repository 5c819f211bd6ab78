/** A store with one org and its pools, for tests of routing. */
import { and, asc, eq } from "drizzle-orm";
import { pino } from "pino";
import type { Context } from "../../service/context.ts";
import { grant } from "../../service/credits/index.ts";
import { syncPools, type MemberFound, type PoolsFound } from "../../service/routing/index.ts";
import type { Store } from "../../service/store/store.ts";
import { countingIds, ManualClock } from "../support/manual-clock.ts";
import { testOrgId } from "../support/api.ts";

export const orgId = testOrgId;
/** `userId(1)` … valid ids of users, leads. */
export const userId = (n: number): string => `005${String(n).padStart(12, "0")}AAA`;
export const leadId = (n: number): string => `00Q${String(n).padStart(12, "0")}EAA`;

export interface MemberGiven {
  user: number;
  weight?: number;
  active?: boolean;
  userActive?: boolean;
  pausedUntil?: number | null;
  position?: number;
}

/** What the org would answer for these pools. */
export function found(pools: Record<string, MemberGiven[]>, more: { inactive?: string[] } = {}): PoolsFound {
  const entries = Object.entries(pools);
  const members: MemberFound[] = entries.flatMap(([key, given]) =>
    given.map((m, i) => ({
      sfId: `${key}-${m.user}`,
      poolSfId: `pool-${key}`,
      userId: userId(m.user),
      position: m.position ?? i,
      weight: m.weight ?? 1,
      active: m.active ?? true,
      pausedUntil: m.pausedUntil ?? null,
      pauseReason: m.pausedUntil ? "on holiday" : null,
    })),
  );
  const users = new Map(entries.flatMap(([, given]) => given).map((m) => [m.user, m]));
  return {
    pools: entries.map(([key]) => ({
      sfId: `pool-${key}`,
      key,
      name: `Pool ${key}`,
      active: !(more.inactive ?? []).includes(key),
    })),
    members,
    users: [...users.values()].map((m) => ({
      userId: userId(m.user),
      name: `User ${m.user}`,
      email: `user${m.user}@example.com`,
      active: m.userActive ?? true,
    })),
  };
}

export async function routingSetting(store: Store, pools: PoolsFound, credits = 0) {
  const clock = new ManualClock();
  const ids = countingIds();
  const ctx: Context = {
    tenant: 1,
    actor: { kind: "job", job: "test" },
    store,
    clock,
    ids,
    log: pino({ level: "silent" }),
    orgId,
    requestId: "req_test",
  };
  await store.write(async (tx) => {
    await tx.db.insert(tx.t.tenants).values({ id: 1, name: "t", createdAt: 0 });
    await tx.db.insert(tx.t.orgs).values({
      ...{ id: orgId, tenantId: 1, name: "Org", instanceUrl: "https://x", sandbox: true, state: "active" as const },
      ...{
        integrationUserId: userId(999),
        connectedAt: 0,
        settings: { enabled: true, convertEnabled: true, watch: {} },
      },
    });
    if (credits > 0) await grant(tx, ctx, credits, "test");
  });
  const sync = (now: PoolsFound) => store.write((tx) => syncPools(tx, { orgId, tenant: 1, now: clock.now() }, now));
  await sync(pools);
  return { clock, ids, ctx, sync };
}

export const turnsOf = (store: Store, pool: string) =>
  store.read((tx) =>
    tx.db
      .select()
      .from(tx.t.turns)
      .where(and(eq(tx.t.turns.orgId, orgId), eq(tx.t.turns.pool, pool)))
      .orderBy(asc(tx.t.turns.sequence)),
  );

export const membersOf = (store: Store, pool: string) =>
  store.read((tx) =>
    tx.db
      .select()
      .from(tx.t.poolMembers)
      .where(and(eq(tx.t.poolMembers.orgId, orgId), eq(tx.t.poolMembers.pool, pool)))
      .orderBy(asc(tx.t.poolMembers.position)),
  );

export const routeLogOf = (store: Store) =>
  store.read((tx) => tx.db.select().from(tx.t.routeLog).orderBy(asc(tx.t.routeLog.at), asc(tx.t.routeLog.sequence)));

/** Runs `work` for 0 … count−1, `callers` at a time. */
export async function concurrently<T>(count: number, callers: number, work: (i: number) => Promise<T>): Promise<T[]> {
  const out: T[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (let i = next++; i < count; i = next++) out[i] = await work(i);
    }),
  );
  return out;
}

/** Turns by owner. */
export function countsOf(owners: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}

/** The largest max − min at any moment of a sequence of turns among these members. */
export function worstSpread(owners: readonly string[], members: readonly string[]): number {
  const counts = new Map(members.map((m) => [m, 0]));
  let worst = 0;
  for (const owner of owners) {
    if (counts.has(owner)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    worst = Math.max(worst, Math.max(...counts.values()) - Math.min(...counts.values()));
  }
  return worst;
}
