/**
 * After a conversion into existing records: the values that the platform left behind follow the policy's survivorship,
 * in one conditional, logged write per record. What is to be written is saved before it is: after a write whose answer
 * was lost the record no longer shows what it lacked, and the log must still tell it.
 */
import { and, eq } from "drizzle-orm";
import { LanternError } from "../errors.ts";
import { logRoute } from "../logs/log-route.ts";
import { classify, sentence } from "../salesforce/index.ts";
import type { Row } from "../salesforce/port.ts";
import type { JsonObject, JsonValue, MatchEvidence, RunData } from "../store/json.ts";
import type { Commit, Journey } from "./journey.ts";
import { diffOf } from "./enrich.ts";
import { textOf } from "../salesforce/values.ts";
import { kept, readNow } from "./reading.ts";
import { survivors } from "./survivorship.ts";

type Surviving = NonNullable<RunData["surviving"]>[number];

export async function survive(journey: Journey): Promise<Commit> {
  const { surviving } = journey.run.data;
  return surviving ? bring(journey, surviving) : plan(journey);
}

async function plan(journey: Journey): Promise<Commit> {
  const { run } = journey;
  const { match, converted } = run.data;
  const surviving: Surviving[] = [];
  const lead = (run.data.record ?? {}) as Row;
  const merged = { ...lead, ...run.data.changes };
  if (match?.contact && converted?.contactId)
    surviving.push(...(await survivingIn(journey, "Contact", match.contact, merged)));
  const account =
    match?.account ??
    (match?.contact && converted?.accountId ? accountOf(match.contact, converted.accountId) : undefined);
  if (account && converted?.accountId === account.recordId)
    surviving.push(...(await survivingIn(journey, "Account", account, merged)));
  return async () => (surviving.length === 0 ? { to: "close" } : { to: "survive", data: { surviving } });
}

async function bring(journey: Journey, surviving: readonly Surviving[]): Promise<Commit> {
  const { ctx, run } = journey;
  const changed: Surviving[] = [];
  for (const one of surviving) changed.push(...(await writeOne(journey, one)));
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

async function survivingIn(
  journey: Journey,
  object: "Contact" | "Account",
  matched: MatchEvidence,
  lead: Row,
): Promise<Surviving[]> {
  const { run } = journey;
  const reading = await readNow(journey, object, matched.recordId);
  if (reading === null) return [];
  const before = await mirroredBefore(journey, matched.recordId);
  const fields = survivors({
    object,
    lead,
    record: reading.row,
    rule: run.data.policy?.body.on_match?.survivorship,
    leadIsNewer: (run.data.modstamp ?? 0) > (before ?? 0),
  });
  const names = Object.keys(fields);
  if (names.length === 0) return [];
  return [{ object, id: matched.recordId, before: only(kept(reading.row), names), fields }];
}

const only = (row: Record<string, JsonValue>, names: readonly string[]): Record<string, JsonValue> =>
  Object.fromEntries(names.map((name) => [name, row[name] ?? null]));

/** Writes what is planned for one record; answers what was changed there, by this call or by an earlier one of this run. */
async function writeOne(journey: Journey, planned: Surviving): Promise<Surviving[]> {
  const { ctx, run, org } = journey;
  const { object, id, before } = planned;
  const reading = await readNow(journey, object, id);
  if (reading === null) return [];
  const now = only(kept(reading.row), Object.keys(planned.fields));
  // Written by this run already, its answer lost: the entry is all that is missing.
  if (textOf(reading.row["Lantern_Run__c"] ?? null) === run.id)
    return [{ ...planned, fields: where(planned.fields, (name) => now[name] !== before[name]) }];
  // What somebody else has changed since it was decided stays theirs.
  const fields = where(planned.fields, (name) => now[name] === before[name]);
  if (Object.keys(fields).length === 0) return [];
  const result = await org.gathered.write({
    object,
    id,
    fields: { ...fields, Lantern_Run__c: run.id },
    unmodifiedSince: reading.modstamp,
  });
  if (result.status === "written") return [{ ...planned, fields }];
  if (result.status === "moved")
    throw new LanternError(`The ${object} changed while it was being written; it is read again.`, {
      code: "record_moved",
      fate: { afterMs: 0 },
    });
  const kind = result.errors[0] ? classify(result.errors[0]) : "permanent";
  if (kind === "transient" || kind === "session" || kind === "quota")
    throw new LanternError(`Salesforce refused the values for the ${object}: ${sentence(result.errors)}`, {
      code: `write_${kind}`,
      fate: "patiently",
    });
  // The conversion stands; a value that a validation rule refuses must not hold the journey up for ever.
  ctx.log.warn({ errors: result.errors, record: id }, "Salesforce refused the values that the conversion left behind");
  return [];
}

const where = (fields: Record<string, JsonValue>, keep: (name: string) => boolean): Record<string, JsonValue> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => keep(name)));

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
