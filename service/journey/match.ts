/**
 * Which existing contact or account is this lead? Candidates come from the mirror by block keys; rules decide, and the
 * explanation is kept. What lies in the review band, or between two records, opens a review and goes no further.
 */
import { settleReservation, triggerPrice } from "../credits/index.ts";
import {
  candidates,
  creationKey,
  matchAgainst,
  matchFieldsOf,
  parseRules,
  type Decision,
  type ParsedRules,
} from "../matching/index.ts";
import { LanternError } from "../errors.ts";
import { holderOf, takeLease } from "../queue/lease.ts";
import type { MatchEvidence, MatchRules, PolicyBody, RunData } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import { isDryRun, observes } from "./asked.ts";
import { inputHash } from "../orgs/fingerprint.ts";
import type { Commit, Journey, RecordChange } from "./journey.ts";
import { openReview } from "./review.ts";

type Found = NonNullable<RunData["match"]>;
/** How long another lead of the same new company waits for the one that is creating it (ms). */
const creatingMs = 2 * 60_000;

export async function match(journey: Journey): Promise<Commit> {
  const { run } = journey;
  const body = run.data.policy?.body ?? {};
  const found = run.object === "Lead" ? await search(journey, body) : related(run.data);
  const refusal = run.data.asked ? refusedByRequest(found, run.data.asked) : null;
  if (refusal)
    return refusal.kind === "duplicate"
      ? duplicate(journey, found, refusal.reason)
      : async () => ({ end: "no_match", reason: refusal.reason, data: { match: found } });
  if (observes(run.data) || found.decision === "review") return (tx) => settleMatch(tx, journey, found);
  const creates =
    run.object === "Lead" &&
    body.convert === true &&
    body.create_if_no_match !== false &&
    !found.contact &&
    !found.account;
  return async (tx) => {
    // Somebody may have created it between our search and this moment: search again, now that nobody else can.
    if (creates && !(await holdsCreation(tx, journey))) return { to: "match" };
    return settleMatch(tx, journey, found);
  };
}

async function search(journey: Journey, body: PolicyBody): Promise<Found> {
  const none: Found = { decision: "none", candidates: [], reason: "The policy matches nothing." };
  let last = none;
  for (const object of ["contact", "account"] as const) {
    const wished = object === "contact" ? body.on_match?.lead_to_contact : body.on_match?.lead_to_account;
    const rules = body.match?.[object] ?? (body.match?.rules && wished !== undefined ? body.match.rules : undefined);
    if (!rules || wished === false) continue;
    const result = await searchObject(journey, object, rules, body);
    // The request wants a record of its own beside the one that matches.
    if (result.decision === "match" && wantsSeparate(journey.run.data, object)) {
      last = {
        ...none,
        candidates: result.candidates,
        reason: `${result.reason} The request asks for a separate ${object}.`,
      };
      continue;
    }
    const sum = { ...result, candidates: [...last.candidates, ...result.candidates].slice(0, 5) };
    if (result.decision !== "none") return sum;
    last = sum;
  }
  return last;
}

async function searchObject(
  { ctx, run }: Journey,
  object: "contact" | "account",
  rules: MatchRules,
  body: PolicyBody,
): Promise<Found> {
  const parsed = rulesOf(rules);
  const threshold = rules.threshold ?? body.match?.threshold;
  const reviewThreshold = body.match?.review_threshold ?? threshold;
  const candidate = matchFieldsOf("Lead", run.data.record ?? {});
  const name = object === "contact" ? "Contact" : "Account";
  const records = await candidates(ctx.store, { orgId: run.orgId, object: name, rules: parsed, candidate });
  const decided = matchAgainst({
    candidate,
    object,
    sameAccountIsNoTie: false,
    rules: parsed,
    records,
    ...(threshold === undefined ? {} : { threshold }),
    ...(reviewThreshold === undefined ? {} : { reviewThreshold }),
  });
  const best = decided.matches[0];
  return {
    decision: decided.decision,
    candidates: decided.matches,
    ...(decided.reason === "tie" ? { tie: true } : {}),
    reason: inWords(decided, name),
    ...(decided.decision === "match" && best ? { [object]: best } : {}),
  };
}

function rulesOf(rules: MatchRules): ParsedRules {
  const parsed = parseRules(rules);
  if (parsed.kind === "rules") return parsed.rules;
  const problems = parsed.kind === "problems" ? parsed.problems.map((p) => p.message).join("; ") : "there are none";
  throw new LanternError(`The policy's match rules cannot be read: ${problems}. Correct the policy.`, {
    code: "bad_rules",
  });
}

function inWords(decided: Decision, object: string): string {
  const [best, second] = decided.matches;
  const kind = object.toLowerCase();
  switch (decided.reason) {
    case "match":
      return `It matches the ${kind} ${best?.recordId}: ${best?.explanation}`;
    case "tie":
      return `Two ${kind}s fit equally well, ${best?.recordId} and ${second?.recordId}; a person must choose.`;
    case "review_band":
      return `It may be the ${kind} ${best?.recordId}, but not surely enough: ${best?.explanation}`;
    default:
      return `No ${kind} matches.`;
  }
}

