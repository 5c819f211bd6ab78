import { z } from "@hono/zod-openapi";
import { expect, it } from "vitest";
import { grant, balanceOf } from "../../service/credits/index.ts";
import { Conflict, NotFound, Unavailable } from "../../service/errors.ts";
import { forgetOldAnswers, route, type Route } from "../../service/http/index.ts";
import { testApi, type TestApi } from "../support/api.ts";
import { onBothStores } from "../support/stores.ts";

/** What the outside verb does next, and what it has been asked to do. */
interface Outside {
  calls: { requestId: string | undefined; name: string }[];
  next: () => Promise<void>;
}

function routesOf(outside: Outside): Route[] {
  const shared = {
    method: "post",
    tag: "Test",
    summary: "s",
    description: "d",
    scope: "match",
    limitClass: "match",
    body: z.strictObject({ name: z.string(), more: z.array(z.number()).optional() }),
    response: { schema: z.object({ name: z.string() }) },
    timed: true,
  } as const;
  return [
    route({
      ...shared,
      path: "/v1/outside/{id}",
      params: z.strictObject({ id: z.string() }),
      idempotent: "outside",
      handler: async (ctx, { body }) => {
        outside.calls.push({ requestId: ctx.requestId, name: body.name });
        await outside.next();
        return { body: { name: body.name, request_id: ctx.requestId }, headers: { "X-Made": "yes" } };
      },
    }),
    route({
      ...shared,
      path: "/v1/database",
      idempotent: "database",
      handler: async (tx, ctx, { body }) => {
        await grant(tx, ctx, 100, "test");
        if (body.name === "short") throw new Conflict("Not now.", { code: "not_now" });
        return { status: 201, body: { name: body.name, request_id: ctx.requestId } };
      },
    }),
  ];
}

const gate = () => {
  let open = () => {};
  const closed = new Promise<void>((resolve) => (open = resolve));
  return { closed, open };
};

