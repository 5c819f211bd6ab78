import { and, eq } from "drizzle-orm";
import type { Context } from "../context.ts";
import { Invalid, NotFound } from "../errors.ts";
import { logRoute } from "../logs/log-route.ts";
import type { SkippedMember } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import { eligibleAt, lockPool, membersOf, saveStandings, type PoolRow } from "./pool-rows.ts";
import { applied, nextMember } from "./rotation.ts";
import { turnInWords } from "./words.ts";

export interface TurnRequest {
  orgId: string;
  pool: string;
  /** API name: Lead, Contact … */
  object: string;
  recordId: string;
  prevOwnerId: string | null;
  /** `turn:{org}:{pool}:{record}` for journeys: asked again with it, the first decision is the answer. */
  effectKey?: string;
  /** Why the record is routed, in words; the log adds whose turn it was. */
  reason?: string;
  excludeInactive: boolean;
  /** This member takes the turn. */
  placeAtTop?: string;
  runId?: string;
  /** Journeys use the org's own pools only. */
  source?: "org";
}

export interface Turn {
  pool: string;
  ownerId: string;
  sequence: number;
  /** How many could have taken the turn. */
  poolSize: number;
  skipped: SkippedMember[];
  /** In words. */
  reason: string;
  prevOwnerId: string | null;
  /** Whether Salesforce has the owner yet. */
  write: "pending" | "done" | "failed";
  at: number;
  /** Decided before; no turn was spent now. */
  repeated: boolean;
  /** Who would be next after this turn; null for a repeated one. */
  nextUp: string | null;
}

/** Nobody can take a turn: each member's reason. */
export interface NoTurn {
  none: SkippedMember[];
}

export type TurnContext = Pick<Context, "tenant" | "clock" | "ids" | "requestId" | "idempotencyKey">;

/**
 * Takes the pool's next turn for a record: counts it, remembers it with its log entry, and says who is the owner now.
 * Writing the owner to Salesforce is the caller's (`turnWritten`, `failTurn` close the turn).
 * @throws NotFound when the org has no such pool; Invalid when the one placed at the top is no member.
 */
export async function takeTurn(tx: Tx, ctx: TurnContext, given: TurnRequest): Promise<Turn | NoTurn> {
  const pool = await getLockedPool(tx, ctx.tenant, given);
  if (given.effectKey !== undefined) {
    const before = await findTurn(tx, given.effectKey);
    if (before) return before;
  }
  return nextTurn(tx, ctx, pool, given);
}

/** The pool's row, held by this transaction from here on. */
export async function getLockedPool(
  tx: Tx,
  tenant: number,
  given: Pick<TurnRequest, "orgId" | "pool" | "source">,
): Promise<PoolRow> {
  const pool = await lockPool(tx, tenant, given.orgId, given.pool);
  if (!pool || (given.source === "org" && pool.source !== "org")) throw unknownPool(given.pool);
  return pool;
}

export const unknownPool = (key: string): NotFound =>
  new NotFound(
    `There is no pool “${key}”. Pools are made in Salesforce (Lantern Pools) and read from there.`,
    "unknown_pool",
  );

/** Spends a turn of a pool that this transaction holds. */
export async function nextTurn(tx: Tx, ctx: TurnContext, pool: PoolRow, given: TurnRequest): Promise<Turn | NoTurn> {
  const members = await membersOf(tx, given.orgId, pool.key);
  if (given.placeAtTop !== undefined && !members.some((m) => m.userId === given.placeAtTop))
    throw notAMember(pool.key, given.placeAtTop);
  if (!pool.active) return { none: members.map((m) => ({ userId: m.userId, name: m.name, reason: "inactive_pool" })) };
  const now = ctx.clock.now();
  const eligible = eligibleAt(members, now, given.excludeInactive);
  const turn = nextMember(members, eligible, given.placeAtTop);
  if ("none" in turn) return turn;
  // The caller asked for this very person: giving the turn to somebody else would be a wrong answer.
  if (given.placeAtTop !== undefined && turn.member.userId !== given.placeAtTop)
    return { none: turn.skipped.filter((s) => s.userId === given.placeAtTop) };

  const { pools, turns } = tx.t;
  const sequence = pool.sequence + 1;
  await tx.db
    .update(pools)
    .set({ sequence })
    .where(and(eq(pools.orgId, given.orgId), eq(pools.key, pool.key)));
  await saveStandings(tx, given.orgId, pool.key, turn.changes);
  const reason = turnInWords({
    member: turn.member,
    pool: pool.key,
    sequence,
    skipped: turn.skipped,
    because: given.reason,
    placedAtTop: given.placeAtTop !== undefined,
  });
  await tx.db.insert(turns).values({
    orgId: given.orgId,
    pool: pool.key,
    sequence,
    tenantId: ctx.tenant,
    effectKey: given.effectKey ?? null,
    object: given.object,
    recordId: given.recordId,
    ownerId: turn.member.userId,
    prevOwnerId: given.prevOwnerId,
    poolSize: turn.eligible,
    reason,
    skipped: turn.skipped,
    write: "pending",
    at: now,
  });
  await logRoute(tx, ctx, {
    orgId: given.orgId,
    object: given.object,
    objectId: given.recordId,
    action: "assign",
    pool: pool.key,
    assignedTo: turn.member.userId,
    ...(given.prevOwnerId === null ? {} : { prevOwner: given.prevOwnerId }),
    sequence,
    reason,
    ...(given.runId === undefined ? {} : { runId: given.runId }),
    diff: { OwnerId: { from: given.prevOwnerId, to: turn.member.userId } },
    explanation: {
      pool_size: turn.eligible,
      weight: turn.member.weight,
      skipped: turn.skipped.map((s) => ({ user_id: s.userId, name: s.name, reason: s.reason })),
    },
    effectKey: `log:turn:${given.orgId}:${pool.key}:${sequence}`,
  });
  const after = nextMember(applied(members, turn.changes), eligible);
  return {
    pool: pool.key,
    ownerId: turn.member.userId,
    sequence,
    poolSize: turn.eligible,
    skipped: turn.skipped,
    reason,
    prevOwnerId: given.prevOwnerId,
    write: "pending",
    at: now,
    repeated: false,
    nextUp: "none" in after ? null : after.member.userId,
  };
}

async function findTurn(tx: Tx, effectKey: string): Promise<Turn | undefined> {
  const [row] = await tx.db.select().from(tx.t.turns).where(eq(tx.t.turns.effectKey, effectKey));
  return row && asTurn(row);
}

/** A turn that was taken before, as an answer. */
export const asTurn = (row: Omit<Turn, "repeated" | "nextUp">): Turn => ({
  pool: row.pool,
  ownerId: row.ownerId,
  sequence: row.sequence,
  poolSize: row.poolSize,
  skipped: row.skipped,
  reason: row.reason,
  prevOwnerId: row.prevOwnerId,
  write: row.write,
  at: row.at,
  repeated: true,
  nextUp: null,
});

export const notAMember = (pool: string, userId: string): Invalid =>
  new Invalid(`${userId} is not a member of pool ${pool}.`, [
    {
      loc: ["body", "reset_rules", "place_user_at_top"],
      msg: `must be a member of pool ${pool}`,
      type: "not_a_member",
    },
  ]);
