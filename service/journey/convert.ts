/**
 * Converts the lead, once. Salesforce has no idempotency key for this, so it is asked first whether it is done already;
 * then the effect is written down, then the call goes out with a deadline well inside the worker's lease. An answer that
 * is lost is never sent again blindly: the next attempt reads the lead, and adopts what happened.
 */
import { reserve, returnReservation, settleReservation } from "../credits/index.ts";
import { LanternError } from "../errors.ts";
import { logRoute } from "../logs/log-route.ts";
import { hold } from "../queue/queue.ts";
import { classify, SalesforceError, sentence } from "../salesforce/index.ts";
import type { LeadConvertResult, RowFailure } from "../salesforce/port.ts";
import type { JsonObject, RunData } from "../store/json.ts";
import { sameVersion } from "../orgs/fingerprint.ts";
import { convertRequest, findTarget } from "./convert-target.ts";
import { beginEffect, failEffect, finishEffect, reserveFor } from "./effects.ts";
import type { Advance, Commit, Journey } from "./journey.ts";
import { evidenceOf } from "./own.ts";
import { textOf } from "../salesforce/values.ts";
import { readNow, type Reading } from "./reading.ts";
import { openReview, type OpenReview } from "./review.ts";
import { stopWhenSwitchedOff, superseded } from "./write.ts";

/** After a call whose answer was lost, how long it may still be at work in the org (ms). */
const lingerMs = 30_000;

export async function convert(journey: Journey): Promise<Commit> {
  const { run } = journey;
  const reading = journey.reading ?? (await readNow(journey, "Lead", run.recordId));
  if (reading === null)
    return async () => ({ end: "gone", reason: "The lead was deleted before it could be converted." });
  const already = resultIn(reading, journey.org.userId);
  if (already) return adopt(journey, already);
  // What the match was decided on has changed: that is decided anew before anything irreversible.
  if (run.data.hash !== undefined && !sameVersion(run.data.hash, reading.fingerprint)) return superseded(journey);
  stopWhenSwitchedOff(journey);
  if (!journey.state.settings.convertEnabled)
    return async () => ({
      end: "convert_off",
      reason: "Converting and merging are switched off in the org's settings; all else was done.",
    });
  if (!run.data.asked && !found(run.data) && run.data.policy?.body.create_if_no_match === false)
    return async () => ({
      end: "assigned",
      reason: "Nothing matched, and the policy creates no new account and contact; the lead stays a lead.",
    });
  const target = await findTarget(journey);
  if (target.kind === "gone") return target.commit;
  if (target.kind === "review") return reviewed(journey, target.review, target.reason);
  const request = await convertRequest(journey, reading, target);
  await begin(journey, JSON.parse(JSON.stringify(request)) as JsonObject);

  let result: LeadConvertResult;
  try {
    result = await journey.org.gathered.convert(request);
  } catch (error) {
    // Only a refusal at the door is sure not to have happened. Otherwise the effect stays open until the lead was read.
    if (!(error instanceof SalesforceError) || !["session", "quota", "permanent"].includes(error.kind)) throw error;
    await notHappened(journey, error.message, error.fate === "never");
    throw error;
  }
  return result.ok ? adopt(journey, { ...result, adopted: false }) : refused(journey, result.errors);
}

export const effectKey = (run: Pick<Journey["run"], "orgId" | "recordId">): string =>
  `convert:${run.orgId}:${run.recordId}`;

const found = (data: RunData): boolean => data.match?.contact !== undefined || data.match?.account !== undefined;

interface Happened {
  accountId: string;
  contactId: string;
  opportunityId: string | null;
  adopted: boolean;
  /** A person did it, while a call of ours was out or about to go. */
  byOthers?: boolean;
}

function resultIn({ row }: Reading, ourUserId: string): Happened | null {
  if (row["IsConverted"] !== true) return null;
  return {
    accountId: textOf(row["ConvertedAccountId"] ?? null) ?? "",
    contactId: textOf(row["ConvertedContactId"] ?? null) ?? "",
    opportunityId: textOf(row["ConvertedOpportunityId"] ?? null),
    adopted: true,
    byOthers: row["LastModifiedById"] !== ourUserId,
  };
}

/** Writes down that the lead is about to be converted, with what it will cost; under the record's fence. */
async function begin({ ctx, run, job, config }: Journey, request: JsonObject): Promise<void> {
  const wait = await ctx.store.write(async (tx) => {
    const now = ctx.clock.now();
    await hold(tx, job, now + config.leaseMs);
    const begun = await beginEffect(tx, ctx, {
      key: effectKey(run),
      orgId: run.orgId,
      kind: "convert",
      holder: run.id,
      fence: job.fence,
      deadline: now + config.convertTimeoutMs + lingerMs,
      request,
    });
    if (begun.may === "adopt") return 2_000;
    if (begun.may === "wait") return Math.max(250, begun.until - now);
    if (begun.reservationId === null) {
      const asked = run.data.asked?.reservationId;
      await reserveFor(
        tx,
        effectKey(run),
        asked ?? (await reserve(tx, ctx, { amount: config.prices.convert, purpose: "convert" })),
      );
    }
    return null;
  });
  if (wait !== null)
    throw new LanternError(
      "A conversion of this lead is under way, or its answer was lost; the lead is read again before anything is sent.",
      {
        code: "convert_in_flight",
        fate: { afterMs: wait },
      },
    );
}

