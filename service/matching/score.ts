import type { FieldEvidence } from "../store/json.ts";
import { compareField, holds } from "./compare.ts";
import type { Comparison } from "./compare.ts";
import { kindOf } from "./fields.ts";
import type { MatchObject } from "./fields.ts";
import type { FieldKind } from "./kinds.ts";
import type { Prepared } from "./prepare.ts";
import type { ParsedRules, Rule } from "./rules.ts";
import { fieldBits, PRIOR_BITS, PROFILE } from "./weights.ts";

export interface PairScore {
  /** Whether the rules say that this pair may be a match; the confidence then says how sure. */
  held: boolean;
  /** The group that held, its rules joined by " + ", or an empty string. */
  rule: string;
  /** 0–1: 1 / (1 + 2^-(prior + the weights of `fields`)). */
  confidence: number;
  /** The sum behind the confidence, in bits; tells apart what is equal after rounding. */
  bits: number;
  fields: FieldEvidence[];
}

interface Row {
  field: string;
  kind: FieldKind;
  comparator: string;
  seen: Comparison;
  bits: number;
}

/** Applies the rules to a pair and adds up the evidence of every field both sides have. */
export function scorePair(candidate: Prepared, record: Prepared, rules: ParsedRules): PairScore {
  const seen = new Map<string, Comparison>();
  const look = (field: string): Comparison => {
    let known = seen.get(field);
    if (!known) seen.set(field, (known = compareField(candidate, record, field)));
    return known;
  };
  const ruleHolds = (rule: Rule) =>
    rule.fields.every((field) => holds(rule.comparator, candidate, record, field, look(field)));
  const heldGroups = rules.groups.filter((group) => group.length > 0 && group.every(ruleHolds));
  const held = rules.any ? heldGroups.length > 0 : rules.groups.length > 0 && heldGroups.length === rules.groups.length;
  if (!held) return { held, rule: "", confidence: 0, bits: -Infinity, fields: [] };

  const deciding = rules.any ? heldGroups.slice(0, 1) : heldGroups;
  const rows = evidenceRows(record.object, deciding, look, candidate, record);
  weighTogether(record.object, rows);
  const total = rows.reduce((sum, row) => sum + row.bits, PRIOR_BITS[record.object]);
  return {
    held,
    rule: deciding.map((group) => group.map((rule) => rule.text).join(" + ")).join(" and "),
    confidence: round(1 / (1 + 2 ** -total), 4),
    bits: total,
    fields: rows.map((row) => ({
      field: row.field,
      comparator: row.comparator,
      similarity: round(row.seen.similarity, 3),
      weight: round(row.bits, 2),
      candidate: row.seen.candidate,
      record: row.seen.record,
    })),
  };
}

function evidenceRows(
  object: MatchObject,
  groups: Rule[][],
  look: (field: string) => Comparison,
  candidate: Prepared,
  record: Prepared,
): Row[] {
  const rows: Row[] = [];
  const done = new Set<FieldKind>();
  const add = (field: string, comparator?: string) => {
    const kind = kindOf(object, field);
    if (kind === "other" ? rows.some((row) => row.field === field) : done.has(kind)) return;
    const found = look(field);
    // Neither a placeholder nor an absent value speaks for or against anything.
    if (!found.forms) return;
    // The same evidence must not count twice: a name in parts is the name, a website is its domain.
    for (const covered of COVERS[kind] ?? []) done.add(covered);
    done.add(kind);
    rows.push({
      field,
      kind,
      comparator: comparator ?? levelName(found, candidate, record, field),
      seen: found,
      bits: fieldBits(kind, found),
    });
  };
  for (const group of groups) {
    for (const rule of group) {
      for (const field of rule.fields) add(field, rule.text.slice(rule.text.indexOf(":") + 1));
    }
  }
  for (const field of PROFILE[object]) add(field);
  return rows;
}

const COVERS: Partial<Record<FieldKind, FieldKind[]>> = {
  name: ["first_name", "last_name"],
  last_name: ["name"],
  website: ["domain"],
  domain: ["website"],
};

function levelName(seen: Comparison, candidate: Prepared, record: Prepared, field: string): string {
  if (seen.same) return holds({ kind: "exact" }, candidate, record, field, seen) ? "exact" : "eq";
  if (seen.contained) return "contains";
  return seen.similarity >= 0.85 ? "fuzzy" : "differs";
}

const EMPLOYER: readonly FieldKind[] = [
  "company",
  "domain",
  "website",
  "phone",
  "street",
  "postal_code",
  "city",
  "state",
  "country",
];
const EMPLOYER_CAP = 8;
const PLACE: readonly FieldKind[] = ["phone", "street", "postal_code", "city", "state", "country"];
const PLACE_CAP = 11.5;

/** Takes back what fields say twice: a street implies its town, an e-mail its domain, colleagues share an employer. */
function weighTogether(object: MatchObject, rows: Row[]): void {
  const row = (kind: FieldKind) => rows.find((r) => r.kind === kind);
  const limit = (kind: FieldKind, least: number, most: number) => {
    const found = row(kind);
    if (found) found.bits = Math.min(most, Math.max(least, found.bits));
  };
  const agrees = (kind: FieldKind) => (row(kind)?.bits ?? 0) > 3;
  if (agrees("street")) {
    limit("postal_code", -1.5, 1);
    limit("city", -1, 0.5);
  }
  if (agrees("postal_code") || agrees("street")) limit("city", -1.5, 1);
  if ((row("city")?.bits ?? 0) > 0) limit("state", -1.5, 0.5);
  if (agrees("email")) limit("domain", -1, 0.5);
  if (agrees("phone")) limit("state", -1, 0.5);
  // Two firms in one house with one switchboard are common; so are two colleagues. Neither makes them one.
  const named = row("company");
  if (object !== "account") cap(rows, EMPLOYER, EMPLOYER_CAP);
  else if (named && named.bits < -3) cap(rows, PLACE, PLACE_CAP);
}

/** Scales what these fields say in favour down to `most` bits together, so that the rows still add up. */
function cap(rows: Row[], kinds: readonly FieldKind[], most: number): void {
  const shared = rows.filter((r) => kinds.includes(r.kind) && r.bits > 0);
  const sum = shared.reduce((total, r) => total + r.bits, 0);
  if (sum > most) for (const r of shared) r.bits *= most / sum;
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
