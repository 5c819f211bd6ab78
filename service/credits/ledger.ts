/**
 * Reserve → work → settle, on an append-only double-entry ledger. Every movement is one conditional UPDATE of the
 * tenant's balance row (which serialises it) and two entries that sum to zero, in the caller's transaction. The balance
 * is never negative: the UPDATE refuses, and a CHECK stands behind it. Amounts are hundredths of a credit.
 */
import { and, eq, gte, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { CreditsShort } from "../errors.ts";
import type { Tx } from "../store/store.ts";

/** Who moves credits, and what the entries remember of it. */
export type Payer = Pick<Context, "tenant" | "clock" | "ids" | "requestId" | "workflowId" | "workflowRunId" | "custom">;

export interface Reserve {
  amount: number;
  /** What is bought: trigger, match, convert, assign … */
  purpose: string;
  /** Returned by itself after this (ms); absent where a journey will close it. */
  expiresAt?: number;
}

type Account = "grants" | "available" | "reserved" | "spent";
type Kind = "grant" | "reserve" | "settle" | "return" | "refund";

/** Adds credits to the tenant's balance. */
export async function grant(tx: Tx, payer: Payer, amount: number, reason: string): Promise<void> {
  const { balances } = tx.t;
  await tx.db
    .insert(balances)
    .values({ tenantId: payer.tenant, granted: amount, available: amount, reserved: 0, spent: 0 })
    .onConflictDoUpdate({
      target: balances.tenantId,
      set: { granted: sql`${balances.granted} + ${amount}`, available: sql`${balances.available} + ${amount}` },
    });
  await post(tx, payer, [{ from: "grants", to: "available", amount, kind: "grant", purpose: reason }]);
}

/** @throws CreditsShort when the balance does not hold the amount; nothing is reserved then. */
export async function reserve(tx: Tx, payer: Payer, wanted: Reserve): Promise<string> {
  const [id] = await reserveMany(tx, payer, [wanted]);
  if (id) return id;
  throw new CreditsShort(wanted.amount, (await balanceOf(tx, payer.tenant)).available);
}

/** Reserves as many as the balance holds, in order; answers an id each, null from the first that does not fit. */
export async function reserveMany(tx: Tx, payer: Payer, wanted: readonly Reserve[]): Promise<(string | null)[]> {
  const { balances, reservations } = tx.t;
  if (wanted.length === 0) return [];
  const take = async (amount: number) =>
    (
      await tx.db
        .update(balances)
        .set({ available: sql`${balances.available} - ${amount}`, reserved: sql`${balances.reserved} + ${amount}` })
        .where(and(eq(balances.tenantId, payer.tenant), gte(balances.available, amount)))
        .returning({ available: balances.available })
    ).length > 0;
  let fits = wanted.length;
  if (!(await take(sum(wanted.map((w) => w.amount))))) {
    // The row is not locked yet: an UPDATE that changes nothing locks it, so that the prefix that fits stays true.
    const [row] = await tx.db
      .update(balances)
      .set({ available: sql`${balances.available}` })
      .where(eq(balances.tenantId, payer.tenant))
      .returning({ available: balances.available });
    let left = row?.available ?? 0;
    const short = wanted.findIndex((w) => (left -= w.amount) < 0);
    // A grant that came between the two statements may have made room for all.
    fits = short === -1 ? wanted.length : short;
    if (fits === 0) return wanted.map(() => null);
    await take(sum(wanted.slice(0, fits).map((w) => w.amount)));
  }
  const made = wanted.slice(0, fits).map((w) => ({ ...w, id: payer.ids.next("rsv") }));
  const now = payer.clock.now();
  for (const part of parts(made))
    await tx.db.insert(reservations).values(
      part.map((r) => ({
        id: r.id,
        tenantId: payer.tenant,
        amount: r.amount,
        state: "open" as const,
        purpose: r.purpose,
        requestId: payer.requestId ?? null,
        workflowId: payer.workflowId ?? null,
        workflowRunId: payer.workflowRunId ?? null,
        custom: payer.custom ?? {},
        createdAt: now,
        expiresAt: r.expiresAt ?? null,
      })),
    );
  await post(
    tx,
    payer,
    made.map((r) => ({
      from: "available",
      to: "reserved",
      amount: r.amount,
      kind: "reserve",
      purpose: r.purpose,
      reservationId: r.id,
    })),
  );
  return wanted.map((_, i) => made[i]?.id ?? null);
}

export interface Settlement {
  /** What is spent; at most what was reserved. The rest returns. */
  amount: number;
  /** `charge:…`: a key that was charged before charges nothing now. */
  effectKey: string;
}

/** Closes a reservation by spending from it, once. Answers what was really charged: 0 when the key was charged before or the reservation is closed. */
export async function settleReservation(tx: Tx, payer: Payer, id: string, given: Settlement): Promise<number> {
  const { balances, reservations, ledger } = tx.t;
  await lockBalance(tx, payer.tenant);
  const [before] = await tx.db
    .select({ id: ledger.id })
    .from(ledger)
    .where(eq(ledger.effectKey, given.effectKey))
    .limit(1);
  const amount = before ? 0 : given.amount;
  if (amount === 0) {
    await returnReservation(tx, payer, id);
    return 0;
  }
  const [open] = await tx.db
    .update(reservations)
    .set({ state: "settled", settledAmount: amount })
    .where(and(eq(reservations.id, id), eq(reservations.tenantId, payer.tenant), eq(reservations.state, "open")))
    .returning();
  if (!open) return 0;
  if (amount > open.amount) throw new Error(`a settlement of ${amount} exceeds its reservation of ${open.amount}`);
  const rest = open.amount - amount;
  await tx.db
    .update(balances)
    .set({
      reserved: sql`${balances.reserved} - ${open.amount}`,
      available: sql`${balances.available} + ${rest}`,
      spent: sql`${balances.spent} + ${amount}`,
    })
    .where(eq(balances.tenantId, payer.tenant));
  const remembered = { ...payer, ...rememberedOf(open) };
  await post(tx, remembered, [
    {
      from: "reserved",
      to: "spent",
      amount,
      kind: "settle",
      purpose: open.purpose,
      reservationId: id,
      effectKey: given.effectKey,
    },
    { from: "reserved", to: "available", amount: rest, kind: "return", purpose: open.purpose, reservationId: id },
  ]);
  return amount;
}

/** Closes a reservation with nothing spent. Closing it twice changes nothing. */
export async function returnReservation(tx: Tx, payer: Payer, id: string): Promise<void> {
  const { balances, reservations } = tx.t;
  await lockBalance(tx, payer.tenant);
  const [open] = await tx.db
    .update(reservations)
    .set({ state: "returned", settledAmount: 0 })
    .where(and(eq(reservations.id, id), eq(reservations.tenantId, payer.tenant), eq(reservations.state, "open")))
    .returning();
  if (!open) return;
  await tx.db
    .update(balances)
    .set({
      reserved: sql`${balances.reserved} - ${open.amount}`,
      available: sql`${balances.available} + ${open.amount}`,
    })
    .where(eq(balances.tenantId, payer.tenant));
  await post(tx, { ...payer, ...rememberedOf(open) }, [
    {
      from: "reserved",
      to: "available",
      amount: open.amount,
      kind: "return",
      purpose: open.purpose,
      reservationId: id,
    },
  ]);
}

/** Gives back what was spent for something that could not be done after all. Once per key. */
export async function refund(tx: Tx, payer: Payer, given: { effectKey: string; purpose: string }): Promise<number> {
  const { balances, ledger } = tx.t;
  await lockBalance(tx, payer.tenant);
  const entry = async (key: string) =>
    (
      await tx.db
        .select()
        .from(ledger)
        .where(and(eq(ledger.tenantId, payer.tenant), eq(ledger.effectKey, key), gte(ledger.amount, 0)))
        .limit(1)
    )[0];
  const charged = await entry(given.effectKey);
  if (!charged || (await entry(`refund:${given.effectKey}`))) return 0;
  await tx.db
    .update(balances)
    .set({
      spent: sql`${balances.spent} - ${charged.amount}`,
      available: sql`${balances.available} + ${charged.amount}`,
    })
    .where(eq(balances.tenantId, payer.tenant));
  await post(tx, { ...payer, ...rememberedOf(charged) }, [
    {
      from: "spent",
      to: "available",
      amount: charged.amount,
      kind: "refund",
      purpose: given.purpose,
      effectKey: `refund:${given.effectKey}`,
    },
  ]);
  return charged.amount;
}

export interface Balance {
  granted: number;
  available: number;
  reserved: number;
  spent: number;
}

export async function balanceOf(tx: Tx, tenant: number): Promise<Balance> {
  const { balances } = tx.t;
  const [row] = await tx.db.select().from(balances).where(eq(balances.tenantId, tenant));
  return row ?? { granted: 0, available: 0, reserved: 0, spent: 0 };
}

interface Posting {
  from: Account;
  to: Account;
  amount: number;
  kind: Kind;
  purpose: string;
  reservationId?: string;
  effectKey?: string;
}

async function post(tx: Tx, payer: Payer, postings: readonly Posting[]): Promise<void> {
  const at = payer.clock.now();
  const rows = postings
    .filter((p) => p.amount !== 0)
    .flatMap((p) => {
      const shared = {
        tenantId: payer.tenant,
        transferId: payer.ids.next("trf"),
        kind: p.kind,
        purpose: p.purpose,
        reservationId: p.reservationId ?? null,
        effectKey: p.effectKey ?? null,
        requestId: payer.requestId ?? null,
        workflowId: payer.workflowId ?? null,
        workflowRunId: payer.workflowRunId ?? null,
        custom: payer.custom ?? {},
        at,
      };
      return [
        { ...shared, id: payer.ids.next("ent"), account: p.from, amount: -p.amount },
        { ...shared, id: payer.ids.next("ent"), account: p.to, amount: p.amount },
      ];
    });
  for (const part of parts(rows)) await tx.db.insert(tx.t.ledger).values(part);
}

/** Every verb that reads before it writes begins here, so that they queue up in one order: balance, then the rest. */
async function lockBalance(tx: Tx, tenant: number): Promise<void> {
  const { balances } = tx.t;
  await tx.db
    .update(balances)
    .set({ reserved: sql`${balances.reserved}` })
    .where(eq(balances.tenantId, tenant));
}

/** A settlement or a refund is remembered under the request that reserved it, whichever worker makes it. */
const rememberedOf = (r: {
  requestId: string | null;
  workflowId: string | null;
  workflowRunId: string | null;
  custom: Record<string, string>;
}) => ({
  ...(r.requestId === null ? {} : { requestId: r.requestId }),
  ...(r.workflowId === null ? {} : { workflowId: r.workflowId }),
  ...(r.workflowRunId === null ? {} : { workflowRunId: r.workflowRunId }),
  custom: r.custom,
});

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** SQLite takes at most 32,766 bound values a statement. */
function parts<T>(rows: readonly T[]): T[][] {
  const out: T[][] = [];
  for (let i = 0; i < rows.length; i += 500) out.push(rows.slice(i, i + 500));
  return out;
}