onBothStores("Idempotency-Key", (open) => {
  const start = async () => {
    const store = await open();
    const outside: Outside = { calls: [], next: async () => undefined };
    const api = await testApi({ store, routes: routesOf(outside), credits: 100 });
    const post = (path: string, body: unknown, key = "k", by?: string) =>
      api.send("POST", path, { body, headers: { "Idempotency-Key": key }, ...(by ? { key: by } : {}) });
    const granted = async () => (await store.read((tx) => balanceOf(tx, 1))).granted / 100 - 1;
    return { store, api, outside, post, granted };
  };
  const codeOf = async (answer: Response) => ((await answer.json()) as { details: { code: string } }).details.code;

  it.each(["/v1/outside/1", "/v1/database"])("%s sent again gets the first answer, byte for byte", async (path) => {
    const { api, post, outside, granted } = await start();
    const first = await post(path, { name: "x", more: [1] });
    await api.clock.advance(60_000);
    const again = await post(path, { more: [1], name: "x" }, '"k"');
    expect(again.status).toBe(first.status);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    for (const name of ["x-made", "content-type", "x-request-id"])
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    expect(await again.text()).toBe(await first.text());
    expect(outside.calls.length + (await granted())).toBe(1);
  });

  it.each(["/v1/outside/1", "/v1/database"])("%s: a hundred at once have one effect and one answer", async (path) => {
    const { post, outside, granted } = await start();
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(path, { name: "x" })));
    const good = answers.filter((a) => a.status < 300);
    expect(answers.filter((a) => a.status >= 300 && a.status !== 409)).toEqual([]);
    expect(new Set(await Promise.all(good.map((a) => a.text()))).size).toBe(1);
    expect(outside.calls.length + (await granted())).toBe(1);
  });

  it("another body, another path or another org under the same key is 422, and nothing is done", async () => {
    const { api, post, outside } = await start();
    await post("/v1/outside/1", { name: "x" });
    const orgless = await api.makeKey({}, 1, null);
    const others = [
      await post("/v1/outside/1", { name: "y" }),
      await post("/v1/outside/2", { name: "x" }),
      await post("/v1/outside/1", { name: "x" }, "k", orgless),
    ];
    expect(others.map((a) => a.status)).toEqual([422, 422, 422]);
    expect(await others[0]?.json()).toMatchObject({
      details: { code: "idempotency_mismatch" },
      detail: [{ loc: ["header", "Idempotency-Key"] }],
    });
    expect(outside.calls).toHaveLength(1);
  });

  it("a key belongs to one tenant and one endpoint", async () => {
    const { api, post, outside } = await start();
    const other = await api.makeKey({}, 2);
    expect((await post("/v1/outside/1", { name: "x" })).status).toBe(200);
    expect((await post("/v1/outside/1", { name: "theirs" }, "k", other)).status).toBe(200);
    expect((await post("/v1/database", { name: "x" })).status).toBe(201);
    expect(outside.calls.map((call) => call.name)).toEqual(["x", "theirs"]);
  });

  it("while the first is under way another is 409 with a time to wait, afterwards it gets the answer", async () => {
    const { post, outside } = await start();
    const { closed, open: go } = gate();
    const begun = gate();
    outside.next = async () => {
      begun.open();
      await closed;
    };
    const first = post("/v1/outside/1", { name: "x" });
    await begun.closed;
    const second = await post("/v1/outside/1", { name: "x" });
    expect(second.status).toBe(409);
    expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await codeOf(second)).toBe("idempotency_in_flight");
    go();
    const text = await (await first).text();
    expect(await (await post("/v1/outside/1", { name: "x" })).text()).toBe(text);
    expect(outside.calls).toHaveLength(1);
  });

  it("an attempt that fell silent is taken over after a minute, under the first one's request id", async () => {
    const { api, post, outside } = await start();
    const { closed, open: go } = gate();
    const begun = gate();
    outside.next = async () => {
      begun.open();
      await closed;
    };
    const first = post("/v1/outside/1", { name: "x" });
    await begun.closed;
    await api.clock.advance(59_999);
    expect((await post("/v1/outside/1", { name: "x" })).status).toBe(409);
    await api.clock.advance(1);
    outside.next = async () => undefined;
    const second = await post("/v1/outside/1", { name: "x" });
    expect(second.status).toBe(200);
    expect(outside.calls[1]?.requestId).toBe(outside.calls[0]?.requestId);
    expect(second.headers.get("x-request-id")).toBe(outside.calls[0]?.requestId);
    // The first wakes up late: what was answered stays the answer.
    go();
    expect(await (await first).text()).toBe(await second.text());
  });

  it("a refusal is not remembered: the same key may be sent again", async () => {
    const { post, outside, granted } = await start();
    outside.next = async () => Promise.reject(new NotFound("No such lead."));
    expect((await post("/v1/outside/1", { name: "x" })).status).toBe(404);
    outside.next = async () => undefined;
    expect((await post("/v1/outside/1", { name: "y" })).status).toBe(200);
    expect(outside.calls[0]?.requestId).not.toBe(outside.calls[1]?.requestId);
    expect((await post("/v1/database", { name: "short" })).status).toBe(409);
    expect(await granted()).toBe(0);
    expect((await post("/v1/database", { name: "enough" })).status).toBe(201);
    expect(await granted()).toBe(1);
  });

  it("after an unknown outcome the next attempt goes on at once from what the first began", async () => {
    const { post, outside } = await start();
    outside.next = async () => Promise.reject(new Unavailable("Salesforce does not answer."));
    expect((await post("/v1/outside/1", { name: "x" })).status).toBe(503);
    expect((await post("/v1/outside/1", { name: "y" })).status).toBe(422);
    outside.next = async () => undefined;
    expect((await post("/v1/outside/1", { name: "x" })).status).toBe(200);
    expect(outside.calls).toHaveLength(2);
    expect(outside.calls[1]?.requestId).toBe(outside.calls[0]?.requestId);
  });

  it("a body that is refused by validation claims nothing", async () => {
    const { post, outside } = await start();
    expect((await post("/v1/outside/1", { nome: "x" })).status).toBe(422);
    expect((await post("/v1/outside/1", { name: "x" })).status).toBe(200);
    expect(outside.calls).toHaveLength(1);
  });

  it("after 24 hours a key is new again, and old answers can be forgotten", async () => {
    const { store, api, post, outside } = await start();
    const send = async () => (await post("/v1/outside/1", { name: "x" })).headers.get("idempotent-replayed");
    await send();
    await post("/v1/outside/1", { name: "x" }, "another");
    await api.clock.advance(24 * 3_600_000 - 1);
    expect(await send()).toBe("true");
    await api.clock.advance(1);
    expect(await send()).toBeNull();
    expect(outside.calls).toHaveLength(3);
    expect(await forgetOldAnswers(store, api.clock.now())).toBe(1);
    expect(await send()).toBe("true");
  });

  it("without a key every request is its own", async () => {
    const { api, outside } = await start();
    const send = (from: TestApi) => from.send("POST", "/v1/outside/1", { body: { name: "x" } });
    await send(api);
    await send(api);
    expect(outside.calls).toHaveLength(2);
  });
});
