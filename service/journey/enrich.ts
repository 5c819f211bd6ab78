/**
 * Asks the cascade for what the record lacks. The answer and its bill are saved in one transaction; when nothing was
 * found the reservation stays open, since matching is covered by the same price.
 */
import { settleReservation, triggerPrice } from "../credits/index.ts";
import { fieldValue, missingFields, planChanges, questionOf } from "../enrichment/index.ts";
import type { Row } from "../salesforce/port.ts";
import type { JsonObject } from "../store/json.ts";
import { logRoute } from "../logs/log-route.ts";
import { observes } from "./asked.ts";
import { inputHash } from "../orgs/fingerprint.ts";
import type { Commit, Journey, RecordChange } from "./journey.ts";
import { lengthsOf } from "./lengths.ts";

export async function enrich(journey: Journey): Promise<Commit> {
  const { ctx, run, cascade, record, config } = journey;
  const policy = run.data.policy?.body;
  if (!policy?.enrich) return async () => ({ to: "match" });
  const row = (run.data.record ?? {}) as Row;
  const overwrite = policy.enrich.overwrite ?? false;
  const wanted = policy.enrich.fields ? { fields: policy.enrich.fields } : {};
  const missing = missingFields(run.object, row, { overwrite, ...wanted });
  if (missing.length === 0) return async () => ({ to: "match" });
  const question = questionOf(run.object, row);
  const answer = await cascade.ask(ctx, question, {
    freeOnly: observes(run.data),
    effort: policy.enrich.effort ?? "low",
    fields: missing,
  });
  const lengths = await lengthsOf(journey, run.object);
  const planned = planChanges(run.object, row, answer, { overwrite, ...wanted, lengths });
  const changes = Object.fromEntries(
    Object.entries(planned).map(([field, value]) => [field, fieldValue(run.object, field, value)]),
  );
  // An answer that tells nothing new is nothing found.
  const found = Object.keys(changes).length > 0;
  return async (tx) => {
    const record_: RecordChange = {};
    if (found && !observes(run.data) && record.reservationId) {
      await settleReservation(tx, ctx, record.reservationId, {
        amount: triggerPrice(config.prices, run.object),
        effectKey: `charge:enrich:${run.orgId}:${run.recordId}:${inputHash(question)}`,
      });
      record_.reservationId = null;
      record_.paidLooks = [
        ...record.paidLooks.filter((p) => p.at > ctx.clock.now() - 24 * 3_600_000),
        { at: ctx.clock.now(), runId: run.id },
      ];
    }
    if (found && observes(run.data))
      await logRoute(tx, ctx, {
        orgId: run.orgId,
        object: run.object,
        objectId: run.recordId,
        action: "enrich",
        mode: "observe",
        reason: `Would have filled ${Object.keys(changes).join(", ") || "nothing that is empty"}.`,
        runId: run.id,
        diff: diffOf(row, changes),
        explanation: { sources: answer } as unknown as JsonObject,
        effectKey: `log:enrich:${run.id}`,
      });
    return { to: "match", record: record_, data: { enriched: answer, changes } };
  };
}

/** `{Phone: {from: null, to: "+1…"}}` */
export function diffOf(row: Row, changes: Record<string, unknown>): JsonObject {
  return Object.fromEntries(
    Object.entries(changes).map(([field, to]) => [field, { from: row[field] ?? null, to: to ?? null }]),
  ) as JsonObject;
}
