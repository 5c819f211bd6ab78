/**
 * The only place where SOQL text is made. Names are checked, values are escaped, and what could widen a query without
 * being seen (an empty list, an unknown operator, a number that is none) is refused instead of dropped. Pure.
 */
import { SalesforceError } from "./errors.ts";
import { getId } from "./ids.ts";

const refuse = (message: string): never => {
  throw new SalesforceError("permanent", "MALFORMED_QUERY", message);
};

/** A field, relationship path or object name. Throws when it is no name, or not in `allowed` where that is given. */
export function checkedName(name: string, allowed?: ReadonlySet<string>): string {
  if (name.length > 255 || !/^[A-Za-z]\w*(\.[A-Za-z]\w*)*$/.test(name))
    return refuse(`“${name.slice(0, 80)}” is not a field or object name.`);
  if (allowed && !allowed.has(name)) return refuse(`“${name}” is not among the fields that may be asked for.`);
  return name;
}

// The backslash goes first: escaping the quote alone lets `\'` close the literal.
const named: Record<string, string> = {
  "\\": "\\\\",
  "'": "\\'",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\f": "\\f",
};
const escaped = (text: string): string => text.replace(/[\\'\n\r\t\b\f]/g, (c) => named[c] ?? c);

/** A quoted string literal. */
export const quoted = (text: string): string => `'${escaped(text)}'`;

/** A moment as SOQL writes it, in whole seconds (a filter's milliseconds are ignored by the platform). */
export function moment(ms: number): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return refuse(`${ms} is not a moment.`);
  const text = new Date(ms).toISOString();
  if (text.length !== 24) return refuse(`${text} lies outside the years SOQL knows.`);
  return `${text.slice(0, 19)}Z`;
}

export type SoqlValue = string | number | boolean | null | Date;

function literal(value: SoqlValue): string {
  if (value === null) return "null";
  if (value instanceof Date) return moment(value.getTime());
  if (typeof value === "string") return quoted(value);
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number" || !Number.isFinite(value)) return refuse(`${String(value)} cannot be a SOQL value.`);
  const text = String(value);
  return text.includes("e") ? refuse(`${text} is too large or too small for SOQL.`) : text;
}

/** A finished condition. Only the functions of this file make one. */
export class Condition {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";
const operators: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">="]);

/** Beware: unlike in SQL, `!=` also finds rows whose field is empty. */
export function compare(field: string, operator: Operator, value: SoqlValue, allowed?: ReadonlySet<string>): Condition {
  if (!operators.has(operator)) return refuse(`“${operator}” is not an operator.`);
  if ((value === null || typeof value === "boolean") && operator !== "=" && operator !== "!=")
    return refuse(`${field} ${operator} ${String(value)} compares nothing.`);
  return new Condition(`${checkedName(field, allowed)} ${operator} ${literal(value)}`);
}
export const equals = (field: string, value: SoqlValue, allowed?: ReadonlySet<string>): Condition =>
  compare(field, "=", value, allowed);
export const isNull = (field: string): Condition => compare(field, "=", null);
export const isNotNull = (field: string): Condition => compare(field, "!=", null);

// In LIKE the wildcards are ordinary text only when escaped.
const likeText = (text: string): string => escaped(text).replace(/[%_]/g, (c) => `\\${c}`);
export type Pattern = "contains" | "startsWith" | "endsWith";

/** A LIKE whose text is taken literally: `%` and `_` in it find themselves. Empty text is refused: it finds all. */
export function like(field: string, pattern: Pattern, text: string, allowed?: ReadonlySet<string>): Condition {
  if (text === "") return refuse(`A LIKE on ${field} needs some text.`);
  const before = pattern === "startsWith" ? "" : "%";
  const after = pattern === "endsWith" ? "" : "%";
  return new Condition(`${checkedName(field, allowed)} LIKE '${before}${likeText(text)}${after}'`);
}