const wantsSeparate = (data: RunData, object: "contact" | "account"): boolean =>
  (object === "contact" ? data.asked?.onContactMatch : data.asked?.onAccountMatch) === `create_separate_${object}`;

/** What the request's own policies forbid: merging into a match it did not allow, creating where nothing matched. */
function refusedByRequest(
  found: Found,
  asked: NonNullable<RunData["asked"]>,
): { kind: "duplicate" | "no_match"; reason: string } | null {
  if (found.contact && asked.onContactMatch === null)
    return { kind: "duplicate", reason: `${found.reason} The request does not say what to do with it.` };
  if (found.account && asked.onAccountMatch === null)
    return { kind: "duplicate", reason: `${found.reason} The request does not say what to do with it.` };
  if (found.decision !== "none")
    return found.contact || asked.createContact
      ? null
      : { kind: "no_match", reason: "No contact matches, and the request does not create one." };
  if (!asked.createContact)
    return { kind: "no_match", reason: "No contact matches, and the request does not create one." };
  if (!asked.createAccount)
    return { kind: "no_match", reason: "No account matches, and the request does not create one." };
  return null;
}

/** A match that the request does not allow to be used: a person decides. A dry run only says so. */
function duplicate({ ctx, run }: Journey, found: Found, reason: string): Commit {
  return async (tx) => {
    if (isDryRun(run.data)) return { end: "review", reason, data: { match: found } };
    const reviewId = await openReview(tx, ctx, {
      orgId: run.orgId,
      object: run.object,
      recordId: run.recordId,
      kind: "duplicate",
      candidates: found.candidates,
      reason,
      runId: run.id,
    });
    return { end: "review", reason, data: { match: found, reviewId } };
  };
}

/** A contact or an opportunity belongs to its account already; that is its match. */
function related(data: RunData): Found {
  const accountId = data.record?.["AccountId"];
  if (typeof accountId !== "string") return { decision: "none", candidates: [], reason: "It belongs to no account." };
  const evidence: MatchEvidence = {
    recordId: accountId,
    object: "Account",
    confidence: 1,
    rule: "AccountId",
    fields: [],
    explanation: "It belongs to this account in Salesforce.",
  };
  return { decision: "match", account: evidence, candidates: [evidence], reason: evidence.explanation };
}

/**
 * Two leads of one new company make one account: the second waits, then finds what the first created. Answers whether
 * this run held the company's creation before, so that what it has searched since is the last word.
 */
async function holdsCreation(tx: Tx, { ctx, run }: Journey): Promise<boolean> {
  const key = creationKey(matchFieldsOf("Lead", run.data.record ?? {}));
  if (key === null) return true;
  const now = ctx.clock.now();
  const name = `creating:${run.orgId}:${key}`;
  const held = await holderOf(tx, name, now);
  if ((await takeLease(tx, { name, holder: run.id, now, until: now + creatingMs })) !== null) return held === run.id;
  throw new LanternError(
    "Another lead of the same company is being converted; this one looks again when that is done.",
    {
      code: "company_being_created",
      fate: { afterMs: 1_000 },
    },
  );
}

async function settleMatch(tx: Tx, journey: Journey, found: Found): Promise<Awaited<ReturnType<Commit>>> {
  const { ctx, run, record, config } = journey;
  const change: RecordChange = {};
  if (record.reservationId && !observes(run.data) && found.decision !== "none" && run.object === "Lead") {
    // Nothing was found by enrichment, but a match is worth the same price, once for this version.
    await settleReservation(tx, ctx, record.reservationId, {
      amount: triggerPrice(config.prices, run.object),
      effectKey: `charge:enrich:${run.orgId}:${run.recordId}:${inputHash(run.data.hash)}`,
    });
    change.reservationId = null;
    change.paidLooks = [
      ...record.paidLooks.filter((p) => p.at > ctx.clock.now() - 24 * 3_600_000),
      { at: ctx.clock.now(), runId: run.id },
    ];
  }
  if (found.decision !== "review") return { to: "own", data: { match: found }, record: change };
  if (observes(run.data)) return { to: "own", data: { match: found }, record: change };
  const reviewId = await openReview(tx, ctx, {
    orgId: run.orgId,
    object: run.object,
    recordId: run.recordId,
    kind: found.tie ? "tie" : "review_band",
    candidates: found.candidates,
    reason: found.reason,
    runId: run.id,
  });
  return {
    end: "review",
    reason: found.reason,
    data: { match: found, reviewId },
    record: {
      ...change,
      ...(run.data.hash ? { handledHash: run.data.hash } : {}),
      ...(run.data.modstamp ? { seenModstamp: run.data.modstamp } : {}),
    },
  };
}
