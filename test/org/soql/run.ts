/** Runs a query: which rows, in what order, and how to show them. */
import { PlatformError } from "../engine/errors.ts";
import type { Reader } from "../engine/rows.ts";
import type { Row, Schema, SObject, Value } from "../engine/schema.ts";
import { aggregate } from "./aggregate.ts";
import type { FilterContext } from "./filter.ts";
import { candidates, comparable, compileFilter } from "./filter.ts";
import type { ParsedQuery } from "./parse.ts";
import { malformed, parseSoql } from "./parse.ts";
import { resolvePath, valueAt } from "./paths.ts";
import type { Rendered } from "./render.ts";
import { compileRender } from "./render.ts";

export interface QueryEnv {
  schema: Schema;
  reader: Reader;
  apiVersion: string;
  /** queryAll: deleted rows too. */
  all: boolean;
  /** Object → rows a query on it may read before it has run for too long. */
  tooLong?: ReadonlyMap<string, number>;
}

export type QueryResult =
  | { kind: "count"; total: number }
  | { kind: "aggregate"; records: Rendered[] }
  /** Ids as of now; values are read when a page is fetched, as the platform does. */
  | { kind: "rows"; object: SObject; ids: string[]; show: (id: string) => Rendered | undefined };

export function runSoql(env: QueryEnv, soql: string): QueryResult {
  if (soql.length > 100_000) throw malformed("SOQL statement is too long: the limit is 100,000 characters");
  const query = parseSoql(soql);
  const object = env.schema.get(query.object);
  if (object.kind === "event")
    throw new PlatformError("INVALID_TYPE", `entity type ${object.name} does not support query`);
  const [first] = query.select;
  if (
    query.select.length === 1 &&
    first?.kind === "aggregate" &&
    first.fn === "COUNT" &&
    first.path === null &&
    !first.alias
  )
    return { kind: "count", total: matching(env, object, query).length };
  if (query.groupBy.length > 0 || query.select.some((s) => s.kind === "aggregate"))
    return {
      kind: "aggregate",
      records: window(
        query,
        aggregate(env.schema, env.reader, object, query, matching(env, object, { ...query, limit: null, offset: 0 })),
      ),
    };
  const render = renderer(env, object, query);
  const ids = matching(env, object, query).map((row) => String(row.Id));
  return {
    kind: "rows",
    object,
    ids,
    show: (id) => {
      const row = env.reader.get(object, id);
      return row && render(row);
    },
  };
}

function renderer(env: QueryEnv, object: SObject, query: ParsedQuery) {
  const children = (child: ParsedQuery, childObject: SObject, field: string, parentId: string): Rendered | null => {
    const show = renderer(env, childObject, child);
    const rows = matching(env, childObject, child, { field, id: parentId });
    return rows.length === 0 ? null : { totalSize: rows.length, done: true, records: rows.map(show) };
  };
  return compileRender({ ...env, object, children }, query.select);
}

const window = <T>(query: ParsedQuery, list: T[]): T[] => {
  if (query.offset > 2000) throw new PlatformError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000");
  return query.limit === null && query.offset === 0
    ? list
    : list.slice(query.offset, query.offset + (query.limit ?? list.length));
};

function matching(env: QueryEnv, object: SObject, query: ParsedQuery, below?: { field: string; id: string }): Row[] {
  const filter: FilterContext = { ...env, object, subquery: (c) => subqueryValues(env, c.subquery) };
  const keep = query.where ? compileFilter(filter, query.where) : () => true;
  const order = comparer(env, object, query);
  const from = below ? env.reader.related(object, below.field, below.id) : candidates(filter, query.where);
  const rows: Row[] = [];
  const most = env.tooLong?.get(object.name) ?? Infinity;
  let read = 0;
  for (const row of from) {
    if (++read > most) throw new PlatformError("QUERY_TIMEOUT", "Your query request was running for too long.");
    if ((env.all || row.IsDeleted !== true) && keep(row)) rows.push(row);
  }
  if (order) rows.sort(order);
  return window(query, rows);
}

function subqueryValues(env: QueryEnv, query: ParsedQuery | undefined): Value[] {
  const [only] = query?.select ?? [];
  if (!query || only?.kind !== "field" || query.select.length !== 1)
    throw malformed("a semi join selects exactly one field");
  const object = env.schema.get(query.object);
  const read = valueAt(env.schema, env.reader, resolvePath(env.schema, object, only.path));
  return matching(env, object, query)
    .map(read)
    .filter((v) => v !== null);
}

function comparer(env: QueryEnv, object: SObject, query: ParsedQuery): ((a: Row, b: Row) => number) | undefined {
  const keys = query.orderBy.map((o) => {
    const path = resolvePath(env.schema, object, o.path);
    if (path.field.type === "textarea" && path.field.length > 255)
      throw new PlatformError("INVALID_FIELD", `field '${path.field.name}' can not be sorted in a query call`);
    return { ...o, field: path.field, read: valueAt(env.schema, env.reader, path) };
  });
  if (keys.length === 0) return undefined;
  return (a, b) => {
    for (const key of keys) {
      const x = comparable(key.field, key.read(a));
      const y = comparable(key.field, key.read(b));
      if (x === y) continue;
      if (x === null) return key.nullsLast ? 1 : -1;
      if (y === null) return key.nullsLast ? -1 : 1;
      return x < y === key.descending ? 1 : -1;
    }
    return 0;
  };
}
