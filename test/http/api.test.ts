import { z } from "@hono/zod-openapi";
import { expect, it } from "vitest";
import { Unavailable } from "../../service/errors.ts";
import { keyGuard, memoryLimits, route, type Route } from "../../service/http/index.ts";
import { testApi, testOrgId, type TestApiOptions } from "../support/api.ts";
import { onBothStores } from "../support/stores.ts";

interface ErrorAnswer {
  success: boolean;
  error: string;
  request_id: string;
  details: { code: string };
  detail?: { loc: unknown[]; msg: string; type: string }[];
  retry_after?: number;
}
const bodyOf = async (answer: Response) => (await answer.json()) as ErrorAnswer;

const seen: unknown[] = [];
const documented = { tag: "Test", summary: "s", description: "d", scope: "match", limitClass: "match" } as const;
const routes: Route[] = [
  route({
    ...documented,
    method: "post",
    path: "/v1/echo/{id}",
    params: z.strictObject({ id: z.string().regex(/^\d+$/) }),
    query: z.strictObject({ loud: z.enum(["yes", "no"]).optional() }),
    body: z.strictObject({
      name: z.string(),
      tags: z.array(z.number()).optional(),
      free: z.record(z.string(), z.unknown()).optional(),
    }),
    response: { schema: z.object({ name: z.string(), tenant: z.number() }) },
    timed: true,
    writesToOrg: ({ body }) => body.name === "write",
    idempotent: "outside",
    handler: async (ctx, { body, params, query }) => {
      seen.push({ custom: ctx.custom, orgId: ctx.orgId, params, query });
      return { body: { name: body.name, tenant: ctx.tenant } };
    },
  }),
  route({
    ...documented,
    method: "get",
    path: "/v1/broken",
    response: { schema: z.object({}) },
    idempotent: "none",
    handler: async () => Promise.reject(new Error("password=hunter2 at /srv/secret.ts")),
  }),
  route({
    ...documented,
    method: "get",
    path: "/v1/away",
    response: { schema: z.object({}) },
    idempotent: "none",
    handler: async () => Promise.reject(new Unavailable("The directory is not configured.", { retryAfterMs: 5_000 })),
  }),
];

