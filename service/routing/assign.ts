import { and, desc, eq, gt, ne } from "drizzle-orm";
import type { Context } from "../context.ts";
import { balanceOf, reserve, settleReservation, type Prices } from "../credits/index.ts";
import { Conflict, CreditsShort } from "../errors.ts";
import { want } from "../queue/queue.ts";
import type { SkippedMember } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import type { AssignInput } from "./assign-input.ts";
import { assignCharge } from "./close-turn.ts";
import { previewPool } from "./preview-pool.ts";
import { asTurn, getLockedPool, nextTurn, notAMember, type Turn, type TurnRequest } from "./take-turn.ts";
import { nobodyInWords } from "./words.ts";
import { ownerJob } from "./write-owner.ts";

/** The same record and pool within this time get the first answer again, while that person still owns the record. */
export const repeatMs = 24 * 60 * 60_000;

/** The record's owner, as Salesforce said before the transaction. */
export interface OwnerSeen {
  orgId: string;
  ownerId: string | null;
  /** When that reading began (ms): a turn written since is not contradicted by it. */
  readAt: number;
}

export interface Assignment extends Turn {
  /** Hundredths. */
  creditsConsumed: number;
  dryRun: boolean;
}

/**
 * Gives the record to the next eligible member of the pool, in one transaction: the turn, its price, its log entry and
 * the wish to write the owner. Asked again within 24 hours it answers with the first owner and spends nothing.
 * @throws NotFound for an unknown pool; Conflict `no_eligible_member` or `switched_off`; CreditsShort; Invalid.
 */
export async function assign(
  tx: Tx,
  ctx: Context,
  input: AssignInput,
  seen: OwnerSeen,
  prices: Prices,
): Promise<Assignment> {
  await stopWhenSwitchedOff(tx, seen.orgId);
  const pool = await getLockedPool(tx, ctx.tenant, { orgId: seen.orgId, pool: input.pool });
  const price = priceOf(input, prices);
  const request = turnRequestOf(ctx, input, seen);
  if (request.effectKey !== undefined) {
    // This very request was at work before and its answer was lost: it goes on from what it had decided.
    const [mine] = await tx.db.select().from(tx.t.turns).where(eq(tx.t.turns.effectKey, request.effectKey));
    if (mine) return { ...asTurn(mine), repeated: false, creditsConsumed: price, dryRun: false };
  }
  const before = input.reset_rules ? undefined : await findRepeated(tx, input, seen);
  if (before) return { ...before, creditsConsumed: 0, dryRun: false };
  await refuseAbove(tx, ctx, input, price);

  const turn = await nextTurn(tx, ctx, pool, request);
  if ("none" in turn) throw nobody(input.pool, turn.none);
  // Wanted before the credits are moved: job, then balance, is the order in which everybody takes these rows.
  await want(tx, ownerJob({ ...request, tenant: ctx.tenant, now: turn.at }));
  const reservation = await reserve(tx, ctx, { amount: price, purpose: "assign" });
  await settleReservation(tx, ctx, reservation, {
    amount: price,
    effectKey: assignCharge({ orgId: seen.orgId, pool: turn.pool, sequence: turn.sequence }),
  });
  return { ...turn, creditsConsumed: price, dryRun: false };
}

/** What `assign` would answer now; moves nothing and costs nothing. */
export async function previewAssign(tx: Tx, ctx: Context, input: AssignInput, seen: OwnerSeen): Promise<Assignment> {
  const preview = await previewPool(tx, ctx, {
    orgId: seen.orgId,
    pool: input.pool,
    excludeInactive: input.exclude_inactive ?? true,
    count: 2,
  });
  const before = input.reset_rules ? undefined : await findRepeated(tx, input, seen);
  if (before) return { ...before, creditsConsumed: 0, dryRun: true };
  const top = input.reset_rules?.place_user_at_top;
  const named = preview.members.find((m) => m.userId === top);
  if (top !== undefined && !named) throw notAMember(input.pool, top);
  if (named && named.reason !== null)
    throw nobody(
      input.pool,
      preview.skipped.filter((s) => s.userId === top),
    );
  const [first, second] = preview.next;
  const next = named ?? first;
  if (!next) throw nobody(input.pool, preview.skipped);
  return {
    pool: preview.pool.key,
    ownerId: next.userId,
    sequence: preview.pool.sequence + 1,
    poolSize: preview.members.length - preview.skipped.length,
    skipped: preview.skipped,
    reason: `${next.name ?? next.userId} would be next in pool ${preview.pool.key}.`,
    prevOwnerId: seen.ownerId,
    write: "pending",
    at: ctx.clock.now(),
    repeated: false,
    nextUp: (next === first ? second : first)?.userId ?? null,
    creditsConsumed: 0,
    dryRun: true,
  };
}

