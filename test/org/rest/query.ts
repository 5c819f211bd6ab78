import { PlatformError } from "../engine/errors.ts";
import { columnsOf } from "../soql/columns.ts";
import { runSoql } from "../soql/run.ts";
import type { RestAnswer, RestContext } from "./context.ts";
import { queryEnv } from "./context.ts";

/** The platform allows at least 200 rows a page. */
function batchSize(ctx: RestContext): number | undefined {
  const asked = /batchSize\s*=\s*(\d+)/i.exec(ctx.headers["sforce-query-options"] ?? "")?.[1];
  return asked === undefined ? undefined : Math.min(2000, Math.max(200, Number(asked)));
}

export function query(ctx: RestContext, all: boolean): RestAnswer {
  const soql = ctx.query.get("q");
  if (soql === null) throw new PlatformError("MALFORMED_QUERY", "A query string has to be specified");
  if (ctx.query.get("columns") === "true") return { status: 200, body: columnsOf(ctx.org.schema, soql) };
  const result = runSoql(queryEnv(ctx, all), soql);
  if (result.kind === "count") return { status: 200, body: { totalSize: result.total, done: true, records: [] } };
  if (result.kind === "aggregate")
    return { status: 200, body: { totalSize: result.records.length, done: true, records: result.records } };
  return { status: 200, body: ctx.cursors.first(result, batchSize(ctx), ctx.apiVersion) };
}

export const queryMore = (ctx: RestContext): RestAnswer => ({
  status: 200,
  body: ctx.cursors.next(ctx.params[0] ?? "", ctx.apiVersion),
});
