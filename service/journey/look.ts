/**
 * The first step: reads the record as it is *now* and decides whether there is anything to do. What was handled already
 * (our own echo, a repeated signal), what belongs to the baseline and what no policy is for ends here, free of charge.
 */
import { and, eq, sql } from "drizzle-orm";
import { reserve, triggerPrice } from "../credits/index.ts";
import { LanternError } from "../errors.ts";
import { mirrorRow } from "../matching/index.ts";
import { changedFields } from "../orgs/fingerprint.ts";
import type { Tx } from "../store/store.ts";
import type { Commit, Journey } from "./journey.ts";
import { askedPolicy } from "./asked.ts";
import { choosePolicy } from "./policy.ts";
import { timeOf } from "../salesforce/values.ts";
import { kept, readNow, type Reading } from "./reading.ts";

const day = 24 * 60 * 60_000;
/** An id we were told of and cannot see may still be committing, or be hidden from our user. */
const unseenForMs = 5 * 60_000;

export async function look(journey: Journey): Promise<Commit> {
  const { ctx, state, run, record } = journey;
  if (!state.settings.enabled && !run.data.asked)
    throw new LanternError("Lantern is switched off in the org's settings; this record waits until it is on again.", {
      code: "switched_off",
      fate: { afterMs: 60_000 },
    });
  const wantSeq = record.wantSeq;
  const reading = await readNow(journey, run.object, run.recordId);
  if (reading === null) return gone(journey, wantSeq);
  const { row, fingerprint, modstamp } = reading;
  const seen = { handledHash: fingerprint, seenModstamp: modstamp };
  const ends = (end: string, reason: string): Commit => {
    return async (tx) => {
      await mirrorRow(tx, run.orgId, run.object, row, modstamp);
      return { end, reason, wantSeq, record: seen };
    };
  };
  if (run.data.asked) return asks(journey, reading, wantSeq);

  const changed =
    run.data.forced || record.handledHash === null ? "all" : changedFields(record.handledHash, fingerprint);
  if (changed !== "all" && changed.length === 0)
    return ends("echo", "No watched field differs from what was handled last.");
  if (record.handledHash === null && !run.data.forced && timeOf(row["LastModifiedDate"]) <= state.connectedAt)
    return ends("baseline", "The record was there before the org was connected and has not changed since.");
  if (row["IsConverted"] === true)
    return ends("already_converted", "The lead is converted; nothing is left to do on it.");
  const policy = choosePolicy(state.policies, run.object, row, changed);
  if (!policy) return ends("no_policy", `No active policy for ${run.object} applies to this record.`);
  refuseLoops(journey, policy.body.max_paid_looks);

  return async (tx) => {
    await mirrorRow(tx, run.orgId, run.object, row, modstamp);
    const reservationId =
      (await reservationOf(tx, journey)) ??
      (await reserve(tx, ctx, { amount: triggerPrice(journey.config.prices, run.object), purpose: "trigger" }));
    return {
      to: "enrich",
      wantSeq,
      record: { reservationId },
      data: {
        record: kept(row),
        modstamp,
        hash: fingerprint,
        policy: { name: policy.name, mode: policy.mode, body: policy.body },
      },
    };
  };
}

/** What is reserved for the record by now: a door may have heard of it again, and reserved, since the step began. */
async function reservationOf(tx: Tx, { run }: Journey): Promise<string | null> {
  const { records } = tx.t;
  const [row] = await tx.db
    .update(records)
    .set({ reservationId: sql`${records.reservationId}` })
    .where(and(eq(records.orgId, run.orgId), eq(records.recordId, run.recordId)))
    .returning({ reservationId: records.reservationId });
  return row?.reservationId ?? null;
}

/** A convert that somebody asked for: the request's policies stand in the org's place, and no echo stops it. */
function asks(journey: Journey, { row, fingerprint, modstamp }: Reading, wantSeq: number): Commit {
  return async (tx) => {
    await mirrorRow(tx, journey.run.orgId, journey.run.object, row, modstamp);
    return {
      to: row["IsConverted"] === true ? "convert" : "match",
      wantSeq,
      data: { record: kept(row), modstamp, hash: fingerprint, policy: askedPolicy(journey.run.data) },
    };
  };
}

function gone(journey: Journey, wantSeq: number): Commit {
  const { ctx, run, record } = journey;
  const now = ctx.clock.now();
  if (record.seenModstamp === null && !run.data.asked && now < run.startedAt + unseenForMs)
    throw new LanternError(`The org does not show ${run.recordId} (yet).`, {
      code: "record_unseen",
      fate: { afterMs: 15_000 },
    });
  return async (tx) => {
    await mirrorRow(tx, run.orgId, run.object, { Id: run.recordId, IsDeleted: true }, now);
    return {
      end: "gone",
      reason: "The record is deleted, or hidden from the integration user.",
      wantSeq,
      record: { deletedAt: now },
    };
  };
}

/** Other automation may answer each of our writes with a change of its own; somebody must look before we pay for ever. */
function refuseLoops({ ctx, record, config, run }: Journey, allowed = config.maxPaidLooks): void {
  const recent = record.paidLooks.filter((paid) => paid.at > ctx.clock.now() - day && paid.runId !== run.id);
  if (recent.length < allowed) return;
  throw new LanternError(
    `This record had ${recent.length} paid journeys in 24 hours; something may answer our writes with changes of its own. Find what changes it, then re-drive it.`,
    { code: "loop_suspected" },
  );
}
