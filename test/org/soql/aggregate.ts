/** GROUP BY and the aggregate functions. */
import { PlatformError } from "../engine/errors.ts";
import type { Reader } from "../engine/rows.ts";
import type { Row, Schema, SObject, Value } from "../engine/schema.ts";
import { comparable } from "./filter.ts";
import type { ParsedQuery } from "./parse.ts";
import type { Rendered } from "./render.ts";
import { resolvePath, valueAt } from "./paths.ts";

export function aggregate(
  schema: Schema,
  reader: Reader,
  object: SObject,
  query: ParsedQuery,
  rows: Row[],
): Rendered[] {
  const grouped = query.groupBy.map((name) => resolvePath(schema, object, name.split(".")));
  const keys = grouped.map((path) => ({ path, read: valueAt(schema, reader, path) }));
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = JSON.stringify(keys.map(({ path, read }) => comparable(path.field, read(row))));
    const members = groups.get(key);
    if (members) members.push(row);
    else groups.set(key, [row]);
  }
  if (keys.length === 0 && groups.size === 0) groups.set("", []);
  return [...groups.values()].map((members) => {
    const out: Rendered = { attributes: { type: "AggregateResult" } };
    let unnamed = 0;
    for (const item of query.select) {
      if (item.kind === "aggregate")
        out[item.alias ?? `expr${unnamed++}`] = compute(schema, reader, object, item.fn, item.path, members);
      else if (
        item.kind === "field" &&
        query.groupBy.some((g) => g.toLowerCase() === item.path.join(".").toLowerCase())
      ) {
        const path = resolvePath(schema, object, item.path);
        const [first] = members;
        out[path.field.name] = first ? valueAt(schema, reader, path)(first) : null;
      } else
        throw new PlatformError(
          "MALFORMED_QUERY",
          `Field must be grouped or aggregated: ${item.kind === "field" ? item.path.join(".") : item.relationship}`,
        );
    }
    return out;
  });
}

function compute(
  schema: Schema,
  reader: Reader,
  object: SObject,
  fn: string,
  path: string[] | null,
  rows: Row[],
): Value {
  if (path === null) return rows.length;
  const read = valueAt(schema, reader, resolvePath(schema, object, path));
  const values = rows.map(read).filter((v) => v !== null);
  if (fn === "COUNT") return values.length;
  if (fn === "COUNT_DISTINCT") return new Set(values).size;
  if (values.length === 0) return null;
  if (fn === "MIN" || fn === "MAX") return values.reduce((a, b) => ((fn === "MIN") === b < a ? b : a));
  const sum = values.reduce<number>((a, b) => a + Number(b), 0);
  return fn === "SUM" ? sum : sum / values.length;
}
