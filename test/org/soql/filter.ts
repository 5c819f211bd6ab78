/** WHERE → a predicate, and the cheapest way to the rows it can match. Two-valued logic, as SOQL has it. */
import { PlatformError } from "../engine/errors.ts";
import { normaliseId } from "../engine/ids.ts";
import type { Reader } from "../engine/rows.ts";
import type { Field, Row, Schema, SObject, Value } from "../engine/schema.ts";
import { isText } from "../engine/schema.ts";
import { isDate, parseDateTime } from "../engine/time.ts";
import type { Condition, Expression, Literal } from "./parse.ts";
import { resolvePath, valueAt } from "./paths.ts";

export interface FilterContext {
  schema: Schema;
  reader: Reader;
  object: SObject;
  /** Values a subquery selects, for `IN (SELECT …)`. */
  subquery: (condition: Condition) => Value[];
}
export type Predicate = (row: Row) => boolean;

export function compileFilter(ctx: FilterContext, expression: Expression): Predicate {
  switch (expression.kind) {
    case "and": {
      const parts = expression.parts.map((part) => compileFilter(ctx, part));
      return (row) => parts.every((part) => part(row));
    }
    case "or": {
      const parts = expression.parts.map((part) => compileFilter(ctx, part));
      return (row) => parts.some((part) => part(row));
    }
    case "not": {
      const part = compileFilter(ctx, expression.part);
      return (row) => !part(row);
    }
    case "condition":
      return compileCondition(ctx, expression.condition);
  }
}

function compileCondition(ctx: FilterContext, condition: Condition): Predicate {
  const path = resolvePath(ctx.schema, ctx.object, condition.path);
  const field = path.field;
  if (field.type === "textarea" && field.length > 255)
    throw new PlatformError("INVALID_FIELD", `field '${field.name}' can not be filtered in a query call`);
  const read = valueAt(ctx.schema, ctx.reader, path);
  const { op } = condition;
  if (op === "LIKE") {
    const pattern = condition.values[0];
    if (!isText(field.type) || pattern?.type !== "string")
      throw new PlatformError(
        "INVALID_QUERY_FILTER_OPERATOR",
        `invalid operator on ${field.type} field '${field.name}'`,
      );
    const like = likePattern(pattern.value);
    return (row) => {
      const value = read(row);
      return value !== null && like.test(String(value));
    };
  }
  const wanted = condition.subquery
    ? ctx.subquery(condition).map((v) => comparable(field, v))
    : condition.values.map((v) => comparable(field, literal(field, v)));
  if (op === "IN" || op === "NOT IN") {
    const set = new Set(wanted);
    return op === "IN"
      ? (row) => set.has(comparable(field, read(row)))
      : (row) => !set.has(comparable(field, read(row)));
  }
  const target = wanted[0] ?? null;
  if (op === "=") return (row) => comparable(field, read(row)) === target;
  if (op === "!=") return (row) => comparable(field, read(row)) !== target;
  if (field.type === "boolean" || target === null)
    throw new PlatformError("INVALID_QUERY_FILTER_OPERATOR", `invalid operator on ${field.type} field '${field.name}'`);
  return (row) => {
    const value = comparable(field, read(row));
    if (value === null) return false;
    if (op === "<") return value < target;
    if (op === ">") return value > target;
    if (op === "<=") return value <= target;
    return value >= target;
  };
}

/** Texts compare without case; ids with it. */
export function comparable(field: Field, value: Value): Value {
  return typeof value === "string" && isText(field.type) ? value.toLowerCase() : value;
}

const mismatch = (field: Field, wanted: string, enclosed: boolean): PlatformError =>
  new PlatformError(
    "INVALID_FIELD",
    `value of filter criterion for field '${field.name}' must be of type ${wanted} and should ${enclosed ? "" : "not "}be enclosed in quotes`,
  );

function literal(field: Field, given: Literal): Value {
  if (given.type === "null") return null;
  switch (field.type) {
    case "boolean":
      if (given.type !== "boolean") throw mismatch(field, "boolean", false);
      return given.value.toUpperCase() === "TRUE";
    case "int":
    case "double":
    case "currency":
    case "percent":
      if (given.type !== "number") throw mismatch(field, field.type === "int" ? "int" : "double", false);
      return Number(given.value);
    case "datetime": {
      // Milliseconds are compared as if they were absent.
      const stamp = given.type === "datetime" ? parseDateTime(given.value) : undefined;
      if (stamp === undefined) throw mismatch(field, "dateTime", false);
      return stamp;
    }
    case "date":
      if (given.type !== "date" || !isDate(given.value)) throw mismatch(field, "date", false);
      return given.value;
    case "id":
    case "reference": {
      if (given.type !== "string") throw mismatch(field, "reference", true);
      if (given.value === "") return null;
      const id = normaliseId(given.value);
      if (id === undefined)
        throw new PlatformError("INVALID_QUERY_FILTER_OPERATOR", `invalid ID field: ${given.value}`);
      return id;
    }
    default:
      if (given.type !== "string") throw mismatch(field, "string", true);
      return given.value === "" ? null : given.value;
  }
}

function likePattern(pattern: string): RegExp {
  const source = pattern.replace(/\\([%_])|[%_]|[.*+?^${}()|[\]\\]/g, (all, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped;
    if (all === "%") return ".*";
    if (all === "_") return ".";
    return `\\${all}`;
  });
  return new RegExp(`^${source}$`, "is");
}

/** Rows that can match: through an id, a lookup or SystemModstamp when the filter has one at its top, else all. */
export function candidates(ctx: FilterContext, where: Expression | null): Iterable<Row> {
  const tops = where === null ? [] : where.kind === "and" ? where.parts : [where];
  const conditions = tops.flatMap((part) => (part.kind === "condition" ? [part.condition] : []));
  const own = conditions.filter((c) => c.path.length === 1 && !c.subquery);
  const plain = own.flatMap((c) => {
    const field = ctx.object.fields.get(c.path[0]?.toLowerCase() ?? "");
    return field ? [{ field, op: c.op, values: c.values.map((v) => literal(field, v)) }] : [];
  });
  const byId = plain.find((c) => c.field.type === "id" && (c.op === "=" || c.op === "IN"));
  if (byId)
    return [...new Set(byId.values)].flatMap((id) => {
      const row = typeof id === "string" ? ctx.reader.get(ctx.object, id) : undefined;
      return row ? [row] : [];
    });
  const byLookup = plain.find(
    (c) =>
      c.field.type === "reference" &&
      c.field.name !== "OwnerId" &&
      c.field.createable &&
      (c.op === "=" || c.op === "IN") &&
      !c.values.includes(null),
  );
  if (byLookup)
    return [...new Set(byLookup.values)].flatMap((id) => [
      ...ctx.reader.related(ctx.object, byLookup.field.name, String(id)),
    ]);
  const since = plain.find((c) => c.field.name === "SystemModstamp" && [">", ">=", "="].includes(c.op));
  const from = since?.values[0];
  if (typeof from === "string") return ctx.reader.since(ctx.object, from);
  return ctx.reader.scan(ctx.object);
}
