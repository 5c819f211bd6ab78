/**
 * The HTTP API: a frame around every request (id, headers, log, error bodies), the declared routes, and 404 or 405 for
 * everything else. It knows no capability; the composition root gives it their routes.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context as Call, MiddlewareHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Registry } from "prom-client";
import type { Base } from "../context.ts";
import { LanternError, NotFound } from "../errors.ts";
import type { Authenticate, Caller } from "./caller.ts";
import { errorAnswer } from "./errors.ts";
import { addHealth, type Parts } from "./health.ts";
import { keyGuard, type KeyGuard, type LimitState, type RateLimits } from "./limits.ts";
import { httpMetrics } from "./metrics.ts";
import type { Route } from "./route.ts";
import { serveRoute } from "./serve-route.ts";

export interface ApiDeps extends Base {
  routes: readonly Route[];
  authenticate: Authenticate;
  /** What the tenant has left, hundredths of a credit. */
  creditsLeft: (tenant: number) => Promise<number>;
  limits: RateLimits;
  /** Default: 30 refused keys a minute from one address. */
  guard?: KeyGuard;
  /** What `/ready` asks, by name. */
  parts?: Parts;
  /** What `/metrics` shows; the HTTP figures are added to it. */
  metrics?: Registry;
  version?: string;
  /** Proxies of ours in front of the service; see address.ts. */
  trustedProxies?: number;
}

/** What one request has gathered so far. */
export interface Vars {
  requestId: string;
  startedAt: number;
  route?: Route;
  caller?: Caller;
  limit?: LimitState;
}

export type Env = { Variables: Vars };
export type Api = OpenAPIHono<Env>;

const securityHeaders = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
  "Cache-Control": "no-store",
};

export function createApi(deps: ApiDeps): Api {
  const app: Api = new OpenAPIHono<Env>();
  const guard = deps.guard ?? keyGuard();
  const observe = deps.metrics ? httpMetrics(deps.metrics) : undefined;

  const frame: MiddlewareHandler<Env> = async (c, next) => {
    // Always our own: ledger entries, turns and stored answers are keyed by it, so a caller must not choose it.
    c.set("requestId", deps.ids.next("req"));
    c.set("startedAt", deps.clock.now());
    await next();
    await finish(deps, c);
    observe?.({
      route: c.get("route")?.path ?? "other",
      method: c.req.method,
      status: c.res.status,
      ms: elapsed(deps, c),
    });
  };
  app.use("*", frame);

  addHealth(app, deps);
  const known = new Map<string, { match: RegExp; methods: Set<string> }>();
  for (const route of deps.routes) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ":$1");
    app.on(route.method.toUpperCase(), path, (c) => serveRoute({ deps, guard, route }, c));
    app.openAPIRegistry.registerPath(route.openapi);
    const entry = known.get(route.path) ?? { match: patternOf(route.path), methods: new Set<string>() };
    entry.methods.add(route.method.toUpperCase());
    known.set(route.path, entry);
  }

  app.notFound((c) => {
    const methods = new Set([...known.values()].filter((k) => k.match.test(c.req.path)).flatMap((k) => [...k.methods]));
    if (methods.size === 0) return refuse(c, new NotFound(`There is nothing at ${c.req.path}.`));
    const allow = [...methods].sort().join(", ");
    const error = new LanternError(`${c.req.path} takes ${allow}.`, { code: "method_not_allowed" });
    return refuse(c, error, { Allow: allow });
  });
  app.onError((error, c) => {
    const answer = refuse(c, error);
    if (answer.status === 500)
      deps.log.error({ err: error, request_id: c.get("requestId"), route: c.get("route")?.path }, "a request failed");
    return answer;
  });
  return app;
}

function refuse(c: Call<Env>, error: unknown, headers: Record<string, string> = {}): Response {
  const { status, headers: own, body } = errorAnswer(error, c.get("requestId"));
  return c.json(body, status as ContentfulStatusCode, { ...own, ...headers });
}

/** The headers and the log line that every answer gets, whichever way it came about. */
async function finish(deps: ApiDeps, c: Call<Env>): Promise<void> {
  const { headers } = c.res;
  for (const [name, value] of Object.entries(securityHeaders)) if (!headers.has(name)) headers.set(name, value);
  headers.set("X-Request-Id", c.get("requestId"));
  const limit = c.get("limit");
  if (limit) {
    headers.set("X-RateLimit-Limit", String(limit.limit));
    headers.set("X-RateLimit-Remaining", String(limit.remaining));
    headers.set("X-RateLimit-Reset", String(Math.ceil((deps.clock.now() + limit.resetMs) / 1000)));
  }
  const caller = c.get("caller");
  if (caller)
    try {
      headers.set("X-Credits-Remaining", String((await deps.creditsLeft(caller.tenant)) / 100));
    } catch (err) {
      // The work is done and paid; its answer must not be lost for a header.
      deps.log.error({ err, request_id: c.get("requestId") }, "could not read the balance for a header");
    }
  deps.log.info(
    {
      request_id: c.get("requestId"),
      caller_request_id: c.req.header("x-request-id")?.slice(0, 128),
      method: c.req.method,
      // The route, not the address: queries and paths may hold what a log should not.
      route: c.get("route")?.path,
      status: c.res.status,
      ms: elapsed(deps, c),
      tenant: caller?.tenant,
      key: caller?.keyId,
    },
    "request",
  );
}

const elapsed = (deps: ApiDeps, c: Call<Env>) => Math.max(0, Math.round(deps.clock.now() - c.get("startedAt")));

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll(/\{\w+\}/g, "[^/]+")}$`);
