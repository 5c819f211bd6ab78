/** One REST request, or one subrequest of a composite, on its way to a handler. */
import { PlatformError } from "../engine/errors.ts";
import type { SaveOptions } from "../engine/dml.ts";
import type { Finished } from "../engine/locks.ts";
import type { Org } from "../engine/org.ts";
import type { Reader } from "../engine/rows.ts";
import type { QueryJobs } from "../bulk/query-jobs.ts";
import type { SObject } from "../engine/schema.ts";
import type { Transaction } from "../engine/transaction.ts";
import type { QueryEnv } from "../soql/run.ts";
import type { ApiUsage } from "../usage.ts";
import type { Cursors } from "./cursors.ts";

export interface RestAnswer {
  status: number;
  body?: unknown;
  /** In place of a JSON body. */
  text?: string;
  type?: string;
  headers?: Record<string, string>;
}

export interface RestContext {
  org: Org;
  cursors: Cursors;
  usage: ApiUsage;
  jobs: QueryJobs;
  /** What `/limits` tells: name → allowed and used. */
  allowances: () => Record<string, { max: number; used: number }>;
  userId: string;
  /** `67.0`, as the caller's path names it. */
  apiVersion: string;
  method: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string | undefined>>;
  /** Parsed JSON; undefined when there was none. */
  body: unknown;
  /** What the route's pattern caught, decoded. */
  params: string[];
  /** Parts of this call that are committed already, when it is begun again after a wait for a lock. */
  finished: Finished;
  /** The transaction of a composite with allOrNone; else each handler makes its own. */
  tx: Transaction | null;
}

export const readerOf = (ctx: RestContext): Reader => ctx.tx ?? ctx.org.rows;

export const queryEnv = (ctx: RestContext, all: boolean): QueryEnv => ({
  schema: ctx.org.schema,
  reader: readerOf(ctx),
  apiVersion: ctx.apiVersion,
  all,
  tooLong: ctx.org.queryLimits,
});

/** All of `work` or nothing of it. */
export function write<T>(ctx: RestContext, work: (tx: Transaction) => T): T {
  const { tx } = ctx;
  return tx ? tx.attempt(() => work(tx)) : ctx.org.transact(ctx.userId, work);
}

/** REST runs assignment rules unless told not to. */
export function saveOptions(ctx: RestContext): SaveOptions {
  const assign = ctx.headers["sforce-auto-assign"]?.toUpperCase() ?? "TRUE";
  const duplicates = ctx.headers["sforce-duplicate-rule-header"] ?? "";
  return { assign: assign !== "FALSE", allowDuplicates: /allowSave\s*=\s*true/i.test(duplicates) };
}

export const notFound = (message = "The requested resource does not exist") => new PlatformError("NOT_FOUND", message);

/** The object of a path; an unknown one is an unknown resource. */
export function objectOf(ctx: RestContext, name: string | undefined): SObject {
  const object = ctx.org.schema.find(name ?? "");
  if (!object) throw notFound();
  return object;
}

export function jsonObject(body: unknown): Record<string, unknown> {
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw new PlatformError(
    "JSON_PARSER_ERROR",
    "The HTTP entity body is required, but this request has no entity body or it is not a JSON object.",
  );
}
