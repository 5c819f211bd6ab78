/** What the rest of the service may use of matching: rules, keys, scores and decisions, and the mirror they are asked of. */
export { blockKeys, lookupKeys, MAX_KEYS } from "./block.ts";
export { DEFAULT_REVIEW_THRESHOLD, DEFAULT_THRESHOLD, defaultAccountRules, defaultContactRules } from "./defaults.ts";
export type { Decision } from "./decide.ts";
export { columnsOf, fieldOf, findMatchObject, kindOf } from "./fields.ts";
export type { FlatFields, MatchObject } from "./fields.ts";
export { CONTRACT_FIELDS, isContractField } from "./kinds.ts";
export type { ContractField, FieldKind } from "./kinds.ts";
export { normalise } from "./normalise.ts";
export { parseRule, parseRules } from "./rules.ts";
export type { Comparator, GivenRules, ParsedRules, Rule, RuleProblem, RulesResult } from "./rules.ts";
export { matchAgainst, type MatchQuestion, type MatchRecord } from "./match-against.ts";
export { candidates, type CandidateQuery } from "./candidates.ts";
export { creationKey } from "./creation-key.ts";
export { matchFieldsOf, mirrorRow, mirrorRows, type MirrorSource } from "./mirror.ts";
