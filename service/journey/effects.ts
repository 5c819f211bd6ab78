/**
 * Effects that may happen once: `convert:{org}:{lead}`, `merge:{org}:{loser}`. The row is written before Salesforce is
 * called and closed with its answer; whoever finds it open after its deadline reads Salesforce before anything else.
 */
import { and, eq, isNotNull, ne, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { returnReservation } from "../credits/index.ts";
import type { JsonObject } from "../store/json.ts";
import type { Tx } from "../store/store.ts";

export interface BeginEffect {
  key: string;
  orgId: string;
  kind: "convert" | "merge";
  holder: string;
  fence: number;
  /** Until when the call may still be running somewhere (ms). */
  deadline: number;
  request: JsonObject;
}

export type Begun =
  { may: "send"; reservationId: string | null } | { may: "wait"; until: number } | { may: "adopt"; result: JsonObject };

/** Claims the effect for one sending. `wait` while another sending's answer may still come. */
export async function beginEffect(tx: Tx, ctx: Context, given: BeginEffect): Promise<Begun> {
  const { effects } = tx.t;
  const now = ctx.clock.now();
  const [mine] = await tx.db
    .insert(effects)
    .values({
      key: given.key,
      tenantId: ctx.tenant,
      orgId: given.orgId,
      kind: given.kind,
      state: "sent",
      fence: given.fence,
      holder: given.holder,
      deadline: given.deadline,
      request: given.request,
      createdAt: now,
    })
    .onConflictDoUpdate({
      target: effects.key,
      set: {
        state: "sent",
        holder: given.holder,
        fence: given.fence,
        deadline: given.deadline,
        request: given.request,
      },
      setWhere: sql`${effects.state} = 'failed' OR (${effects.state} = 'sent' AND ${effects.deadline} < ${now})`,
    })
    .returning({ reservationId: effects.reservationId });
  if (mine) return { may: "send", reservationId: mine.reservationId };
  const [other] = await tx.db.select().from(effects).where(eq(effects.key, given.key));
  if (other?.state === "done" && other.result) return { may: "adopt", result: other.result };
  return { may: "wait", until: (other?.deadline ?? now) + 1 };
}

/** Remembers what was reserved for the effect, so that whoever learns its outcome can bill it. */
export async function reserveFor(tx: Tx, key: string, reservationId: string): Promise<void> {
  const { effects } = tx.t;
  await tx.db.update(effects).set({ reservationId }).where(eq(effects.key, key));
}

/**
 * It happened. Answers the reservation to settle when it was ours and is closed by this call, undefined when it was not
 * ours (a person did it) or had been closed before: then there is nothing to bill and nothing to log.
 */
export async function finishEffect(
  tx: Tx,
  ctx: Context,
  key: string,
  result: JsonObject,
): Promise<{ reservationId: string | null } | undefined> {
  const { effects } = tx.t;
  const [closed] = await tx.db
    .update(effects)
    .set({ state: "done", result, finishedAt: ctx.clock.now(), holder: null })
    .where(and(eq(effects.key, key), eq(effects.state, "sent")))
    .returning({ reservationId: effects.reservationId });
  return closed;
}

/** The answer is known: nothing happened. The reservation stays with the effect for the next attempt, unless it is taken out. */
export async function failEffect(
  tx: Tx,
  ctx: Context,
  key: string,
  reason: string,
  takeReservation = false,
): Promise<string | null> {
  const { effects } = tx.t;
  const [before] = await tx.db
    .select({ reservationId: effects.reservationId })
    .from(effects)
    .where(eq(effects.key, key));
  await tx.db
    .update(effects)
    .set({
      state: "failed",
      result: { reason },
      finishedAt: ctx.clock.now(),
      holder: null,
      ...(takeReservation ? { reservationId: null } : {}),
    })
    .where(and(eq(effects.key, key), eq(effects.state, "sent")));
  return before?.reservationId ?? null;
}

/**
 * Nobody works on the effect any more, and it did not happen: what was reserved for it returns, so that a later attempt
 * reserves anew.
 */
export async function dropReservation(tx: Tx, ctx: Context, key: string): Promise<void> {
  const { effects } = tx.t;
  const [held] = await tx.db
    .select({ reservationId: effects.reservationId })
    .from(effects)
    .where(and(eq(effects.key, key), ne(effects.state, "done"), isNotNull(effects.reservationId)));
  if (!held?.reservationId) return;
  await tx.db.update(effects).set({ reservationId: null }).where(eq(effects.key, key));
  await returnReservation(tx, ctx, held.reservationId);
}
