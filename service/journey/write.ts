/**
 * One conditional write of what changed: enriched values, owner and stamp, without assignment rules. Before it the record
 * is read once more: what people changed meanwhile is theirs, and a changed watched field begins a new look. The stamp
 * (`Lantern_Run__c`) tells whether a write whose answer was lost was applied.
 */
import { LanternError } from "../errors.ts";
import { logRoute } from "../logs/log-route.ts";
import { mirrorRow } from "../matching/index.ts";
import { failTurn, turnWritten } from "../routing/index.ts";
import { classify, sentence } from "../salesforce/index.ts";
import type { Row } from "../salesforce/port.ts";
import type { JsonObject, JsonValue, RunData } from "../store/json.ts";
import { iso } from "../clock.ts";
import { diffOf } from "./enrich.ts";
import { fingerprint, sameVersion } from "../orgs/fingerprint.ts";
import type { Advance, Commit, Journey, RecordChange } from "./journey.ts";
import { turnOf } from "./own.ts";
import { textOf } from "../salesforce/values.ts";
import { readNow, watchedFields, type Reading } from "./reading.ts";

export async function write(journey: Journey): Promise<Commit> {
  const { ctx, run } = journey;
  stopWhenSwitchedOff(journey);
  if (!mayWrite(run.data)) return nothingToWrite(journey);
  const before = await readNow(journey, run.object, run.recordId);
  if (before === null) return ended("gone", "The record was deleted while it was worked on.", journey);
  if (before.row["IsConverted"] === true) return async () => ({ to: "convert" });
  const applied = textOf(before.row["Lantern_Run__c"] ?? null) === run.id;
  if (!applied && run.data.hash !== undefined && !sameVersion(run.data.hash, before.fingerprint))
    return superseded(journey);

  const wish = wishedFields(run.data, before.row);
  if (Object.keys(wish.fields).length === 0 || applied) return written(journey, before, before, wish);
  waitOutTheSecond(journey, before.modstamp);
  const fields = { ...wish.fields, Lantern_Run__c: run.id, Lantern_Routed_At__c: iso(ctx.clock.now()) };
  const result = await journey.org.gathered.write({
    object: run.object,
    id: run.recordId,
    fields,
    unmodifiedSince: before.modstamp,
  });
  if (result.status === "moved")
    throw new LanternError("The record changed between our reading and our write; it is read again.", {
      code: "record_moved",
      fate: { afterMs: 0 },
    });
  if (result.status === "failed") {
    const kind = result.errors[0] ? classify(result.errors[0]) : "permanent";
    throw new LanternError(`Salesforce refused the write: ${sentence(result.errors)}`, {
      code: `write_${kind}`,
      fate:
        kind === "transient" || kind === "session"
          ? "patiently"
          : kind === "follow"
            ? { afterMs: 1_000 }
            : kind === "quota"
              ? { afterMs: 900_000 }
              : "never",
    });
  }
  const after = await readNow(journey, run.object, run.recordId);
  return written(journey, before, after ?? before, wish);
}

export function stopWhenSwitchedOff({ state, run }: Pick<Journey, "state" | "run">): void {
  if (state.settings.enabled) return;
  throw new LanternError(
    "Lantern is switched off in the org's settings; the journey waits here until it is on again.",
    {
      code: "switched_off",
      fate: { afterMs: 60_000 },
      details: { run: run.id },
    },
  );
}

/** Whether what was found and decided differs from the record as the journey read it. */
function mayWrite(data: RunData): boolean {
  const intoContact = data.match?.contact !== undefined && data.policy?.body.convert === true;
  const owner =
    data.owner &&
    data.owner.by !== "kept" &&
    !intoContact &&
    data.owner.id !== textOf(data.record?.["OwnerId"] ?? null);
  return owner === true || Object.keys(data.changes ?? {}).length > 0;
}

/** No call for nothing: the record stays as it was read, and is handled as that version. */
function nothingToWrite(journey: Journey): Commit {
  const { ctx, run } = journey;
  const now = ctx.clock.now();
  return async (tx) => {
    const turn = turnOf(run);
    if (turn) await turnWritten(tx, turn, now);
    const record = {
      ...(run.data.hash === undefined ? {} : { handledHash: run.data.hash }),
      ...(run.data.modstamp === undefined ? {} : { seenModstamp: run.data.modstamp }),
      ...(run.data.owner ? { routedAt: now } : {}),
    };
    return onward(run, record, { fields: {}, ownerKept: false });
  };
}

/** After the write: a lead whose policy converts is converted, everything else is done. */
function onward(run: Journey["run"], record: RecordChange, wish: Wish, data: Partial<RunData> = {}): Advance {
  if (run.data.policy?.body.convert && run.object === "Lead") return { to: "convert", record, data };
  return { ...outcomeOf(run.data, wish), record, data };
}

/**
 * Salesforce tells versions apart by whole seconds. In the second of the version we read, a person's next edit would look
 * like that version and our write would go over it; once the second is over, any edit shows.
 */
