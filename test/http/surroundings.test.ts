import { z } from "@hono/zod-openapi";
import pg from "pg";
import { Registry } from "prom-client";
import { expect, inject, it } from "vitest";
import { creditRoutes } from "../../service/credits/index.ts";
import { memoryLimits, postgresLimits, route, serveApi } from "../../service/http/index.ts";
import { logRoutes } from "../../service/logs/index.ts";
import { testApi } from "../support/api.ts";
import { onBothStores } from "../support/stores.ts";

const routes = [...creditRoutes, ...logRoutes];

onBothStores("what stands around the API", (open, dialect) => {
  it("it is alive without asking anything, and ready when every part is", async () => {
    const parts = { database: async () => ({ ok: true }), salesforce: async () => ({ ok: true }) };
    const api = await testApi({ store: await open(), parts });
    expect(await (await api.send("GET", "/health", { key: null })).json()).toEqual({ status: "ok" });
    const ready = await api.send("GET", "/ready", { key: null });
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { ready: true, parts: { database: { ok: true }, salesforce: { ok: true } } },
    ]);
  });

  it("a part that fails, says no or is silent is named, without its innards", async () => {
    const parts = {
      database: async () => ({ ok: true }),
      salesforce: async () => Promise.reject(new Error("token=abc")),
      stream: async () => ({ ok: false, reason: "not connected" }),
      poll: () => new Promise<never>(() => undefined),
    };
    const api = await testApi({ store: await open(), parts });
    const asked = api.send("GET", "/ready", { key: null });
    await new Promise<void>((resolve) => setImmediate(resolve));
    await api.clock.advance(2_000);
    const ready = await asked;
    expect([ready.status, await ready.json()]).toEqual([
      503,
      {
        ready: false,
        parts: {
          database: { ok: true },
          salesforce: { ok: false, reason: "failed; see the service's log" },
          stream: { ok: false, reason: "not connected" },
          poll: { ok: false, reason: "did not answer within 2 seconds" },
        },
      },
    ]);
  });

  it("figures are counted by route, never by what a caller chose", async () => {
    const api = await testApi({ store: await open(), routes, metrics: new Registry() });
    await api.send("GET", "/v1/credits/remaining");
    await api.send("GET", "/v1/canary");
    await api.send("DELETE", "/v1/keys/canary");
    const text = await (await api.send("GET", "/metrics", { key: null })).text();
    expect(text).toContain('lantern_http_requests_total{route="/v1/credits/remaining",method="GET",status="200"} 1');
    expect(text).toContain('lantern_http_requests_total{route="other",method="GET",status="404"} 1');
    expect(text).not.toContain("canary");
  });

  it("the OpenAPI document describes every declared route, with examples its own schema accepts", async () => {
    const api = await testApi({ store: await open(), routes });
    const answer = await api.send("GET", "/openapi.json", { key: null });
    const document = (await answer.json()) as {
      openapi: string;
      components: { securitySchemes: object };
      paths: Record<string, Record<string, { security: object[]; parameters?: { name: string }[]; responses: object }>>;
    };
    expect(document.openapi).toBe("3.1.0");
    expect(document.components.securitySchemes).toMatchObject({ apiKey: { type: "http", scheme: "bearer" } });
    const described = Object.entries(document.paths).flatMap(([path, verbs]) =>
      Object.keys(verbs).map((verb) => `${verb} ${path}`),
    );
    expect(described.sort()).toEqual(
      [
        "delete /v1/keys/{id}",
        "get /v1/credits/remaining",
        "get /v1/credits/usage",
        "get /v1/keys",
        "get /v1/logs/routing",
        "post /v1/credits/grants",
        "post /v1/keys",
      ].sort(),
    );
    for (const [, verbs] of Object.entries(document.paths))
      for (const [verb, operation] of Object.entries(verbs)) {
        expect(operation.security).toEqual([{ apiKey: [] }]);
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(["401", "403", "422", "429"]));
        if (verb === "post") expect(operation.parameters?.map((p) => p.name)).toContain("Idempotency-Key");
      }
    for (const { spec } of routes)
      if (spec.response.schema instanceof z.ZodObject && spec.response.example !== undefined)
        expect(spec.response.schema.safeParse(spec.response.example).success, spec.path).toBe(true);
  });

  it("every declared endpoint refuses each wrong key the same way and does nothing", async () => {
    const api = await testApi({ store: await open(), routes });
    const expired = await api.makeKey({ expires_at: new Date(api.clock.now() + 1_000).toISOString() });
    await api.clock.advance(1_000);
    const paths = routes.map((r) => ({ method: r.method.toUpperCase(), path: r.path.replace("{id}", "a".repeat(12)) }));
    for (const { method, path } of paths) {
      const body = method === "POST" ? { body: {} } : {};
      for (const key of [null, "x", expired])
        expect((await api.send(method, path, { key, ...body })).status, `${method} ${path}`).toBe(401);
      const basic = await api.app.request(path, { method, headers: { Authorization: `Basic ${api.key}` } });
      expect(basic.status).toBe(401);
      const scopeless = await api.makeKey({ scopes: ["forms"] });
      expect((await api.send(method, path, { key: scopeless, ...body })).status, `${method} ${path}`).toBe(403);
    }
  });

  it("the server tells its real port, answers, and stops only after what is under way", async () => {
    let arrived = () => {};
    let go = () => {};
    const here = new Promise<void>((resolve) => (arrived = resolve));
    const slow = route({
      method: "get",
      path: "/v1/slow",
      tag: "Test",
      summary: "s",
      description: "d",
      scope: "match",
      limitClass: "match",
      response: { schema: z.object({ done: z.boolean() }) },
      idempotent: "none",
      handler: async () => {
        arrived();
        await new Promise<void>((resolve) => (go = resolve));
        return { body: { done: true } };
      },
    });
    const api = await testApi({ store: await open(), routes: [slow] });
    const server = await serveApi({ fetch: api.app.fetch, port: 0, hostname: "127.0.0.1" });
    const url = `http://127.0.0.1:${server.port}`;
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const asked = fetch(`${url}/v1/slow`, { headers: { Authorization: `Bearer ${api.key}` } });
    await here;
    const stopped = server.stop();
    go();
    expect(await (await asked).json()).toEqual({ success: true, done: true });
    await stopped;
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  it("a port that is taken is an error, not a silence", async () => {
    const api = await testApi({ store: await open() });
    const first = await serveApi({ fetch: api.app.fetch, port: 0, hostname: "127.0.0.1" });
    await expect(serveApi({ fetch: api.app.fetch, port: first.port, hostname: "127.0.0.1" })).rejects.toThrow(
      /EADDRINUSE/,
    );
    await first.stop();
  });

  it("a key's requests are counted together on all instances, and a burst is allowed where it is promised", async () => {
    const pools: pg.Pool[] = [];
    const instance = async () => {
      if (dialect === "sqlite") return memoryLimits();
      const pool = new pg.Pool({ connectionString: `${inject("postgresServer")}/postgres`, max: 2 });
      pools.push(pool);
      return postgresLimits(pool);
    };
    const key = `key-${process.pid}-${dialect}`;
    const one = await instance();
    // SQLite means one process, so the one instance is all.
    const two = dialect === "sqlite" ? one : await instance();
    const taken = await Promise.all(Array.from({ length: 60 }, (_, i) => (i % 2 ? one : two).take("convert", key)));
    expect(taken.filter((t) => t.allowed)).toHaveLength(50);
    expect(taken.find((t) => !t.allowed)).toMatchObject({ limit: 50, remaining: 0 });
    expect(await one.take("convert", `${key}-other`)).toMatchObject({ allowed: true, remaining: 49 });
    const forms = await Promise.all(Array.from({ length: 6 }, () => one.take("forms", key, 3)));
    expect(forms.every((t) => t.allowed)).toBe(true);
    await Promise.all(pools.map((pool) => pool.end()));
  });
});