/** `IN`. An empty list is refused: dropping the condition would ask for everything. */
export function oneOf(field: string, values: readonly SoqlValue[], allowed?: ReadonlySet<string>): Condition {
  if (values.length === 0) return refuse(`The list of values for ${field} is empty.`);
  return new Condition(`${checkedName(field, allowed)} IN (${values.map(literal).join(", ")})`);
}
/** `IN` on ids of either length. Keep to about 400: a query travels in the URL, which ends at 16 KB. */
export const idIn = (field: string, ids: readonly string[]): Condition => oneOf(field, ids.map(getId));

const joined = (conditions: readonly Condition[], word: string): Condition => {
  if (conditions.length === 0) return refuse(`${word} needs conditions.`);
  return new Condition(conditions.length === 1 ? (conditions[0]?.text ?? "") : grouped(conditions, word));
};
const grouped = (conditions: readonly Condition[], word: string): string =>
  `(${conditions.map((c) => c.text).join(` ${word} `)})`;
export const and = (...conditions: Condition[]): Condition => joined(conditions, "AND");
export const or = (...conditions: Condition[]): Condition => joined(conditions, "OR");
export const not = (condition: Condition): Condition => new Condition(`(NOT ${condition.text})`);

export interface Order {
  field: string;
  direction?: "ASC" | "DESC";
  nulls?: "FIRST" | "LAST";
}

export interface Selection {
  fields: readonly string[];
  /** The object; in `children`, the relationship's name. */
  from: string;
  where?: Condition | readonly Condition[];
  orderBy?: readonly (string | Order)[];
  limit?: number;
  /** Rows of child relationships, each answered as a page of its own inside the row. */
  children?: readonly Selection[];
  /** When given, the only fields that may be selected or ordered by. */
  allowed?: ReadonlySet<string>;
}

function orderText(order: string | Order, allowed?: ReadonlySet<string>): string {
  const { field, direction = "ASC", nulls } = typeof order === "string" ? { field: order } : (order satisfies Order);
  if (direction !== "ASC" && direction !== "DESC") return refuse(`“${String(direction)}” is not a direction.`);
  if (nulls !== undefined && nulls !== "FIRST" && nulls !== "LAST") return refuse("NULLS goes FIRST or LAST.");
  return `${checkedName(field, allowed)} ${direction}${nulls ? ` NULLS ${nulls}` : ""}`;
}

/** `SELECT COUNT()` of the rows that meet all conditions. */
export function counting(from: string, where: readonly Condition[]): string {
  const found = where.length === 0 ? "" : ` WHERE ${joined(where, "AND").text}`;
  return `SELECT COUNT() FROM ${checkedName(from)}${found}`;
}

/** The query's text. Throws a permanent `SalesforceError` (MALFORMED_QUERY) rather than ask for something else. */
export function select(selection: Selection): string {
  const { allowed, children = [], limit } = selection;
  const fields = selection.fields.map((field) => checkedName(field, allowed));
  const all = [...fields, ...children.map((child) => `(${select(child)})`)];
  if (all.length === 0) return refuse(`No fields are asked of ${selection.from}.`);
  let text = `SELECT ${all.join(", ")} FROM ${checkedName(selection.from)}`;
  if (selection.where !== undefined) {
    const conditions = selection.where instanceof Condition ? [selection.where] : selection.where;
    text += ` WHERE ${joined(conditions, "AND").text}`;
  }
  if (selection.orderBy?.length) text += ` ORDER BY ${selection.orderBy.map((o) => orderText(o, allowed)).join(", ")}`;
  if (limit !== undefined) {
    if (!Number.isSafeInteger(limit) || limit < 0) return refuse(`LIMIT ${limit} is not a number of rows.`);
    text += ` LIMIT ${limit}`;
  }
  return text.length > 100_000 ? refuse("The query is longer than 100,000 characters; split its lists.") : text;
}
