/** SOQL text → a query this org can run. A clause the org does not know is refused by its name, never passed over. */
import { parseQuery } from "@jetstreamapp/soql-parser-js";
import type { Query } from "@jetstreamapp/soql-parser-js";
import { PlatformError } from "../engine/errors.ts";

export interface Literal {
  type: "string" | "number" | "boolean" | "null" | "date" | "datetime";
  value: string;
}
export interface Condition {
  path: string[];
  op: "=" | "!=" | "<" | ">" | "<=" | ">=" | "LIKE" | "IN" | "NOT IN";
  values: Literal[];
  subquery?: ParsedQuery;
}
export type Expression =
  | { kind: "and" | "or"; parts: Expression[] }
  | { kind: "not"; part: Expression }
  | { kind: "condition"; condition: Condition };

export type Selected =
  | { kind: "field"; path: string[] }
  | { kind: "children"; relationship: string; query: ParsedQuery }
  | { kind: "aggregate"; fn: string; path: string[] | null; alias: string | null };

export interface ParsedQuery {
  object: string;
  select: Selected[];
  where: Expression | null;
  groupBy: string[];
  orderBy: { path: string[]; descending: boolean; nullsLast: boolean }[];
  limit: number | null;
  offset: number;
}

export const malformed = (message: string): PlatformError => new PlatformError("MALFORMED_QUERY", message);

/** The tree as the parser gives it: a chain of conditions with the parentheses counted on them. */
interface Link {
  left?: Record<string, unknown> | null;
  operator?: string;
  right?: Link;
}

export function parseSoql(soql: string): ParsedQuery {
  let parsed: Query;
  try {
    parsed = parseQuery(soql);
  } catch (error) {
    throw malformed(`unexpected token: ${(error as Error).message.split("\n")[0] ?? ""}`);
  }
  return convert(parsed as unknown as Record<string, unknown>);
}

const known = new Set(["fields", "sObject", "relationshipName", "where", "groupBy", "orderBy", "limit", "offset"]);

function convert(query: Record<string, unknown>): ParsedQuery {
  for (const [clause, value] of Object.entries(query))
    if (value !== undefined && !known.has(clause))
      throw malformed(`the clause '${clause}' is not supported by this org`);
  return {
    object: String(query.sObject ?? query.relationshipName),
    select: (query.fields as Record<string, unknown>[]).map(selected),
    where: query.where ? expression(query.where) : null,
    groupBy: ((query.groupBy ?? []) as Record<string, unknown>[]).map((g) => {
      if (typeof g.field !== "string") throw malformed("only plain fields can be grouped by in this org");
      return g.field;
    }),
    orderBy: ((query.orderBy ?? []) as Record<string, unknown>[]).map((o) => {
      if (typeof o.field !== "string") throw malformed("only plain fields can be ordered by in this org");
      const descending = o.order === "DESC";
      return { path: o.field.split("."), descending, nullsLast: o.nulls === "LAST" };
    }),
    limit: typeof query.limit === "number" ? query.limit : null,
    offset: typeof query.offset === "number" ? query.offset : 0,
  };
}

function selected(field: Record<string, unknown>): Selected {
  switch (field.type) {
    case "Field":
      if (field.alias !== undefined) throw malformed("only aggregate expressions use field aliasing");
      return { kind: "field", path: [String(field.field)] };
    case "FieldRelationship":
      return { kind: "field", path: [...(field.relationships as string[]), String(field.field)] };
    case "FieldSubquery": {
      const subquery = field.subquery as Record<string, unknown>;
      return { kind: "children", relationship: String(subquery.relationshipName), query: convert(subquery) };
    }
    case "FieldFunctionExpression": {
      const fn = String(field.functionName).toUpperCase();
      const parameter = (field.parameters as unknown[])[0];
      if (
        !["COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"].includes(fn) ||
        (parameter !== undefined && typeof parameter !== "string")
      )
        throw malformed(`the function '${fn}' is not supported by this org`);
      return {
        kind: "aggregate",
        fn,
        path: parameter === undefined ? null : parameter.split("."),
        alias: typeof field.alias === "string" ? field.alias : null,
      };
    }
    default:
      throw malformed(`'${String(field.type)}' is not supported by this org`);
  }
}

type Token = "(" | ")" | "AND" | "OR" | "NOT" | Condition;

function tokens(link: Link | undefined, out: Token[] = []): Token[] {
  if (!link) return out;
  const left = link.left;
  for (let n = Number(left?.openParen ?? 0); n > 0; n--) out.push("(");
  if (link.operator === "NOT") out.push("NOT");
  else if (left) {
    out.push(condition(left));
    for (let n = Number(left.closeParen ?? 0); n > 0; n--) out.push(")");
    if (link.operator === "AND" || link.operator === "OR") out.push(link.operator);
  }
  return tokens(link.right, out);
}

const literals: Record<string, Literal["type"]> = {
  STRING: "string",
  INTEGER: "number",
  DECIMAL: "number",
  BOOLEAN: "boolean",
  NULL: "null",
  DATE: "date",
  DATETIME: "datetime",
};
const operators = new Set(["=", "!=", "<", ">", "<=", ">=", "LIKE", "IN", "NOT IN"]);

function condition(left: Record<string, unknown>): Condition {
  if (typeof left.field !== "string") throw malformed("functions in WHERE are not supported by this org");
  const given = String(left.operator).toUpperCase();
  const op = given === "<>" ? "!=" : given;
  if (!operators.has(op)) throw malformed(`the operator '${op}' is not supported by this org`);
  const base = { path: left.field.split("."), op: op as Condition["op"] };
  if (left.valueQuery) return { ...base, values: [], subquery: convert(left.valueQuery as Record<string, unknown>) };
  const values = Array.isArray(left.value) ? (left.value as string[]) : [String(left.value)];
  const kinds = Array.isArray(left.literalType)
    ? (left.literalType as string[])
    : values.map(() => String(left.literalType));
  return {
    ...base,
    values: values.map((value, i) => {
      const type = literals[kinds[i] ?? ""];
      if (!type) throw malformed(`the literal '${value}' is not supported by this org`);
      return { type, value: type === "string" ? unquote(value) : value };
    }),
  };
}

const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };
/** `\%` and `\_` keep their backslash: they mean something to LIKE only. */
function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/gs, (all, c: string) => (c === "%" || c === "_" ? all : (escapes[c] ?? c)));
}

/** As on the platform, AND and OR side by side need parentheses. */
function expression(where: Link): Expression {
  const list = tokens(where);
  let at = 0;
  const term = (): Expression => {
    const token = list[at++];
    if (token === "NOT") return { kind: "not", part: term() };
    if (token === "(") {
      const inner = chain();
      if (list[at++] !== ")") throw malformed("unexpected token: <EOF>");
      return inner;
    }
    if (token === undefined || typeof token === "string") throw malformed(`unexpected token: ${token ?? "<EOF>"}`);
    return { kind: "condition", condition: token };
  };
  const chain = (): Expression => {
    const parts = [term()];
    const joined = list[at];
    while (list[at] === "AND" || list[at] === "OR") {
      if (list[at] !== joined) throw malformed(`unexpected token: '${joined === "AND" ? "OR" : "AND"}'`);
      at++;
      parts.push(term());
    }
    const [only] = parts;
    return parts.length === 1 && only ? only : { kind: joined === "OR" ? "or" : "and", parts };
  };
  const whole = chain();
  if (at < list.length) throw malformed("unexpected token: ')'");
  return whole;
}
