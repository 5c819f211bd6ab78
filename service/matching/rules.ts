import type { MatchRules } from "../store/json.ts";
import { CONTRACT_FIELDS, isContractField } from "./kinds.ts";
import { jaroWinkler } from "./similarity.ts";

export type Comparator = { kind: "exact" } | { kind: "eq" } | { kind: "contains" } | { kind: "fuzzy"; atLeast: number };

export interface Rule {
  /** As it was written, for answers and logs. */
  text: string;
  /** One field, or the parts of a composite: each must be present and hold. */
  fields: string[];
  comparator: Comparator;
}

export interface ParsedRules {
  mode: "simple" | "grouped" | "ai";
  /** Inside a group all rules must hold. */
  groups: Rule[][];
  /** One group suffices, or all must hold. */
  any: boolean;
  threshold?: number;
  /** For the model that scores the shortlist, in mode ai. */
  instructions?: string;
}

export interface RuleProblem {
  /** Where in the rules object: `["groups", 0, "all", 1]`. */
  path: (string | number)[];
  message: string;
  /** Which character of the rule, from 0. */
  at: number;
}

export type RuleResult = { ok: true; rule: Rule } | { ok: false; message: string; at: number };
export type RulesResult =
  | { kind: "rules"; rules: ParsedRules }
  /** Neither rules nor groups were given: the org's policy or the defaults apply, with this threshold if any. */
  | { kind: "absent"; threshold?: number }
  | { kind: "problems"; problems: RuleProblem[] };

const DEFAULT_FUZZY = 0.85;
const API_NAME = /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$/;

/** Reads `field:comparator`; a mistake is answered with a sentence and the character it is at. */
export function parseRule(text: string): RuleResult {
  const colon = text.indexOf(":");
  if (colon < 0) {
    return {
      ok: false,
      at: text.length,
      message: "A rule is written field:comparator, for example email:exact; the colon is missing.",
    };
  }
  const start = text.length - text.trimStart().length;
  const field = text.slice(0, colon).trim();
  if (field === "")
    return { ok: false, at: start, message: "A rule begins with the field it compares; none is named." };
  const bad = /[^A-Za-z0-9_.]/.exec(field);
  if (bad) return { ok: false, at: start + bad.index, message: `A field name cannot hold “${bad[0]}”.` };
  if (!API_NAME.test(field)) return { ok: false, at: start, message: `“${field}” is not a field name.` };
  const fields = splitComposite(field);
  const near = fields.length === 1 ? nearMiss(field) : undefined;
  if (near !== undefined)
    return { ok: false, at: start, message: `There is no field “${field}”. Did you mean ${near}?` };
  const raw = text.slice(colon + 1);
  const comparatorAt = colon + 1 + (raw.length - raw.trimStart().length);
  const comparator = parseComparator(raw.trim());
  if ("message" in comparator) return { ok: false, at: comparatorAt + comparator.offset, message: comparator.message };
  return { ok: true, rule: { text: `${field}:${raw.trim().toLowerCase()}`, fields, comparator } };
}

function parseComparator(given: string): Comparator | { message: string; offset: number } {
  const word = given.toLowerCase();
  if (word === "exact" || word === "eq" || word === "contains") return { kind: word };
  if (word === "fuzzy") return { kind: "fuzzy", atLeast: DEFAULT_FUZZY };
  if (word.startsWith("fuzzy")) {
    const digits = word.slice("fuzzy".length);
    const atLeast = Number(digits);
    if (/^(0?\.\d+|0|1(\.0+)?)$/.test(digits) && atLeast > 0 && atLeast <= 1) return { kind: "fuzzy", atLeast };
    return {
      offset: "fuzzy".length,
      message: `After fuzzy comes a similarity above 0 and at most 1, for example fuzzy0.85; “${digits}” is not one.`,
    };
  }
  const what = word === "" ? "The comparator is missing" : `“${given}” is not a comparator`;
  return { offset: 0, message: `${what}: use exact, eq, contains, fuzzy or fuzzy0.85.` };
}

/** Splits `name_company` into its parts when every part is one of the contract's fields; an API name stays whole. */
function splitComposite(field: string): string[] {
  const lower = field.toLowerCase();
  if (isContractField(lower)) return [lower];
  const split = (rest: string): string[] | undefined => {
    if (isContractField(rest)) return [rest];
    // Longest first, so that `first_name_company` is first_name and company.
    for (const known of [...CONTRACT_FIELDS].sort((a, b) => b.length - a.length)) {
      if (!rest.startsWith(`${known}_`)) continue;
      const others = split(rest.slice(known.length + 1));
      if (others) return [known, ...others];
    }
    return undefined;
  };
  return split(lower) ?? [field];
}

/** API names begin with a capital or end in __c; all in small letters and almost one of ours is a slip. */
function nearMiss(field: string): string | undefined {
  if (isContractField(field.toLowerCase()) || field !== field.toLowerCase() || field.includes("__")) return undefined;
  return CONTRACT_FIELDS.find((known) => jaroWinkler(known, field) >= 0.9);
}

/** The contract's rules, `mode` given or told by which lists are there. */
export type GivenRules =
  MatchRules | { mode?: undefined; by?: string[]; groups?: { all: string[] }[]; any?: boolean; threshold?: number };

/** Reads a whole rules object; every mistake in it is answered, not only the first. */
export function parseRules(given: GivenRules | null | undefined): RulesResult {
  if (!given) return { kind: "absent" };
  const by = "by" in given ? given.by : undefined;
  const lists = "groups" in given ? given.groups : undefined;
  const mode = given.mode ?? (lists ? "grouped" : by ? "simple" : undefined);
  const threshold = given.threshold === undefined ? {} : { threshold: given.threshold };
  const problems: RuleProblem[] = [];
  if (given.threshold !== undefined && !(given.threshold >= 0 && given.threshold <= 1)) {
    problems.push({ path: ["threshold"], at: 0, message: "The threshold is a confidence between 0 and 1." });
  }
  const read = (text: string, path: (string | number)[]): Rule[] => {
    const result = parseRule(text);
    if (result.ok) return [result.rule];
    problems.push({ path, message: result.message, at: result.at });
    return [];
  };
  const groups: Rule[][] = [];
  if (lists && mode !== "simple") {
    lists.forEach((group, g) => {
      if (group.all.length === 0)
        problems.push({ path: ["groups", g, "all"], at: 0, message: "A group holds at least one rule." });
      groups.push(group.all.flatMap((text, r) => read(text, ["groups", g, "all", r])));
    });
  }
  if (by && mode !== "grouped") groups.push(...by.map((text, r) => read(text, ["by", r])));
  if (problems.length > 0) return { kind: "problems", problems };
  if (groups.length === 0) {
    if (mode === "simple")
      return {
        kind: "problems",
        problems: [{ path: ["by"], at: 0, message: "Mode simple needs at least one rule in “by”." }],
      };
    if (mode === "grouped")
      return {
        kind: "problems",
        problems: [{ path: ["groups"], at: 0, message: "Mode grouped needs at least one group." }],
      };
    if (mode === undefined) return { kind: "absent", ...threshold };
  }
  const any = "any" in given ? (given.any ?? true) : true;
  const instructions =
    "instructions" in given && given.instructions !== undefined ? { instructions: given.instructions } : {};
  return { kind: "rules", rules: { mode: mode ?? "simple", groups, any, ...threshold, ...instructions } };
}
