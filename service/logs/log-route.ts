/** Writes route-log entries, in the transaction of the change they tell of: without its entry a change does not happen. */
import type { Context } from "../context.ts";
import type { JsonObject } from "../store/json.ts";
import type { Tx } from "../store/store.ts";

export interface RouteEntry {
  orgId: string;
  object: string;
  objectId: string;
  action: "assign" | "convert" | "merge" | "enrich";
  mode?: "act" | "observe";
  pool?: string;
  assignedTo?: string;
  prevOwner?: string;
  sequence?: number;
  /** In words a person understands: this is the answer to "why did this go to Alice?". */
  reason: string;
  runId?: string;
  diff?: JsonObject;
  explanation?: JsonObject;
  /** `log:…`: one entry per change, however often the step that makes it is repeated. */
  effectKey?: string;
}

export async function logRoute(
  tx: Tx,
  ctx: Pick<Context, "tenant" | "clock" | "ids" | "requestId" | "idempotencyKey">,
  entry: RouteEntry,
): Promise<void> {
  await tx.db
    .insert(tx.t.routeLog)
    .values({
      id: ctx.ids.next("log"),
      tenantId: ctx.tenant,
      orgId: entry.orgId,
      at: ctx.clock.now(),
      object: entry.object,
      objectId: entry.objectId,
      action: entry.action,
      mode: entry.mode ?? "act",
      pool: entry.pool ?? null,
      assignedTo: entry.assignedTo ?? null,
      prevOwner: entry.prevOwner ?? null,
      sequence: entry.sequence ?? null,
      reason: entry.reason,
      requestId: ctx.requestId ?? null,
      idempotencyKey: ctx.idempotencyKey ?? null,
      runId: entry.runId ?? null,
      diff: entry.diff ?? null,
      explanation: entry.explanation ?? null,
      effectKey: entry.effectKey ?? null,
    })
    .onConflictDoNothing();
}
