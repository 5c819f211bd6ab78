/**
 * The memory behind `Idempotency-Key`, scoped to tenant + endpoint, for 24 hours. Every verb joins the caller's
 * transaction. The claim is an upsert, so it serialises all who send the same key before anything is decided.
 */
import { and, eq, inArray, lte } from "drizzle-orm";
import { Conflict, Invalid } from "../errors.ts";
import type { Store, Tx } from "../store/store.ts";

export const keptMs = 24 * 60 * 60_000;
/** How long an attempt may stay silent before another one takes it over. */
export const leaseMs = 60_000;

/** One attempt at a request. */
export interface Attempt {
  tenant: number;
  /** `POST /v1/credits/grants` */
  endpoint: string;
  key: string;
  fingerprint: string;
  requestId: string;
}

/** An answer as it was sent. */
export interface StoredAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export type Claimed =
  /** Ours to do. `requestId` is the first attempt's: what that one began can be found by it. */
  | { state: "mine"; requestId: string; leaseUntil: number; takenOver: boolean }
  | { state: "answered"; requestId: string; answer: StoredAnswer };

/**
 * @throws Conflict when the same key is still in flight; Invalid when it came with another body.
 */
export async function claim(tx: Tx, attempt: Attempt, now: number): Promise<Claimed> {
  const { idempotency } = tx.t;
  const fresh = {
    fingerprint: attempt.fingerprint,
    state: "running" as const,
    requestId: attempt.requestId,
    leaseUntil: now + leaseMs,
    status: null,
    headers: null,
    body: null,
    createdAt: now,
    expiresAt: now + keptMs,
  };
  const [row] = await tx.db
    .insert(idempotency)
    .values({ tenantId: attempt.tenant, endpoint: attempt.endpoint, key: attempt.key, ...fresh })
    // Changes nothing, but locks the row and answers it.
    .onConflictDoUpdate({
      target: [idempotency.tenantId, idempotency.endpoint, idempotency.key],
      set: { key: attempt.key },
    })
    .returning();
  if (!row) throw new Error("an upsert answered no row");
  const mine = { state: "mine" as const, requestId: attempt.requestId, leaseUntil: now + leaseMs, takenOver: false };
  if (row.state === "running" && row.requestId === attempt.requestId) return mine;
  if (row.expiresAt <= now) {
    await tx.db.update(idempotency).set(fresh).where(named(tx, attempt));
    return mine;
  }
  if (row.fingerprint !== attempt.fingerprint) throw otherBody();
  if (row.state === "done")
    return {
      state: "answered",
      requestId: row.requestId,
      answer: { status: row.status ?? 200, headers: row.headers ?? {}, body: row.body ?? "" },
    };
  if (row.leaseUntil > now) throw inFlight(row.leaseUntil - now);
  await tx.db
    .update(idempotency)
    .set({ leaseUntil: now + leaseMs })
    .where(named(tx, attempt));
  return { ...mine, requestId: row.requestId, takenOver: true };
}

/**
 * Stores the answer; the first of two attempts at one request wins. Answers what is stored: the same bytes for
 * everybody, or undefined when the claim is gone.
 */
export async function finish(tx: Tx, attempt: Attempt, answer: StoredAnswer): Promise<StoredAnswer | undefined> {
  const { idempotency } = tx.t;
  const stored = await tx.db
    .update(idempotency)
    .set({ state: "done", status: answer.status, headers: answer.headers, body: answer.body })
    .where(and(named(tx, attempt), eq(idempotency.requestId, attempt.requestId), eq(idempotency.state, "running")))
    .returning({ key: idempotency.key });
  if (stored.length > 0) return answer;
  const [row] = await tx.db
    .select()
    .from(idempotency)
    .where(and(named(tx, attempt), eq(idempotency.requestId, attempt.requestId)));
  return row && { status: row.status ?? 200, headers: row.headers ?? {}, body: row.body ?? "" };
}

/**
 * Ends an attempt without an answer to keep. After a refusal the key is free again; after an unknown outcome it stays,
 * free to be taken over at once, so that the next attempt finds what this one began.
 */
export async function release(
  tx: Tx,
  attempt: Attempt,
  held: { leaseUntil: number; outcome: "refused" | "unknown" },
): Promise<void> {
  const { idempotency } = tx.t;
  // Whoever took over meanwhile has another lease and keeps it.
  const mine = and(
    named(tx, attempt),
    eq(idempotency.requestId, attempt.requestId),
    eq(idempotency.state, "running"),
    eq(idempotency.leaseUntil, held.leaseUntil),
  );
  if (held.outcome === "refused") await tx.db.delete(idempotency).where(mine);
  else await tx.db.update(idempotency).set({ leaseUntil: 0 }).where(mine);
}

/** Forgets answers older than 24 hours; call it now and then. Answers how many. */
export async function forgetOldAnswers(store: Store, now: number, limit = 1_000): Promise<number> {
  return store.write(async (tx) => {
    const { idempotency } = tx.t;
    const old = await tx.db
      .select({ tenantId: idempotency.tenantId, endpoint: idempotency.endpoint, key: idempotency.key })
      .from(idempotency)
      .where(lte(idempotency.expiresAt, now))
      .limit(limit);
    for (const { tenantId, endpoint } of distinctScopes(old)) {
      const keys = old.filter((row) => row.tenantId === tenantId && row.endpoint === endpoint).map((row) => row.key);
      await tx.db
        .delete(idempotency)
        .where(
          and(
            eq(idempotency.tenantId, tenantId),
            eq(idempotency.endpoint, endpoint),
            inArray(idempotency.key, keys),
            lte(idempotency.expiresAt, now),
          ),
        );
    }
    return old.length;
  });
}

function distinctScopes<T extends { tenantId: number; endpoint: string }>(rows: readonly T[]): T[] {
  return [...new Map(rows.map((row) => [`${row.tenantId} ${row.endpoint}`, row])).values()];
}

const named = (tx: Tx, attempt: Attempt) =>
  and(
    eq(tx.t.idempotency.tenantId, attempt.tenant),
    eq(tx.t.idempotency.endpoint, attempt.endpoint),
    eq(tx.t.idempotency.key, attempt.key),
  );

const inFlight = (leftMs: number) =>
  new Conflict("A request with this Idempotency-Key is still being worked on. Send it again a little later.", {
    code: "idempotency_in_flight",
    // The work is usually done in a second or two; its lease is only the longest it can take.
    retryAfterMs: Math.min(leftMs, 2_000),
  });

const otherBody = () =>
  new Invalid(
    "This Idempotency-Key was sent with another request before. Use a new key for a new request.",
    [{ loc: ["header", "Idempotency-Key"], msg: "used for another request", type: "idempotency_mismatch" }],
    "idempotency_mismatch",
  );
