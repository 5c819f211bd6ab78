/**
 * An authenticated endpoint, declared once: what it takes, what it answers, who may call it and how often. The API, the
 * OpenAPI document and the access tests all read the same declaration. A route holds no rule of its own: one validator,
 * one call, one status.
 */
import { z, type RouteConfig } from "@hono/zod-openapi";
import type { Context } from "../context.ts";
import { Invalid, LanternError } from "../errors.ts";
import type { Tx } from "../store/store.ts";
import { defaultMaxBytes } from "./body.ts";
import { problemsOf } from "./field-problems.ts";
import type { LimitClass } from "./limits.ts";
import { documentedRoute } from "./openapi.ts";
import type { Scope } from "./scopes.ts";

/** What a handler answers; anything but success is thrown as a LanternError. */
export interface Answer {
  status?: 200 | 201 | 202;
  /** An object is sent as JSON, with `success: true` before it; text as it is, with its `contentType`. */
  body: object | string;
  headers?: Record<string, string>;
  contentType?: string;
}

export interface Input<B, Q, P> {
  body: B;
  query: Q;
  params: P;
}

type Handling<I> =
  /** GET, PUT and DELETE: repeating them does no harm. */
  | { idempotent: "none"; handler: (ctx: Context, input: I) => Promise<Answer> }
  /** A POST that calls the outside: claim / work / answer. `ctx.requestId` is the first attempt's, to go on from it. */
  | { idempotent: "outside"; handler: (ctx: Context, input: I) => Promise<Answer> }
  /** A POST that only changes the database: claim, work and answer in the one transaction it is given. */
  | { idempotent: "database"; handler: (tx: Tx, ctx: Context, input: I) => Promise<Answer> };

export interface Documented {
  method: "get" | "post" | "put" | "delete";
  /** With parameters in braces: `/v1/keys/{id}`. */
  path: string;
  tag: string;
  summary: string;
  description: string;
  scope: Scope;
  response: {
    status?: 200 | 201 | 202;
    description?: string;
    schema: z.ZodType;
    example?: unknown;
    /** Other content types it can answer. */
    also?: Record<string, { schema: z.ZodType; example?: unknown }>;
  };
  bodyExample?: unknown;
  /** Statuses beside those that every such endpoint has: 402, 404, 409, 503. */
  errors?: readonly number[];
  /** The answer carries `processing_time_ms`. */
  timed?: boolean;
  /** false: the answer has no `success` (polling status, run status). */
  wrapped?: boolean;
}

export type RouteSpec<B extends z.ZodType, Q extends z.ZodObject, P extends z.ZodObject> = Documented & {
  limitClass: LimitClass | ((query: Record<string, string>) => LimitClass);
  body?: B;
  query?: Q;
  params?: P;
  /** Default 1 MiB; batches take 8 MiB. */
  maxBodyBytes?: number;
  /** The answer holds a secret: what is kept for the Idempotency-Key is sealed with the caller's own key. */
  sealed?: boolean;
  /** Whether this input writes to the org: a test key cannot do that to a production org. */
  writesToOrg?: (input: Input<z.output<B>, z.output<Q>, z.output<P>>) => boolean;
} & Handling<Input<z.output<B>, z.output<Q>, z.output<P>>>;

export interface RawInput {
  body: unknown;
  query: Record<string, string>;
  params: Record<string, string>;
}

export type Bound = { writesToOrg: boolean } & (
  | { kind: "outside"; run: (ctx: Context) => Promise<Answer> }
  | { kind: "database"; run: (tx: Tx, ctx: Context) => Promise<Answer> }
);

/** A declared endpoint, its types closed over. */
export interface Route {
  readonly spec: Documented;
  readonly method: Documented["method"];
  readonly path: string;
  readonly scope: Scope;
  readonly idempotent: "none" | "outside" | "database";
  readonly maxBodyBytes: number;
  readonly sealed: boolean;
  readonly openapi: RouteConfig;
  limitClassOf(query: Record<string, string>): LimitClass;
  /** @throws Invalid (422) naming each field; bad_id (400) for the path. */
  bind(raw: RawInput): Bound;
}

const nothing = z.strictObject({});

export function route<
  B extends z.ZodType = typeof nothing,
  Q extends z.ZodObject = typeof nothing,
  P extends z.ZodObject = typeof nothing,
>(spec: RouteSpec<B, Q, P>): Route {
  if ((spec.method === "post") !== (spec.idempotent !== "none"))
    throw new Error(`${spec.method} ${spec.path}: every POST, and only a POST, takes an Idempotency-Key`);
  const { limitClass, writesToOrg } = spec;
  type Given = Input<z.output<B>, z.output<Q>, z.output<P>>;
  return {
    spec,
    method: spec.method,
    path: spec.path,
    scope: spec.scope,
    idempotent: spec.idempotent,
    maxBodyBytes: spec.maxBodyBytes ?? defaultMaxBytes,
    sealed: spec.sealed ?? false,
    openapi: documentedRoute(spec, { body: spec.body, query: spec.query, params: spec.params }),
    limitClassOf: (query) => (typeof limitClass === "string" ? limitClass : limitClass(query)),
    bind(raw) {
      const params = (spec.params ?? nothing).safeParse(raw.params);
      if (!params.success)
        throw new LanternError(`The path is not valid: ${problemsOf(params.error, "path", raw.params)[0]?.msg ?? ""}`, {
          code: "bad_id",
        });
      const query = (spec.query ?? nothing).safeParse(raw.query);
      const body = (spec.body ?? nothing).safeParse(raw.body === undefined && !spec.body ? {} : raw.body);
      if (!query.success || !body.success)
        throw new Invalid("Some fields are not valid; see detail.", [
          ...(query.success ? [] : problemsOf(query.error, "query", raw.query)),
          ...(body.success ? [] : problemsOf(body.error, "body", raw.body)),
        ]);
      // Each of the three was parsed by the schema its type comes from, or by `nothing`, which is the type's default.
      const input = { body: body.data, query: query.data, params: params.data } as Given;
      const writes = writesToOrg?.(input) ?? false;
      if (spec.idempotent === "database") {
        const { handler } = spec;
        return { writesToOrg: writes, kind: "database", run: (tx, ctx) => handler(tx, ctx, input) };
      }
      const { handler } = spec;
      return { writesToOrg: writes, kind: "outside", run: (ctx) => handler(ctx, input) };
    },
  };
}
