/** How a turn ends: Salesforce has the owner, or cannot take it. */
import { and, eq } from "drizzle-orm";
import { refund, type Payer } from "../credits/index.ts";
import { logRoute } from "../logs/log-route.ts";
import type { Tx } from "../store/store.ts";
import type { TurnContext } from "./take-turn.ts";

export interface TurnId {
  orgId: string;
  pool: string;
  sequence: number;
}

export const assignCharge = (turn: TurnId): string => `charge:assign:${turn.orgId}:${turn.pool}:${turn.sequence}`;

const pendingTurn = (tx: Tx, turn: TurnId) =>
  and(
    eq(tx.t.turns.orgId, turn.orgId),
    eq(tx.t.turns.pool, turn.pool),
    eq(tx.t.turns.sequence, turn.sequence),
    eq(tx.t.turns.write, "pending"),
  );

/** Salesforce was seen to have the owner. Marking it again changes nothing. */
export async function turnWritten(tx: Tx, turn: TurnId, now: number): Promise<void> {
  await tx.db.update(tx.t.turns).set({ write: "done", writtenAt: now }).where(pendingTurn(tx, turn));
}

/**
 * The owner can never be written: the turn keeps its number, its price returns, and a second log entry says why. The
 * turn gives its effect key back, so that deciding again takes a new turn. Answers the hundredths returned.
 */
export async function failTurn(
  tx: Tx,
  ctx: TurnContext & Payer,
  turn: TurnId,
  reason: string,
  ownerNow: string | null = null,
): Promise<number> {
  const { turns } = tx.t;
  const [row] = await tx.db
    .update(turns)
    .set({ write: "failed", effectKey: null })
    .where(pendingTurn(tx, turn))
    .returning();
  if (!row) return 0;
  await logRoute(tx, ctx, {
    orgId: row.orgId,
    object: row.object,
    objectId: row.recordId,
    action: "assign",
    pool: row.pool,
    ...(ownerNow === null ? {} : { assignedTo: ownerNow }),
    prevOwner: row.ownerId,
    sequence: row.sequence,
    reason: `Turn ${row.sequence} of pool ${row.pool} was not written: ${reason}`,
    diff: { OwnerId: { from: row.ownerId, to: ownerNow } },
    explanation: { compensates: `turn ${row.sequence} of pool ${row.pool}` },
    effectKey: `log:turn-failed:${row.orgId}:${row.pool}:${row.sequence}`,
  });
  return refund(tx, ctx, { effectKey: assignCharge(row), purpose: "assign" });
}