function waitOutTheSecond({ org }: Journey, modstamp: number): void {
  const now = org.salesforce.serverNow();
  const left = modstamp + 1_000 - now;
  if (left <= 0) return;
  throw new LanternError("The record was changed within this very second; it is read again in the next.", {
    code: "changed_this_second",
    fate: { afterMs: Math.min(1_000, left) },
  });
}

interface Wish {
  /** Field → value, only what differs from the record as it is now. */
  fields: Record<string, JsonValue>;
  /** A person has taken the record meanwhile: their choice stays. */
  ownerKept: boolean;
}

function wishedFields(data: RunData, now: Row): Wish {
  const fields: Record<string, JsonValue> = {};
  const overwrite = data.policy?.body.enrich?.overwrite ?? false;
  for (const [field, value] of Object.entries(data.changes ?? {})) {
    const is = now[field] ?? null;
    if (is === value) continue;
    // Filled by somebody while we were asking: theirs stays.
    if (!overwrite && is !== null && is !== "") continue;
    fields[field] = value;
  }
  const ownerNow = textOf(now["OwnerId"] ?? null);
  const ownerThen = textOf(data.record?.["OwnerId"] ?? null);
  const ownerKept = ownerNow !== ownerThen && ownerNow !== data.owner?.id;
  const intoContact = data.match?.contact !== undefined && data.policy?.body.convert === true;
  if (data.owner && data.owner.by !== "kept" && !intoContact && !ownerKept && ownerNow !== data.owner.id)
    fields["OwnerId"] = data.owner.id;
  return { fields, ownerKept };
}

/** Saves what is true now: the fingerprint to recognise our own echo by, the turn, the entry of the enrichment. */
function written(journey: Journey, before: Reading, after: Reading, wish: Wish): Commit {
  const { ctx, run, state, org } = journey;
  const now = ctx.clock.now();
  const enriched = Object.fromEntries(
    Object.entries(run.data.changes ?? {}).filter(
      ([field]) => (after.row[field] ?? null) !== null && (field in wish.fields || before === after),
    ),
  );
  return async (tx) => {
    await mirrorRow(tx, run.orgId, run.object, after.row, after.modstamp);
    const turn = turnOf(run);
    if (turn && wish.ownerKept)
      await failTurn(tx, ctx, turn, "A person took the record while it was being routed; their choice stays.");
    else if (turn) await turnWritten(tx, turn, ctx.clock.now());
    if (Object.keys(enriched).length > 0)
      await logRoute(tx, ctx, {
        orgId: run.orgId,
        object: run.object,
        objectId: run.recordId,
        action: "enrich",
        reason: `Filled ${Object.keys(enriched).join(", ")}.`,
        runId: run.id,
        diff: diffOf(run.data.record ?? {}, enriched),
        explanation: { sources: JSON.parse(JSON.stringify(run.data.enriched ?? {})) as JsonObject },
        effectKey: `log:enrich:${run.id}`,
      });
    const hash = fingerprint(
      handledRow(before.row, after.row, wish.fields, org.userId),
      watchedFields(state, run.object),
    );
    const record = {
      handledHash: hash,
      // What a person changed in between is not part of what was handled; the poll must look at this version, too.
      seenModstamp: sameVersion(hash, after.fingerprint) ? after.modstamp : before.modstamp,
      ...(Object.keys(wish.fields).length > 0 ? { writtenAt: now } : {}),
      ...(run.data.owner ? { routedAt: now } : {}),
    };
    const advance = onward(run, record, wish, { written: true, hash });
    return "to" in advance ? { ...advance, reading: after } : advance;
  };
}

/**
 * The row as handled: our own fields as Salesforce stored them (it normalises values), the rest as it was before our
 * write. A person's change that slipped in between is not in it, so its own signal will find a difference.
 */
export function handledRow(before: Row, after: Row, ours: Record<string, JsonValue>, userId: string): Row {
  const row: Row = { ...before };
  const lastIsOurs = after["LastModifiedById"] === userId;
  for (const field of Object.keys(ours)) row[field] = lastIsOurs ? after[field] : ours[field];
  return row;
}

function outcomeOf(data: RunData, wish: Wish): { end: string; reason: string } {
  if (wish.ownerKept)
    return { end: "owner_kept", reason: "A person took the record while it was being routed; their choice stays." };
  if (data.owner && data.owner.by !== "kept") return { end: "assigned", reason: data.owner.reason };
  if (Object.keys(data.changes ?? {}).length > 0)
    return { end: "enriched", reason: `Filled ${Object.keys(data.changes ?? {}).join(", ")}.` };
  return { end: "handled", reason: "Nothing was missing and nothing had to change." };
}

/** A watched field changed while we worked: what was found is about another version. The newest is looked at at once. */
export function superseded({ ctx, run }: Journey): Commit {
  const now = ctx.clock.now();
  // Somebody waits for this very run: it begins again with what is true now.
  if (run.data.asked) return async () => ({ to: "look" });
  return async () => ({
    end: "superseded",
    reason: "A watched field changed while the record was worked on; the newest version is looked at.",
    lookAgainAt: now,
  });
}

function ended(end: string, reason: string, journey: Journey): Commit {
  return async () => ({ end, reason, record: { deletedAt: journey.ctx.clock.now() } });
}