/** What happened in Salesforce is the truth: saved, and billed and logged once, if it was ours. */
function adopt(journey: Journey, happened: Happened): Commit {
  const { ctx, run } = journey;
  const ids = { contactId: happened.contactId, accountId: happened.accountId, opportunityId: happened.opportunityId };
  return async (tx): Promise<Advance> => {
    const ours = await finishEffect(tx, ctx, effectKey(run), ids);
    const converted = { ...ids, adopted: ours === undefined || happened.byOthers === true };
    if (ours?.reservationId && happened.byOthers) await returnReservation(tx, ctx, ours.reservationId);
    if (!ours || happened.byOthers)
      return {
        end: "already_converted",
        reason: "The lead was converted already; its contact and account are the ones it was converted into.",
        data: { converted },
        record: { successorId: happened.contactId },
      };
    const spent = ours.reservationId
      ? await settleReservation(tx, ctx, ours.reservationId, {
          amount: priceOf(journey),
          effectKey: `charge:${effectKey(run)}`,
        })
      : 0;
    await logRoute(tx, ctx, {
      orgId: run.orgId,
      object: "Lead",
      objectId: run.recordId,
      action: "convert",
      ...(run.data.owner ? { assignedTo: run.data.owner.id } : {}),
      ...ownerBefore(run.data),
      ...(run.data.owner?.pool ? { pool: run.data.owner.pool } : {}),
      reason: reasonOf(run.data),
      runId: run.id,
      diff: { converted: { from: null, to: ids } },
      explanation: evidenceOf(run.data),
      effectKey: `log:${effectKey(run)}`,
    });
    return {
      to: "survive",
      data: { converted, creditsConsumed: (run.data.creditsConsumed ?? 0) + spent },
      record: { successorId: happened.contactId },
    };
  };
}

function priceOf({ run, config }: Journey): number {
  const asked = run.data.asked;
  if (!asked) return config.prices.convert;
  const matched = asked.body.match !== undefined;
  return (
    asked.prices.convert +
    (matched ? asked.prices.matching : 0) +
    (run.data.owner?.by === "turn" ? asked.prices.roundRobin : 0)
  );
}

const ownerBefore = (data: RunData) => {
  const before = textOf(data.record?.["OwnerId"] ?? null);
  return before === null ? {} : { prevOwner: before };
};

function reasonOf(data: RunData): string {
  const into = data.match?.contact
    ? `Converted into the existing contact ${data.match.contact.recordId}. ${data.match.contact.explanation}`
    : data.match?.account
      ? `Converted into the existing account ${data.match.account.recordId} with a new contact. ${data.match.account.explanation}`
      : "Nothing matched: converted into a new account and contact.";
  return data.owner ? `${into} Owner: ${data.owner.reason}` : into;
}

/** A row that Salesforce refused: what it means is in its code. */
async function refused(journey: Journey, errors: RowFailure[]): Promise<Commit> {
  const { run } = journey;
  const first = errors[0] ?? { statusCode: "UNKNOWN_EXCEPTION", message: "Salesforce gave no reason.", fields: [] };
  const told = `Salesforce did not convert the lead: ${sentence(errors)}`;
  if (first.statusCode === "DUPLICATES_DETECTED") return reviewed(journey, "duplicates_detected", told);
  const kind = classify(first);
  const lasting = kind === "permanent" || kind === "redecide";
  // It may be an earlier call of ours, late, that this one ran into: the effect stays open until the lead was read.
  if (first.statusCode !== "CANNOT_UPDATE_CONVERTED_LEAD") await notHappened(journey, told, lasting);
  if (lasting && run.data.asked) return async () => ({ end: "convert_failed", reason: told });
  throw new LanternError(told, {
    code: `convert_${kind}`,
    details: { salesforce_code: first.statusCode },
    fate: lasting ? "never" : kind === "follow" ? { afterMs: 1_000 } : "patiently",
  });
}

/** Salesforce has said no: the effect is free for the next attempt; when there will be none, what was reserved returns. */
async function notHappened({ ctx, run }: Journey, reason: string, lasting: boolean): Promise<void> {
  await ctx.store.write(async (tx) => {
    const reservation = await failEffect(tx, ctx, effectKey(run), reason, lasting);
    if (lasting && reservation && !run.data.asked) await returnReservation(tx, ctx, reservation);
  });
}

/** Nothing of the conversion is written; a person decides. */
function reviewed(journey: Journey, kind: OpenReview["kind"], reason: string): Commit {
  const { ctx, run } = journey;
  return async (tx) => {
    const reservation = await failEffect(tx, ctx, effectKey(run), reason, true);
    if (reservation) await returnReservation(tx, ctx, reservation);
    const reviewId = await openReview(tx, ctx, {
      orgId: run.orgId,
      object: "Lead",
      recordId: run.recordId,
      kind,
      candidates: run.data.match?.candidates ?? [],
      reason,
      runId: run.id,
    });
    return { end: "review", reason, data: { reviewId } };
  };
}
