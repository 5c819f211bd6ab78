/** Which policy acts on a record: per object, the first active one, in order, whose `when` holds. Pure. */
import type { Condition, PolicyBody, When } from "../store/json.ts";
import type { Row, RowValue } from "../salesforce/port.ts";

export interface Policy {
  name: string;
  object: string;
  order: number;
  active: boolean;
  mode: "observe" | "act";
  body: PolicyBody;
  problem: string | null;
}

export function choosePolicy(
  policies: readonly Policy[],
  object: string,
  row: Row,
  changed: readonly string[] | "all",
): Policy | undefined {
  return policies
    .filter((p) => p.object.toLowerCase() === object.toLowerCase() && p.active && p.problem === null)
    .sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1))
    .find((p) => p.body.when === undefined || holds(p.body.when, row, changed));
}

export function holds(when: When, row: Row, changed: readonly string[] | "all"): boolean {
  return "all" in when
    ? when.all.every((condition) => conditionHolds(condition, row, changed))
    : when.any.some((condition) => conditionHolds(condition, row, changed));
}

/** The fields a policy's conditions read. */
export function fieldsOf(body: PolicyBody): string[] {
  if (!body.when) return [];
  return ("all" in body.when ? body.when.all : body.when.any).map((c) => c.field);
}

function conditionHolds({ field, op, value }: Condition, row: Row, changed: readonly string[] | "all"): boolean {
  const is = valueAt(row, field);
  switch (op) {
    case "is_null":
      return (is === null) === (value !== false);
    case "changed":
      return changed === "all" || changed.some((f) => f.toLowerCase() === field.toLowerCase());
    case "eq":
      return same(is, value);
    case "ne":
      return !same(is, value);
    case "in":
      return Array.isArray(value) && value.some((v) => same(is, v));
    case "contains":
      return is !== null && text(is).includes(text(value));
    case "starts_with":
      return is !== null && text(is).startsWith(text(value));
    case "gt":
      return compare(is, value, (order) => order > 0);
    case "lt":
      return compare(is, value, (order) => order < 0);
  }
}

/** `Owner.Name` walks into the nested row; names are compared without case, as the platform does. */
function valueAt(row: Row, path: string): RowValue {
  let at: RowValue = row;
  for (const part of path.split(".")) {
    if (at === null || at === undefined || typeof at !== "object" || Array.isArray(at)) return null;
    const key: string | undefined = Object.keys(at).find((k) => k.toLowerCase() === part.toLowerCase());
    at = key === undefined ? null : at[key];
  }
  return at ?? null;
}

const text = (value: unknown): string =>
  (typeof value === "string" ? value : JSON.stringify(value ?? "")).trim().toLowerCase();

/** As SOQL compares: text without case. */
function same(a: RowValue, b: unknown): boolean {
  if (a === null || b === null || b === undefined) return (a ?? null) === (b ?? null);
  return typeof a === "string" || typeof b === "string" ? text(a) === text(b) : a === b;
}

function compare(a: RowValue, b: unknown, test: (order: number) => boolean): boolean {
  if (a === null || a === undefined || b === null || b === undefined) return false;
  const left = Number(a);
  const right = Number(b);
  if (!Number.isNaN(left) && !Number.isNaN(right)) return test(left - right);
  return test(text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0);
}
