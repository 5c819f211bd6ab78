/**
 * After a conversion into existing records: the values that the platform left behind follow the policy's survivorship,
 * in one conditional, logged write per record.
 */
import { and, eq } from "drizzle-orm";
import { LanternError } from "../errors.ts";
import { logRoute } from "../logs/log-route.ts";
import { classify, sentence } from "../salesforce/index.ts";
import type { Row } from "../salesforce/port.ts";
import type { JsonObject, JsonValue, MatchEvidence } from "../store/json.ts";
import type { Commit, Journey } from "./journey.ts";
import { diffOf } from "./enrich.ts";
import { textOf } from "../salesforce/values.ts";
import { readNow } from "./reading.ts";
import { survivors } from "./survivorship.ts";

interface Changed {
  object: "Contact" | "Account";
  id: string;
  before: Row;
  fields: Record<string, JsonValue>;
}

export async function survive(journey: Journey): Promise<Commit> {
  const { ctx, run } = journey;
  const { match, converted } = run.data;
  const changed: Changed[] = [];
  const lead = (run.data.record ?? {}) as Row;
  const merged = { ...lead, ...run.data.changes };
  if (match?.contact && converted?.contactId)
    changed.push(...(await surviveIn(journey, "Contact", match.contact, merged)));
  const account =
    match?.account ??
    (match?.contact && converted?.accountId ? accountOf(match.contact, converted.accountId) : undefined);
  if (account && converted?.accountId === account.recordId)
    changed.push(...(await surviveIn(journey, "Account", account, merged)));
  return async (tx) => {
    for (const { object, id, before, fields } of changed)
      await logRoute(tx, ctx, {
        orgId: run.orgId,
        object,
        objectId: id,
        action: "merge",
        reason: `Values of the lead ${run.recordId} that the conversion left behind: ${Object.keys(fields).join(", ")}.`,
        runId: run.id,
        diff: diffOf(before, fields),
        explanation: {
          survivorship: JSON.parse(
            JSON.stringify(run.data.policy?.body.on_match?.survivorship ?? "fill_empty"),
          ) as JsonObject,
        },
        effectKey: `log:survive:${run.id}:${id}`,
      });
    return { to: "close" };
  };
}

const accountOf = (contact: MatchEvidence, accountId: string): MatchEvidence => ({
  ...contact,
  object: "Account",
  recordId: accountId,
});

async function surviveIn(
  journey: Journey,
  object: "Contact" | "Account",
  matched: MatchEvidence,
  lead: Row,
): Promise<Changed[]> {
  const { ctx, run, org } = journey;
  const rule = run.data.policy?.body.on_match?.survivorship;
  const reading = await readNow(journey, object, matched.recordId);
  if (reading === null) return [];
  const before = await mirroredBefore(journey, matched.recordId);
  const fields = survivors({
    object,
    lead,
    record: reading.row,
    rule,
    leadIsNewer: (run.data.modstamp ?? 0) > (before ?? 0),
  });
  if (Object.keys(fields).length === 0) return [];
  const changed = { object, id: matched.recordId, before: reading.row, fields };
  // Written by this run already, its answer lost: the entry is all that is missing.
  if (textOf(reading.row["Lantern_Run__c"] ?? null) === run.id) return [];
  const result = await org.gathered.write({
    object,
    id: matched.recordId,
    fields: { ...fields, Lantern_Run__c: run.id },
    unmodifiedSince: reading.modstamp,
  });
  if (result.status === "written") return [changed];
  if (result.status === "moved")
    throw new LanternError(`The ${object} changed while it was being written; it is read again.`, {
      code: "record_moved",
      fate: { afterMs: 0 },
    });
  const kind = result.errors[0] ? classify(result.errors[0]) : "permanent";
  if (kind === "transient" || kind === "session" || kind === "quota")
    throw new LanternError(`Salesforce refused the values for the ${object}: ${sentence(result.errors)}`, {
      code: `write_${kind}`,
      fate: "backoff",
    });
  // The conversion stands; a value that a validation rule refuses must not hold the journey up for ever.
  ctx.log.warn(
    { errors: result.errors, record: matched.recordId },
    "Salesforce refused the values that the conversion left behind",
  );
  return [];
}

/** When the record was last changed before the conversion touched it, as the mirror saw it (ms). */
async function mirroredBefore({ ctx, run }: Journey, recordId: string): Promise<number | null> {
  return ctx.store.read(async (tx) => {
    const { mirror } = tx.t;
    const [row] = await tx.db
      .select({ modstamp: mirror.modstamp })
      .from(mirror)
      .where(and(eq(mirror.orgId, run.orgId), eq(mirror.recordId, recordId)));
    return row?.modstamp ?? null;
  });
}
