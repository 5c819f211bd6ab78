import { and, asc, eq, lte } from "drizzle-orm";
import type { Base } from "../context.ts";
import { returnReservation } from "./ledger.ts";

/**
 * Returns the credits of reservations whose time is over, so that work that died holds nothing for ever. Called by a
 * timer, on any number of instances: each reservation returns once. Answers how many it looked at; call again when that
 * is `limit`.
 */
export async function expireReservations(
  { store, clock, ids }: Pick<Base, "store" | "clock" | "ids">,
  limit = 200,
): Promise<number> {
  const due = await store.read(async (tx) => {
    const { reservations } = tx.t;
    return tx.db
      .select({ id: reservations.id, tenant: reservations.tenantId })
      .from(reservations)
      .where(and(eq(reservations.state, "open"), lte(reservations.expiresAt, clock.now())))
      .orderBy(asc(reservations.expiresAt))
      .limit(limit);
  });
  // A transaction each: a balance row is never held for longer than one return takes.
  for (const { id, tenant } of due) await store.write((tx) => returnReservation(tx, { tenant, clock, ids }, id));
  return due.length;
}
