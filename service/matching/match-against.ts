/** Scores the records that a candidate may be, and decides. Pure. */
import type { MatchEvidence } from "../store/json.ts";
import { decide } from "./decide.ts";
import type { Decision, ScoredRecord } from "./decide.ts";
import { DEFAULT_THRESHOLD } from "./defaults.ts";
import { explain } from "./explain.ts";
import type { FlatFields, MatchObject } from "./fields.ts";
import { prepareCandidate, prepareRow } from "./prepare.ts";
import type { ParsedRules } from "./rules.ts";
import { scorePair } from "./score.ts";

export interface MatchRecord {
  recordId: string;
  /** The API name as answers give it: Account, Contact, Lead. */
  object: string;
  fields: FlatFields;
  accountId?: string | null;
}

export interface MatchQuestion {
  /** What is searched; all `records` are of this object. */
  object: MatchObject;
  /** A flat object with the contract's names, or a row of any of the three objects. */
  candidate: FlatFields;
  rules: ParsedRules;
  /** What the keys found. */
  records: readonly MatchRecord[];
  /** Default: the rules' own, else 0.9. */
  threshold?: number;
  reviewThreshold?: number;
  sameAccountIsNoTie?: boolean;
  /** ISO 3166 code for phone numbers of records that name no country. Default US. */
  country?: string;
}

/** Scores the records a candidate may be, and decides: one of them, a person must look, or none. */
export function matchAgainst(question: MatchQuestion): Decision {
  const options = question.country === undefined ? {} : { country: question.country };
  const candidate = prepareCandidate(question.object, question.candidate, options);
  const scored: ScoredRecord[] = [];
  for (const record of question.records) {
    const score = scorePair(candidate, prepareRow(question.object, record.fields, options), question.rules);
    if (!score.held) continue;
    const evidence: MatchEvidence = {
      recordId: record.recordId,
      object: record.object,
      confidence: score.confidence,
      rule: score.rule,
      fields: score.fields,
      explanation: "",
    };
    scored.push({ evidence, bits: score.bits, accountId: record.accountId ?? null });
  }
  const decided = decide(scored, {
    threshold: question.threshold ?? question.rules.threshold ?? DEFAULT_THRESHOLD,
    ...(question.reviewThreshold === undefined ? {} : { reviewThreshold: question.reviewThreshold }),
    ...(question.sameAccountIsNoTie === undefined ? {} : { sameAccountIsNoTie: question.sameAccountIsNoTie }),
    looked: question.records.length,
  });
  // Sentences are made for what is answered only: most pairs that were scored are never shown.
  return {
    ...decided,
    matches: decided.matches.map((match) => ({ ...match, explanation: explain(match.fields, match.confidence) })),
  };
}
