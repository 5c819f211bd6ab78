/** `/jobs/query`: Bulk API 2.0 query jobs over REST. */
import { delimiters, lineEndings } from "../bulk/csv.ts";
import { PlatformError } from "../engine/errors.ts";
import type { SObject, Value } from "../engine/schema.ts";
import { parseSoql } from "../soql/parse.ts";
import type { ParsedQuery } from "../soql/parse.ts";
import { resolvePath } from "../soql/paths.ts";
import { runSoql } from "../soql/run.ts";
import type { RestAnswer, RestContext } from "./context.ts";
import { jsonObject, queryEnv } from "./context.ts";

const known = new Set(["operation", "query", "contentType", "columnDelimiter", "lineEnding"]);

export function createJob(ctx: RestContext): RestAnswer {
  const given = jsonObject(ctx.body);
  for (const name of Object.keys(given))
    if (!known.has(name)) throw new PlatformError("JSON_PARSER_ERROR", `Unrecognized field "${name}"`);
  const operation = given.operation;
  if (operation !== "query" && operation !== "queryAll")
    throw new PlatformError("INVALIDOPERATION", `Operation ${String(operation)} is not supported for query jobs.`);
  if (typeof given.query !== "string") throw new PlatformError("MALFORMED_QUERY", "A query string has to be specified");
  const soql = given.query;
  const query = parseSoql(soql);
  checkBulk(query);
  const object = ctx.org.schema.get(query.object);
  const paths = pathsOf(ctx, object, query);
  return {
    status: 200,
    body: ctx.jobs.create({
      operation,
      object: object.name,
      columns: paths.map((path) => path.join(".")),
      read: () => {
        const result = runSoql(queryEnv(ctx, operation === "queryAll"), soql);
        if (result.kind !== "rows") return [];
        return result.ids.flatMap((id) => {
          const row = result.show(id);
          return row ? [paths.map((path) => valueIn(row, path))] : [];
        });
      },
      columnDelimiter: oneOf(given.columnDelimiter, delimiters, "COMMA"),
      lineEnding: oneOf(given.lineEnding, lineEndings, "LF"),
      apiVersion: ctx.apiVersion,
      userId: ctx.userId,
    }),
  };
}

function checkBulk(query: ParsedQuery): void {
  const refuse = (what: string) => new PlatformError("API_ERROR", `${what} is not supported in Bulk Query`);
  if (query.groupBy.length > 0) throw refuse("GROUP BY");
  if (query.offset > 0) throw refuse("OFFSET");
  if (query.select.some((item) => item.kind === "aggregate")) throw refuse("An aggregate function");
  if (query.select.some((item) => item.kind === "children")) throw refuse("A parent-to-child subquery");
}

/** The columns in the org's own spelling. */
const pathsOf = (ctx: RestContext, object: SObject, query: ParsedQuery): string[][] =>
  query.select.flatMap((item) => {
    if (item.kind !== "field") return [];
    const path = resolvePath(ctx.org.schema, object, item.path);
    return [[...path.hops.map((hop) => hop.name), path.field.name]];
  });

function valueIn(row: Record<string, unknown>, path: readonly string[]): Value {
  let at: unknown = row;
  for (const name of path) at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[name] : null;
  return (at ?? null) as Value;
}

function oneOf(given: unknown, allowed: Record<string, string>, fallback: string): string {
  if (given === undefined) return fallback;
  if (typeof given === "string" && given in allowed) return given;
  throw new PlatformError(
    "JSON_PARSER_ERROR",
    `${JSON.stringify(given)} is not one of ${Object.keys(allowed).join(", ")}`,
  );
}

const idOf = (ctx: RestContext): string => ctx.params[0] ?? "";

export const listJobs = (ctx: RestContext): RestAnswer => ({
  status: 200,
  body: { done: true, records: ctx.jobs.list(), nextRecordsUrl: null },
});
export const readJob = (ctx: RestContext): RestAnswer => ({ status: 200, body: ctx.jobs.look(idOf(ctx)) });

export function changeJob(ctx: RestContext): RestAnswer {
  const { state } = jsonObject(ctx.body);
  if (state !== "Aborted") throw new PlatformError("INVALIDJOBSTATE", "A query job can only be set to Aborted.");
  return { status: 200, body: ctx.jobs.abort(idOf(ctx)) };
}
export function deleteJob(ctx: RestContext): RestAnswer {
  ctx.jobs.remove(idOf(ctx));
  return { status: 204 };
}

export function jobResults(ctx: RestContext): RestAnswer {
  const asked = ctx.query.get("maxRecords");
  const maxRecords = asked === null ? null : Number(asked);
  if (maxRecords !== null && !(Number.isSafeInteger(maxRecords) && maxRecords > 0))
    throw new PlatformError("INVALID_ARGUMENT", `maxRecords must be a positive number: ${asked ?? ""}`);
  const page = ctx.jobs.results(idOf(ctx), { maxRecords, locator: ctx.query.get("locator") });
  return {
    status: 200,
    text: page.csv,
    type: "text/csv",
    headers: { "Sforce-Locator": page.locator, "Sforce-NumberOfRecords": String(page.rows) },
  };
}
