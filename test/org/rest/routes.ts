/** REST paths, their call kinds and handlers. What is not listed here does not exist in this org. */
import { PlatformError } from "../engine/errors.ts";
import { collapse } from "../http.ts";
import { createRecords, deleteRecords, retrieveRecords, updateRecords, upsertRecords } from "./collections.ts";
import type { Dispatch } from "./composite.ts";
import { composite } from "./composite.ts";
import type { RestAnswer, RestContext } from "./context.ts";
import { notFound } from "./context.ts";
import { describeGlobal, describeObject, limits, objectInfo, resources } from "./describe.ts";
import { changeJob, createJob, deleteJob, jobResults, listJobs, readJob } from "./jobs.ts";
import { query, queryMore } from "./query.ts";
import { deletedRecords, updatedRecords } from "./replication.ts";
import { createRecord, deleteRecord, readRecord, updateRecord, upsertRecord } from "./sobjects.ts";

interface Route {
  method: string;
  pattern: RegExp;
  kind: string;
  handle: (ctx: RestContext) => RestAnswer;
}

const route = (method: string, path: string, kind: string, handle: Route["handle"]): Route => ({
  method,
  pattern: new RegExp(`^/services/data/v(\\d+\\.\\d)${path.replace(/:\w+/g, "([^/]+)")}/?$`),
  kind,
  handle,
});

const routes: Route[] = [
  route("GET", "", "resources", resources),
  route("GET", "/limits", "limits", limits),
  route("GET", "/query", "query", (ctx) => query(ctx, false)),
  route("GET", "/queryAll", "queryAll", (ctx) => query(ctx, true)),
  route("GET", "/query/:locator", "queryMore", queryMore),
  route("GET", "/sobjects", "describeGlobal", describeGlobal),
  route("GET", "/sobjects/:object", "describe", objectInfo),
  route("GET", "/sobjects/:object/describe", "describe", describeObject),
  route("POST", "/sobjects/:object", "create", createRecord),
  route("GET", "/sobjects/:object/updated", "updated", updatedRecords),
  route("GET", "/sobjects/:object/deleted", "deleted", deletedRecords),
  route("GET", "/sobjects/:object/:id", "read", readRecord),
  route("PATCH", "/sobjects/:object/:id", "update", updateRecord),
  route("DELETE", "/sobjects/:object/:id", "delete", deleteRecord),
  route("PATCH", "/sobjects/:object/:field/:value", "upsert", upsertRecord),
  route("POST", "/composite/sobjects", "collections.create", createRecords),
  route("PATCH", "/composite/sobjects", "collections.update", updateRecords),
  route("DELETE", "/composite/sobjects", "collections.delete", deleteRecords),
  route("POST", "/composite/sobjects/:object", "collections.retrieve", retrieveRecords),
  route("GET", "/composite/sobjects/:object", "collections.retrieve", retrieveRecords),
  route("PATCH", "/composite/sobjects/:object/:field", "collections.upsert", upsertRecords),
  route("POST", "/jobs/query", "bulk.create", createJob),
  route("GET", "/jobs/query", "bulk.list", listJobs),
  route("GET", "/jobs/query/:id", "bulk.read", readJob),
  route("PATCH", "/jobs/query/:id", "bulk.change", changeJob),
  route("DELETE", "/jobs/query/:id", "bulk.delete", deleteJob),
  route("GET", "/jobs/query/:id/results", "bulk.results", jobResults),
  route("POST", "/composite", "composite", (ctx) => composite(ctx, dispatch)),
];

const find = (method: string, path: string) => routes.find((r) => r.method === method && r.pattern.test(path));

/** The kind a call is counted and matched as; `unknown` for what has no route. */
export const kindOf = (method: string, path: string): string => find(method, path)?.kind ?? "unknown";

/** Platform headers this org takes; others are refused rather than passed over. */
const known = new Set([
  "sforce-auto-assign",
  "sforce-call-options",
  "sforce-query-options",
  "sforce-duplicate-rule-header",
]);

export function handleRest(base: Omit<RestContext, "apiVersion" | "params">, path: string): RestAnswer {
  const stranger = Object.keys(base.headers).find(
    (name) => (name.startsWith("sforce-") && !known.has(name)) || name === "if-match" || name === "if-none-match",
  );
  if (stranger !== undefined)
    throw new PlatformError("INVALID_HTTP_HEADER", `The header ${stranger} is not supported by this org.`);
  const found = find(base.method, path);
  if (!found) {
    if (routes.some((r) => r.pattern.test(path)))
      throw new PlatformError(
        "METHOD_NOT_ALLOWED",
        `HTTP Method '${base.method}' not allowed. Allowed are ${routes
          .filter((r) => r.pattern.test(path))
          .map((r) => r.method)
          .join(",")}`,
      );
    throw notFound();
  }
  const [apiVersion = "", ...params] = (found.pattern.exec(path) ?? []).slice(1).map(decodeURIComponent);
  checkVersion(apiVersion, base.org.apiVersion);
  return found.handle({ ...base, apiVersion, params });
}

function checkVersion(asked: string, newest: string): void {
  if (Number(asked) > Number(newest)) throw notFound();
  if (Number(asked) < 31)
    throw new PlatformError("UNSUPPORTED_API_VERSION", `API version ${asked} is retired. Use 31.0 or later.`, {
      status: 410,
    });
}

const dispatch: Dispatch = {
  kind: (method, path) => kindOf(method, collapse(path)),
  run: (ctx, request) => {
    const url = new URL(request.url, "http://org.invalid");
    const path = collapse(url.pathname);
    if (kindOf(request.method, path) === "composite")
      throw new PlatformError("INVALID_SUBREQUEST", "A composite cannot hold a composite.");
    return handleRest(
      { ...ctx, method: request.method, query: url.searchParams, headers: request.headers, body: request.body },
      path,
    );
  },
};

export const versions = (newest: string): unknown =>
  ["65.0", "66.0", "67.0", "68.0"]
    .filter((v) => Number(v) <= Number(newest))
    .map((version) => ({ label: `Release ${version}`, url: `/services/data/v${version}`, version }));