/** 1, +1 with reset rules, +0.5 when the request itself says `exclude_inactive`; in hundredths. */
export const priceOf = (input: Pick<AssignInput, "reset_rules" | "exclude_inactive">, prices: Prices): number =>
  prices.assign +
  (input.reset_rules ? prices.assignReset : 0) +
  (input.exclude_inactive === undefined ? 0 : prices.assignPoolSize);

function turnRequestOf(ctx: Context, input: AssignInput, seen: OwnerSeen): TurnRequest {
  const reset = input.reset_rules;
  return {
    orgId: seen.orgId,
    pool: input.pool,
    object: input.object,
    recordId: input.sf_id,
    prevOwnerId: seen.ownerId,
    // With an Idempotency-Key the request keeps its name over all attempts, for as long as the key is remembered.
    ...(ctx.idempotencyKey !== undefined && ctx.requestId !== undefined
      ? { effectKey: `turn:request:${ctx.requestId}` }
      : {}),
    ...(reset ? { reason: `reset: ${reset.reason}` } : {}),
    excludeInactive: input.exclude_inactive ?? true,
    ...(reset?.place_user_at_top === undefined ? {} : { placeAtTop: reset.place_user_at_top }),
  };
}

/** The newest turn of this record and pool, if it still stands. */
async function findRepeated(tx: Tx, input: AssignInput, seen: OwnerSeen): Promise<Turn | undefined> {
  const { turns } = tx.t;
  const [row] = await tx.db
    .select()
    .from(turns)
    .where(
      and(
        eq(turns.orgId, seen.orgId),
        eq(turns.recordId, input.sf_id),
        eq(turns.pool, input.pool),
        gt(turns.at, seen.readAt - repeatMs),
        ne(turns.write, "failed"),
      ),
    )
    .orderBy(desc(turns.at), desc(turns.sequence))
    .limit(1);
  if (!row) return undefined;
  // An owner read before the write landed says nothing against the turn.
  const landedSince = row.write === "pending" || (row.writtenAt !== null && row.writtenAt >= seen.readAt);
  return landedSince || row.ownerId === seen.ownerId ? asTurn(row) : undefined;
}

async function refuseAbove(tx: Tx, ctx: Context, input: AssignInput, price: number): Promise<void> {
  if (input.max_credits === undefined || price <= Math.round(input.max_credits * 100)) return;
  throw new CreditsShort(
    price,
    (await balanceOf(tx, ctx.tenant)).available,
    `This costs ${price / 100} credits and max_credits is ${input.max_credits}. Raise it, or ask for less.`,
  );
}

async function stopWhenSwitchedOff(tx: Tx, orgId: string): Promise<void> {
  const [org] = await tx.db.select({ settings: tx.t.orgs.settings }).from(tx.t.orgs).where(eq(tx.t.orgs.id, orgId));
  if (org && !org.settings.enabled)
    throw new Conflict("Lantern is switched off in the org's settings. Switch it on there, then send this again.", {
      code: "switched_off",
    });
}

const nobody = (pool: string, members: SkippedMember[]): Conflict =>
  new Conflict(nobodyInWords(pool, members), {
    code: "no_eligible_member",
    details: { members: members.map((m) => ({ user_id: m.userId, name: m.name, reason: m.reason })) },
  });
