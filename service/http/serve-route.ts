/** One request to a declared route: who, how often, may they, what, once, answer. */
import type { Context as Call } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Context } from "../context.ts";
import { Invalid, LanternError } from "../errors.ts";
import { addressOf } from "./address.ts";
import type { ApiDeps, Env } from "./api.ts";
import { readJson } from "./body.ts";
import type { Caller } from "./caller.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { bearerOf, customPairsOf, idempotencyKeyOf } from "./headers.ts";
import type { Attempt, StoredAnswer } from "./idempotency.ts";
import { textProblem } from "./json-rules.ts";
import type { KeyGuard } from "./limits.ts";
import { answerOnce } from "./once.ts";
import type { Answer, Bound, RawInput, Route } from "./route.ts";

interface Served {
  deps: ApiDeps;
  guard: KeyGuard;
  route: Route;
}

export async function serveRoute(served: Served, c: Call<Env>): Promise<Response> {
  const { deps, route } = served;
  c.set("route", route);
  const { caller, presented } = await authenticated(served, c);
  c.set("caller", caller);
  await takeTurn(served, c, caller);
  if (!caller.scopes.includes(route.scope))
    throw new LanternError(`This API key lacks the scope ${route.scope}.`, {
      code: "missing_scope",
      details: { scope: route.scope },
    });
  const raw = await readInput(c, route);
  const bound = route.bind(raw);
  if (bound.writesToOrg && caller.mode === "test" && caller.production)
    throw new LanternError("A test key cannot write to a production org. Use a live key, or dry_run where it exists.", {
      code: "test_key",
    });
  const ctx = contextOf(deps, c, caller);
  const attempt = attemptOf(c, route, caller, raw);
  const { answer, requestId, replayed } = await answerOnce({
    ctx: attempt ? { ...ctx, idempotencyKey: attempt.key } : ctx,
    work: workOf(deps, c, route, bound),
    ...(attempt ? { attempt } : {}),
    ...(route.sealed ? { sealFor: presented } : {}),
  });
  // An attempt that goes on from an earlier one, and an answer that is repeated, go by the first one's name.
  c.set("requestId", requestId);
  if (replayed) c.header("Idempotent-Replayed", "true");
  return c.body(answer.body, answer.status as ContentfulStatusCode, answer.headers);
}

async function authenticated({ deps, guard }: Served, c: Call<Env>): Promise<{ caller: Caller; presented: string }> {
  const presented = bearerOf(c.req.header("authorization"));
  if (presented === null)
    throw new LanternError("Send your API key in the header Authorization: Bearer <key>.", { code: "unauthenticated" });
  const address = addressOf({
    socketAddress: socketAddressOf(c),
    forwardedFor: c.req.header("x-forwarded-for"),
    trustedProxies: deps.trustedProxies ?? 0,
  });
  const waitMs = await guard.waitMs(address);
  if (waitMs > 0) throw tooMany("Too many refused API keys came from this address.", waitMs);
  const caller = await deps.authenticate(presented);
  if (caller) return { caller, presented };
  await guard.refused(address);
  throw new LanternError("This API key is not known, or it was revoked or has expired.", { code: "unauthenticated" });
}

/** The node server puts the incoming message there; requests made in process have none. */
function socketAddressOf(c: Call<Env>): string | undefined {
  const env = c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined;
  return env?.incoming?.socket?.remoteAddress;
}

async function takeTurn({ deps, route }: Served, c: Call<Env>, caller: Caller): Promise<void> {
  const limitClass = route.limitClassOf(c.req.query());
  const limit = await deps.limits.take(limitClass, caller.keyId, caller.limits[limitClass]);
  c.set("limit", limit);
  if (!limit.allowed)
    throw tooMany(`This API key may send ${limit.limit} such requests a minute (${limitClass}).`, limit.resetMs);
}

const tooMany = (message: string, waitMs: number) =>
  new LanternError(`${message} Wait for the seconds in Retry-After.`, {
    code: "rate_limited",
    retryAfterMs: Math.max(1, waitMs),
  });

async function readInput(c: Call<Env>, route: Route): Promise<RawInput> {
  const query = c.req.query();
  for (const [name, value] of Object.entries(query)) {
    const msg = textProblem(value) ?? textProblem(name);
    if (msg)
      throw new Invalid("A query parameter is not valid; see detail.", [
        { loc: ["query", name], msg, type: "bad_text" },
      ]);
  }
  const params = c.req.param() as Record<string, string>;
  for (const value of Object.values(params))
    if (textProblem(value)) throw new LanternError("The path is not valid.", { code: "bad_id" });
  const takesBody = route.method === "post" || route.method === "put";
  return { query, params, body: takesBody ? await readJson(c.req.raw, route.maxBodyBytes) : undefined };
}

function contextOf(deps: ApiDeps, c: Call<Env>, caller: Caller): Context {
  const requestId = c.get("requestId");
  return {
    tenant: caller.tenant,
    actor: { kind: "key", keyId: caller.keyId, mode: caller.mode, scopes: caller.scopes },
    store: deps.store,
    clock: deps.clock,
    ids: deps.ids,
    log: deps.log.child({ request_id: requestId, tenant: caller.tenant }),
    requestId,
    custom: customPairsOf(c.req.header("x-lantern-custom")),
    ...(caller.orgId === null ? {} : { orgId: caller.orgId }),
  };
}

function attemptOf(c: Call<Env>, route: Route, caller: Caller, raw: RawInput): Attempt | undefined {
  if (route.idempotent === "none") return undefined;
  const key = idempotencyKeyOf(c.req.header("idempotency-key"));
  if (key === null) return undefined;
  const { body, params, query } = raw;
  return {
    tenant: caller.tenant,
    endpoint: `POST ${route.path}`,
    key,
    fingerprint: fingerprintOf({ body, params, query, orgId: caller.orgId }),
    requestId: c.get("requestId"),
  };
}

function workOf(deps: ApiDeps, c: Call<Env>, route: Route, bound: Bound) {
  const render = (answer: Answer) => rendered(route, answer, deps.clock.now() - c.get("startedAt"));
  return bound.kind === "database"
    ? {
        kind: bound.kind,
        run: async (...given: Parameters<typeof bound.run>) => render(await bound.run(...given)),
      }
    : {
        kind: bound.kind,
        run: async (...given: Parameters<typeof bound.run>) => render(await bound.run(...given)),
      };
}

function rendered(route: Route, { status, body, headers, contentType }: Answer, ms: number): StoredAnswer {
  const { wrapped, timed } = route.spec;
  const whole =
    typeof body === "string"
      ? body
      : JSON.stringify({
          ...(wrapped === false ? {} : { success: true }),
          ...body,
          ...(timed ? { processing_time_ms: Math.max(0, Math.round(ms)) } : {}),
        });
  const type =
    contentType ?? (typeof body === "string" ? "text/plain; charset=utf-8" : "application/json; charset=utf-8");
  return { status: status ?? 200, headers: { "Content-Type": type, ...headers }, body: whole };
}
