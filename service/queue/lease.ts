/** Named leases: one holder at a time across instances (the subscriber of an org, its poller, a company being created). */
import { and, eq, gte, sql } from "drizzle-orm";
import type { Tx } from "../store/store.ts";

export interface LeaseRequest {
  name: string;
  holder: string;
  now: number;
  until: number;
}

/** Takes or prolongs the lease; answers its fence, or null while somebody else holds it. */
export async function takeLease(tx: Tx, { name, holder, now, until }: LeaseRequest): Promise<number | null> {
  const { leases } = tx.t;
  const [row] = await tx.db
    .insert(leases)
    .values({ name, holder, until, fence: 1 })
    .onConflictDoUpdate({
      target: leases.name,
      set: {
        holder,
        until,
        fence: sql`CASE WHEN ${leases.holder} = ${holder} THEN ${leases.fence} ELSE ${leases.fence} + 1 END`,
      },
      setWhere: sql`${leases.holder} = ${holder} OR ${leases.until} < ${now}`,
    })
    .returning({ fence: leases.fence });
  return row?.fence ?? null;
}

/** Who holds the lease now, if anybody does. */
export async function holderOf(tx: Tx, name: string, now: number): Promise<string | null> {
  const { leases } = tx.t;
  const [row] = await tx.db
    .select({ holder: leases.holder })
    .from(leases)
    .where(and(eq(leases.name, name), gte(leases.until, now)));
  return row?.holder ?? null;
}

export async function releaseLease(tx: Tx, name: string, holder: string): Promise<void> {
  const { leases } = tx.t;
  await tx.db.delete(leases).where(and(eq(leases.name, name), eq(leases.holder, holder)));
}
