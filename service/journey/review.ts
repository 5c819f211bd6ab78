/** Opens a review: a person must decide, and nothing irreversible happens before. One open review a record. */
import { and, eq } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { JsonObject, MatchEvidence } from "../store/json.ts";
import type { Tx } from "../store/store.ts";

export interface OpenReview {
  orgId: string;
  object: string;
  recordId: string;
  kind: "review_band" | "tie" | "duplicate" | "duplicates_detected" | "person_account" | "contact_without_account";
  candidates: MatchEvidence[];
  reason: string;
  runId: string;
}

export async function openReview(tx: Tx, ctx: Context, given: OpenReview): Promise<string> {
  const { reviews } = tx.t;
  const isOpen = and(eq(reviews.orgId, given.orgId), eq(reviews.recordId, given.recordId), eq(reviews.state, "open"));
  const values = {
    kind: given.kind,
    candidates: given.candidates as unknown as JsonObject[],
    reason: given.reason,
    runId: given.runId,
    requestId: ctx.requestId ?? null,
  };
  const [before] = await tx.db.update(reviews).set(values).where(isOpen).returning({ id: reviews.id });
  if (before) return before.id;
  const id = ctx.ids.next("rev");
  await tx.db.insert(reviews).values({
    ...values,
    id,
    tenantId: ctx.tenant,
    orgId: given.orgId,
    object: given.object,
    recordId: given.recordId,
    state: "open",
    createdAt: ctx.clock.now(),
  });
  return id;
}
