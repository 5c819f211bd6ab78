/** Reading: queries, pages, rows by id. */
import { z } from "zod";
import { rowFailures, rowOf } from "./answers.ts";
import { readInBatches } from "./batches.ts";
import type { Call, Calls } from "./calls.ts";
import { SalesforceError } from "./errors.ts";
import { getId } from "./ids.ts";
import type { CallOptions, QueryPage, QueryRequest, Row, RowFailure } from "./port.ts";
import { checkedName, idIn, select } from "./soql.ts";
import { CompositeAnswer, shaped } from "./shapes.ts";

const Page = z.object({ records: z.array(z.unknown()), done: z.boolean(), nextRecordsUrl: z.string().optional() });

function pageOf(value: unknown): QueryPage {
  const page = shaped(Page, value, "read", "the query");
  const next = page.nextRecordsUrl ?? null;
  if (!page.done && next === null)
    throw new SalesforceError(
      "transient",
      "INCOMPLETE_PAGE",
      "Salesforce broke off a query without saying where it goes on.",
    );
  return { rows: page.records.map(rowOrNothing), done: page.done, next };
}

/** What is no record becomes a row without fields: whoever needs its Id finds none, and the page's others are kept. */
const rowOrNothing = (record: unknown): Row =>
  typeof record === "object" && record !== null && !Array.isArray(record) ? rowOf(record) : {};

/** The platform's limit for a URL, less room for the rest of the request line. */
const longestPath = 16_000;
const pathOf = ({ soql, all }: QueryRequest): string => `/${all ? "queryAll" : "query"}?q=${encodeURIComponent(soql)}`;

/** @throws SalesforceError when it does not fit into a URL. */
export function queryPath(request: QueryRequest): string {
  const path = pathOf(request);
  if (path.length <= longestPath) return path;
  throw new SalesforceError(
    "permanent",
    "QUERY_TOO_LONG",
    "The query does not fit into a URL (16 KB); split its lists, some 400 ids each.",
  );
}

export async function query(calls: Calls, request: QueryRequest, options?: CallOptions): Promise<QueryPage> {
  const path = queryPath(request);
  return pageOf(await calls.json({ kind: "query", method: "GET", path, effect: "read" }, options));
}

export async function queryMore(calls: Calls, next: string, options?: CallOptions): Promise<QueryPage> {
  if (!/^\/services\/data\/v\d+\.\d\/[\w/-]+$/.test(next))
    throw new SalesforceError("permanent", "INVALID_QUERY_LOCATOR", "That is not a query's next page.");
  return pageOf(await calls.json({ kind: "query", method: "GET", path: next, effect: "read" }, options));
}

export type QueryOutcome = { ok: true; page: QueryPage } | { ok: false; errors: RowFailure[] };

/** One composite call of at most five queries, the platform's limit. */
export async function queries(
  calls: Calls,
  apiVersion: string,
  requests: readonly QueryRequest[],
  options?: CallOptions,
): Promise<QueryOutcome[]> {
  if (requests.length === 0) return [];
  if (requests.length > 5) throw new RangeError("One call takes at most five queries.");
  const body = JSON.stringify({
    allOrNone: false,
    compositeRequest: requests.map((request, i) => ({
      method: "GET",
      url: `/services/data/v${apiVersion}${pathOf(request)}`,
      referenceId: `q${i}`,
    })),
  });
  const call: Call = { kind: "queries", method: "POST", path: "/composite", effect: "read", body };
  const answer = shaped(CompositeAnswer(requests.length), await calls.json(call, options), "read", "the queries");
  return answer.compositeResponse.map((part): QueryOutcome => {
    if (part.httpStatusCode === 200) return { ok: true, page: pageOf(part.body) };
    const errors = rowFailures(part.body);
    return {
      ok: false,
      errors: errors.length
        ? errors
        : [{ statusCode: `HTTP_${part.httpStatusCode}`, message: "No reason given.", fields: [] }],
    };
  });
}

export async function retrieve(
  calls: Calls,
  object: string,
  ids: readonly string[],
  fields: readonly string[],
  options?: CallOptions,
): Promise<(Row | null)[]> {
  const path = `/composite/sobjects/${checkedName(object)}`;
  const names = fields.map((field) => checkedName(field));
  // Collections know an object's own fields only; a parent's (`Account.Name`) take a query.
  if (names.some((name) => name.includes("."))) return byQuery(calls, object, ids, names, options);
  return readInBatches(ids.map(getId), 200, async (batch) => {
    const body = JSON.stringify({ ids: batch, fields: names });
    const answer = await calls.json({ kind: "retrieve", method: "POST", path, effect: "read", body }, options);
    const rows = shaped(z.array(z.unknown()).length(batch.length), answer, "read", "the records");
    return rows.map((row) => (row === null ? null : rowOf(row)));
  });
}

async function byQuery(
  calls: Calls,
  object: string,
  ids: readonly string[],
  fields: readonly string[],
  options?: CallOptions,
): Promise<(Row | null)[]> {
  return readInBatches(ids.map(getId), 200, async (batch) => {
    const soql = select({ fields: [...new Set(["Id", ...fields])], from: object, where: idIn("Id", batch) });
    const page = await query(calls, { soql }, options);
    const rows = [...page.rows];
    for (let more = page; !more.done && more.next !== null; rows.push(...more.rows))
      more = await queryMore(calls, more.next, options);
    const byId = new Map(rows.map((row) => [row["Id"], row]));
    return batch.map((id) => byId.get(id) ?? null);
  });
}
