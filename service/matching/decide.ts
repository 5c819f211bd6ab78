import type { MatchEvidence } from "../store/json.ts";

export interface ScoredRecord {
  evidence: MatchEvidence;
  /** The unrounded score in bits: apart where two confidences both round to 1. */
  bits: number;
  accountId: string | null;
}

export interface Decision {
  decision: "match" | "review" | "none";
  /** Best first, at most five, none below the review threshold. */
  matches: MatchEvidence[];
  /** match | review_band | tie | below_threshold | no_rule_held | no_candidates */
  reason: string;
}

export interface DecideOptions {
  threshold: number;
  /** Default: the threshold, so that there is no band. */
  reviewThreshold?: number;
  /** Two contacts of one account are a duplicate to clean up, not a doubt about where the lead belongs. */
  sameAccountIsNoTie?: boolean;
  /** How many records met the candidate at all, for the reason when none is left. */
  looked: number;
}

const MOST_MATCHES = 5;
const TIE_CONFIDENCE = 0.02;
// Close to certainty confidences differ by less than 0.02 whatever the evidence; four times the odds is no tie.
const TIE_BITS = 2;

/** Turns scored records into match, review or none. Two records that are equally likely are a review, never a guess. */
export function decide(scored: readonly ScoredRecord[], options: DecideOptions): Decision {
  const { threshold } = options;
  const reviewFrom = Math.min(options.reviewThreshold ?? threshold, threshold);
  const ranked = scored.toSorted(
    (a, b) =>
      b.bits - a.bits ||
      (a.evidence.recordId < b.evidence.recordId ? -1 : a.evidence.recordId > b.evidence.recordId ? 1 : 0),
  );
  const enough = ranked.filter(({ evidence }) => evidence.confidence >= reviewFrom);
  const matches = enough.slice(0, MOST_MATCHES).map(({ evidence }) => evidence);
  const [best, second] = enough;
  if (!best) {
    const reason = options.looked === 0 ? "no_candidates" : scored.length === 0 ? "no_rule_held" : "below_threshold";
    return { decision: "none", matches, reason };
  }
  if (best.evidence.confidence < threshold) return { decision: "review", matches, reason: "review_band" };
  if (second && isTie(best, second, options)) return { decision: "review", matches, reason: "tie" };
  return { decision: "match", matches, reason: "match" };
}

function isTie(best: ScoredRecord, second: ScoredRecord, options: DecideOptions): boolean {
  if (options.sameAccountIsNoTie && best.accountId !== null && best.accountId === second.accountId) return false;
  return best.evidence.confidence - second.evidence.confidence <= TIE_CONFIDENCE && best.bits - second.bits < TIE_BITS;
}
