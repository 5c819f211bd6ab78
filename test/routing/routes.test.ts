import { expect, it } from "vitest";
import { defaultPrices } from "../../service/credits/index.ts";
import { Worker } from "../../service/queue/worker.ts";
import { routingRoutes, syncPools, writeOwnerHandler, writeOwnerKind } from "../../service/routing/index.ts";
import { pino } from "pino";
import { testApi } from "../support/api.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { onBothStores } from "../support/stores.ts";
import { FakeOrg, failure } from "./fake-org.ts";
import { found, leadId, orgId, turnsOf, userId } from "./setting.ts";

onBothStores("the routing endpoints", (open) => {
  const setting = async (given: { credits?: number } = {}) => {
    const store = await open();
    const clock = new ManualClock();
    const org = new FakeOrg();
    org.set(leadId(1), userId(999));
    const connection = () => org;
    const api = await testApi({ store, clock, ...given, routes: routingRoutes({ connection, prices: defaultPrices }) });
    const pools = found({ emea: [{ user: 1 }, { user: 2 }, { user: 3, pausedUntil: clock.now() + 60_000 }] });
    await store.write((tx) => syncPools(tx, { orgId, tenant: 1, now: clock.now() }, pools));
    const log = pino({ level: "silent" });
    const makeWorker = () =>
      new Worker({
        ...{ store, clock, log, name: "w", idleMs: 60_000 },
        handlers: { [writeOwnerKind]: writeOwnerHandler({ store, clock, log, ids: api.ids, connection }) },
      });
    const ask = async (body: object = {}, headers: Record<string, string> = {}) => {
      const sent = { object: "Lead", sf_id: leadId(1).slice(0, 15), pool: "emea", ...body };
      const response = await api.send("POST", "/v1/routing/assign", { body: sent, headers });
      return {
        status: response.status,
        headers: response.headers,
        body: (await response.json()) as Record<string, unknown>,
      };
    };
    return { store, clock, org, api, makeWorker, ask };
  };
  const working = async <T>(makeWorker: () => Worker, work: () => Promise<T>): Promise<T> => {
    const worker = makeWorker();
    worker.start();
    try {
      return await work();
    } finally {
      await worker.stop();
    }
  };

  it("assigns, waits for Salesforce and answers every documented field", async () => {
    const { ask, makeWorker, org } = await setting();
    const { status, body } = await working(makeWorker, () => ask());
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      assigned_to: userId(1),
      sequence: 1,
      pool_size: 2,
      timestamp: "2026-11-23T10:00:00.000Z",
      credits_consumed: 1,
      credits_remaining: 999,
      cached: false,
      object: "lead",
      sf_id: leadId(1),
      pool: "emea",
      reason: "User 1 was next in pool emea (turn 1); User 3 was skipped: paused.",
      prev_owner: userId(999),
      next_up: userId(2),
      skipped: [{ user_id: userId(3), name: "User 3", reason: "paused" }],
      write: "done",
      dry_run: false,
      processing_time_ms: 0,
    });
    expect(org.owner(leadId(1))).toBe(userId(1));
    const again = await ask();
    expect(again.body).toMatchObject({ assigned_to: userId(1), cached: true, credits_consumed: 0, write: "done" });
  });

  it("answers pending when Salesforce takes longer than ten seconds", async () => {
    const { ask, clock, store } = await setting();
    const answer = ask();
    while ((await turnsOf(store, "emea")).length === 0) await clock.advance(0);
    let over = false;
    void answer.then(() => (over = true));
    while (!over) await clock.advance(500);
    expect((await answer).body).toMatchObject({ write: "pending", credits_consumed: 1 });
    expect((await answer).body["processing_time_ms"]).toBeGreaterThanOrEqual(10_000);
  });

  it("tells of a write that failed for good, and that it cost nothing", async () => {
    const { ask, makeWorker, org } = await setting();
    org.beforeWrite = () => failure("INACTIVE_OWNER_OR_USER");
    const { body } = await working(makeWorker, () => ask());
    expect(body).toMatchObject({ write: "failed", credits_consumed: 0, credits_remaining: 1000, sequence: 1 });
  });

  it("repeats the first answer byte for byte for the same Idempotency-Key", async () => {
    const { ask, makeWorker, store } = await setting();
    const reset = { reset_rules: { reason: "bad_fit" } };
    const key = { "Idempotency-Key": "k1" };
    const [first, second] = await working(makeWorker, async () => [await ask(reset, key), await ask(reset, key)]);
    expect(second?.headers.get("Idempotent-Replayed")).toBe("true");
    expect(second?.body).toEqual(first?.body);
    const third = await working(makeWorker, () => ask(reset, { "Idempotency-Key": "k2" }));
    expect(third.body["sequence"]).toBe(2);
    expect(await turnsOf(store, "emea")).toHaveLength(2);
  });

  it("with dry_run says who would be next and moves nothing", async () => {
    const { ask, store, org } = await setting();
    const { body } = await ask({ dry_run: true });
    expect(body).toMatchObject({
      assigned_to: userId(1),
      sequence: 1,
      next_up: userId(2),
      credits_consumed: 0,
      dry_run: true,
    });
    const top = { reset_rules: { reason: "r", place_user_at_top: userId(2) } };
    expect((await ask({ dry_run: true, ...top })).body).toMatchObject({ assigned_to: userId(2), next_up: userId(1) });
    expect(body).not.toHaveProperty("write");
    expect(await turnsOf(store, "emea")).toEqual([]);
    expect(org.writes).toEqual([]);
  });

  it.each([
    [{ pool: "apac" }, 404],
    [{ sf_id: leadId(2) }, 404],
    [{ max_credits: 0.5 }, 402],
    [{ sf_id: userId(1) }, 422],
    [{ object: "campaign" }, 422],
    [{ unknown: true }, 422],
    [{ reset_rules: { reason: "r", place_user_at_top: userId(9) } }, 422],
    [{ reset_rules: { reason: "r", place_user_at_top: userId(3) } }, 409],
  ])("refuses %j with %i and changes nothing", async (body, status) => {
    const { ask, store } = await setting();
    const answer = await ask(body);
    expect(answer.status).toBe(status);
    expect(answer.body["success"]).toBe(false);
    expect(await turnsOf(store, "emea")).toEqual([]);
    expect(answer.headers.get("X-Credits-Remaining")).toBe("1000");
  });

  it("refuses without credits, for a converted lead, and when nobody can take the turn", async () => {
    const poor = await setting({ credits: 50 });
    expect((await poor.ask()).status).toBe(402);
    const { ask, org, store, clock } = await setting();
    org.set(leadId(1), userId(999), true);
    expect((await ask()).status).toBe(409);
    org.set(leadId(1), userId(999));
    const away = found({ emea: [{ user: 1, active: false }] });
    await store.write((tx) => syncPools(tx, { orgId, tenant: 1, now: clock.now() }, away));
    const { status, body } = await ask();
    expect(status).toBe(409);
    expect(body["details"]).toMatchObject({
      code: "no_eligible_member",
      members: [{ user_id: userId(1), name: "User 1", reason: "inactive_member" }],
    });
  });

  it("lists the pools and shows who is next and why others are not", async () => {
    const { api } = await setting();
    const pools = (await (await api.send("GET", "/v1/routing/pools")).json()) as { pools: unknown[] };
    expect(pools).toMatchObject({ count: 1, pools: [{ pool: "emea", name: "Pool emea", source: "org", sequence: 0 }] });
    const preview = await api.send("GET", "/v1/routing/pools/emea/preview?count=3");
    expect(await preview.json()).toMatchObject({
      pool_size: 2,
      next: [{ user_id: userId(1) }, { user_id: userId(2) }, { user_id: userId(1) }],
      members: [
        { eligible: true },
        { eligible: true },
        { eligible: false, reason: "paused", pause_reason: "on holiday" },
      ],
    });
    expect((await api.send("GET", "/v1/routing/pools/nope/preview")).status).toBe(404);
    expect((await api.send("GET", "/v1/routing/pools/emea/preview?count=0")).status).toBe(422);
  });

  it("is closed to keys without the scope and to keys of another org", async () => {
    const { api } = await setting();
    const narrow = await api.makeKey({ scopes: ["match"] });
    expect((await api.send("GET", "/v1/routing/pools", { key: narrow })).status).toBe(403);
    const foreign = await api.makeKey({}, 2);
    expect((await api.send("GET", "/v1/routing/pools/emea/preview", { key: foreign })).status).toBe(409);
  });
});