onBothStores("the API's frame", (open) => {
  const start = async (given: Partial<TestApiOptions> = {}) => testApi({ store: await open(), routes, ...given });

  it("a good request is answered with success first, the time last and every promised header", async () => {
    const api = await start({ credits: 125_050 });
    const answer = await api.send("POST", "/v1/echo/7?loud=yes", {
      body: { name: "x" },
      headers: { "X-Lantern-Custom": "team=emea", "X-Request-Id": "mine" },
    });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('{"success":true,"name":"x","tenant":1,"processing_time_ms":0}');
    const { headers } = answer;
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(headers.get("x-credits-remaining")).toBe("1250.5");
    expect(Number(headers.get("x-ratelimit-remaining"))).toBe(Number(headers.get("x-ratelimit-limit")) - 1);
    expect(Number(headers.get("x-ratelimit-reset"))).toBeGreaterThanOrEqual(api.clock.now() / 1000);
    expect(headers.get("x-request-id")).toMatch(/^req_/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(seen.at(-1)).toEqual({
      custom: { team: "emea" },
      orgId: testOrgId,
      params: { id: "7" },
      query: { loud: "yes" },
    });
  });

  it.each([
    ["no key", null],
    ["something else than a key", "x"],
    ["a mistyped key", `ltn_live_${"a".repeat(12)}_${"b".repeat(36)}`],
  ])("%s is 401, and nothing is done", async (_, key) => {
    const api = await start();
    const before = seen.length;
    const answer = await api.send("POST", "/v1/echo/7", { key, body: { name: "x" } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    expect(await bodyOf(answer)).toMatchObject({ success: false, details: { code: "unauthenticated" } });
    expect(seen.length).toBe(before);
  });

  it("a key without the scope is 403, naming it, with the headers of an authenticated answer", async () => {
    const api = await start();
    const key = await api.makeKey({ scopes: ["credits", "admin"] });
    const answer = await api.send("POST", "/v1/echo/7", { key, body: { name: "x" } });
    expect(answer.status).toBe(403);
    expect(await bodyOf(answer)).toMatchObject({ details: { code: "missing_scope", scope: "match" } });
    expect(answer.headers.get("x-ratelimit-limit")).not.toBeNull();
    expect(answer.headers.get("x-credits-remaining")).toBe("1000");
  });

  it("every field that is wrong is named", async () => {
    const api = await start();
    const answer = await api.send("POST", "/v1/echo/7?loud=very&quiet=1", { body: { tags: [1, "2"], nickname: "x" } });
    expect(answer.status).toBe(422);
    const { detail, details } = await bodyOf(answer);
    expect(details.code).toBe("invalid_fields");
    expect(detail?.map((d) => [d.loc.join("."), d.type])).toEqual([
      ["query.loud", "invalid_value"],
      ["query.quiet", "unknown_field"],
      ["body.name", "missing"],
      ["body.tags.1", "wrong_type"],
      ["body.nickname", "unknown_field"],
    ]);
  });

  it.each<[string, { body: string; headers?: Record<string, string> }, number, string]>([
    ["half a body", { body: '{"name":' }, 400, "malformed_json"],
    ["no JSON type", { body: "{}", headers: { "Content-Type": "text/plain" } }, 415, "unsupported_media_type"],
    ["a compressed body", { body: "{}", headers: { "Content-Encoding": "gzip" } }, 415, "unsupported_media_type"],
    ["more than 1 MiB", { body: JSON.stringify({ name: "x".repeat(1024 * 1024) }) }, 413, "too_large"],
    ["a prototype", { body: '{"name":"x","free":{"__proto__":{"a":1}}}' }, 422, "invalid_fields"],
    ["text no database takes", { body: '{"name":"a\\u0000b"}' }, 422, "invalid_fields"],
    ["a list for an object", { body: "[]" }, 422, "invalid_fields"],
    ["no body", { body: "" }, 422, "invalid_fields"],
    [
      "an unusable Idempotency-Key",
      { body: '{"name":"x"}', headers: { "Idempotency-Key": "a b" } },
      422,
      "invalid_fields",
    ],
    ["unusable pairs", { body: '{"name":"x"}', headers: { "X-Lantern-Custom": "team" } }, 422, "invalid_fields"],
  ])("%s is refused with the status the contract names", async (_, sent, status, code) => {
    const api = await start();
    const before = seen.length;
    const answer = await api.send("POST", "/v1/echo/7", sent);
    expect([answer.status, (await bodyOf(answer)).details.code]).toEqual([status, code]);
    expect(seen.length).toBe(before);
  });

  it("a body without a length is cut off at the limit", async () => {
    const api = await start();
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const answer = await api.app.request("/v1/echo/7", {
      method: "POST",
      headers: { Authorization: `Bearer ${api.key}`, "Content-Type": "application/json" },
      body,
      duplex: "half",
    });
    expect(answer.status).toBe(413);
    expect(pulled).toBeLessThan(2 * 1024 * 1024);
  });

  it("a body that breaks off is the caller's fault, and nothing is done", async () => {
    const api = await start();
    const before = seen.length;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
      },
    });
    const answer = await api.app.request("/v1/echo/7", {
      method: "POST",
      headers: { Authorization: `Bearer ${api.key}`, "Content-Type": "application/json" },
      body,
      duplex: "half",
    });
    expect([answer.status, seen.length]).toEqual([400, before]);
  });

  it("a path that cannot name anything is 400", async () => {
    const api = await start();
    expect((await api.send("POST", "/v1/echo/abc", { body: { name: "x" } })).status).toBe(400);
    expect((await api.send("POST", "/v1/echo/%00", { body: { name: "x" } })).status).toBe(400);
  });

  it("an unknown path is 404, a known one with another method 405 with what it takes", async () => {
    const api = await start();
    const unknown = await api.send("GET", "/v1/nothing");
    expect([unknown.status, (await bodyOf(unknown)).request_id]).toEqual([404, unknown.headers.get("x-request-id")]);
    const other = await api.send("DELETE", "/v1/keys");
    expect([other.status, other.headers.get("allow")]).toEqual([405, "GET, POST"]);
    expect((await bodyOf(other)).details.code).toBe("method_not_allowed");
  });

  it("a defect is 500 and tells nothing; the log has it, with the request's id", async () => {
    const api = await start();
    const answer = await api.send("GET", "/v1/broken");
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(text).not.toMatch(/hunter2|secret\.ts/);
    expect(api.logged()).toContain("hunter2");
    expect(text).toContain(answer.headers.get("x-request-id"));
  });

  it("a part that is down is 503, naming it and when to come back", async () => {
    const api = await start();
    const answer = await api.send("GET", "/v1/away");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await bodyOf(answer)).toMatchObject({ error: "The directory is not configured.", retry_after: 5 });
  });

  it("a key that has used up its requests is 429 with the time to wait, and other keys go on", async () => {
    const api = await start();
    const key = await api.makeKey({ limits: { match: 2 } });
    const other = await api.makeKey({ limits: { match: 2 } });
    const send = (k: string) => api.send("POST", "/v1/echo/7", { key: k, body: { name: "x" } });
    expect([(await send(key)).status, (await send(key)).status]).toEqual([200, 200]);
    const refused = await send(key);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("x-ratelimit-remaining")).toBe("0");
    const { retry_after } = await bodyOf(refused);
    expect(refused.headers.get("retry-after")).toBe(String(retry_after));
    expect(retry_after).toBeGreaterThan(0);
    expect(retry_after).toBeLessThanOrEqual(60);
    expect((await send(other)).status).toBe(200);
  });

  it("whoever tries keys is slowed down, before any key is looked at", async () => {
    const api = await start({ guard: keyGuard(3), limits: memoryLimits() });
    for (let i = 0; i < 3; i++) expect((await api.send("GET", "/v1/keys", { key: `guess-${i}` })).status).toBe(401);
    const refused = await api.send("GET", "/v1/keys");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("a test key cannot write to a production org, and can ask without writing", async () => {
    const api = await start({ sandbox: false });
    const key = await api.makeKey({ mode: "test" });
    const send = (name: string) => api.send("POST", "/v1/echo/7", { key, body: { name } });
    expect((await send("write")).status).toBe(403);
    expect((await send("ask")).status).toBe(200);
  });

  it("neither the key nor the query ever reaches the log", async () => {
    const api = await start();
    await api.send("POST", "/v1/echo/7?loud=yes", { body: { name: "canary@example.com" } });
    await api.send("POST", "/v1/echo/7?email=canary@example.com", { key: "ltn_live_canary", body: { name: "x" } });
    expect(api.logged()).toContain('"route":"/v1/echo/{id}"');
    expect(api.logged()).not.toMatch(/canary/);
    expect(api.logged()).not.toContain(api.key.slice(-20));
  });
});
