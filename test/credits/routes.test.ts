import { expect, it } from "vitest";
import { creditRoutes, reserve, settleReservation } from "../../service/credits/index.ts";
import { claim, parkWaiting, want } from "../../service/queue/queue.ts";
import type { Store } from "../../service/store/store.ts";
import { testApi, type TestApi } from "../support/api.ts";
import { onBothStores } from "../support/stores.ts";

onBothStores("the credits endpoints", (open) => {
  const start = async (): Promise<{ store: Store; api: TestApi }> => {
    const store = await open();
    return { store, api: await testApi({ store, routes: creditRoutes, credits: 475_025 }) };
  };
  const spend = async (store: Store, api: TestApi, amount: number, custom?: Record<string, string>) => {
    const payer = { tenant: 1, clock: api.clock, ids: api.ids, ...(custom ? { custom } : {}) };
    const id = await store.write((tx) => reserve(tx, payer, { amount, purpose: "match" }));
    await store.write((tx) => settleReservation(tx, payer, id, { amount, effectKey: api.ids.next("charge") }));
  };

  it("remaining tells what is left and what was ever granted, without trailing zeros", async () => {
    const { store, api } = await start();
    await spend(store, api, 5_000);
    const answer = await api.send("GET", "/v1/credits/remaining");
    expect(await answer.text()).toBe(
      '{"success":true,"tenant_id":1,"remaining_credits":4700.25,"total_credits":4750.25,"reserved_credits":0}',
    );
    expect(answer.headers.get("x-credits-remaining")).toBe("4700.25");
  });

  it("usage counts whole days, echoes the dates as they were sent and follows its filters", async () => {
    const { store, api } = await start();
    await spend(store, api, 125_050, { team: "emea" });
    await spend(store, api, 100);
    const day = "2026-11-23";
    const ask = async (query: string) =>
      (await (await api.send("GET", `/v1/credits/usage?${query}`)).json()) as { credits_used: number };
    expect(await ask(`start_date=${day}&end_date=${day}`)).toEqual({
      success: true,
      tenant_id: 1,
      start_date: day,
      end_date: day,
      credits_used: 1251.5,
    });
    expect(await ask(`start_date=${day}&end_date=${day}&custom_key=team&custom_value=emea`)).toMatchObject({
      credits_used: 1250.5,
    });
    expect(await ask("start_date=2026-11-22&end_date=2026-11-22")).toMatchObject({ credits_used: 0 });
    expect(await ask(`start_date=${day}T10:00:00.001Z&end_date=${day}`)).toMatchObject({ credits_used: 0 });
  });

  it.each([
    ["", ["start_date", "end_date"]],
    ["start_date=2026-11-23", ["end_date"]],
    ["start_date=2026-02-30&end_date=2026-11-23", ["start_date"]],
    ["start_date=2026-11-24&end_date=2026-11-23", ["end_date"]],
    ["start_date=2026-11-23&end_date=2026-11-23&custom_value=x", ["custom_key"]],
    ["start_date=2026-11-23&end_date=2026-11-23&custom_key=$.a", ["custom_key"]],
    ["start_date=2026-11-23&end_date=2026-11-23&tenant_id=2", ["tenant_id"]],
  ])("usage with %j is 422 and names %j", async (query, fields) => {
    const { api } = await start();
    const answer = await api.send("GET", `/v1/credits/usage?${query}`);
    expect(answer.status).toBe(422);
    const { detail } = (await answer.json()) as { detail: { loc: string[] }[] };
    expect(detail.map((d) => d.loc)).toEqual(fields.map((field) => ["query", field]));
  });

  it("a grant adds credits once per Idempotency-Key, and lets parked work go on", async () => {
    const { store, api } = await start();
    const now = api.clock.now();
    await store.write(async (tx) => {
      for (const [key, code] of [
        ["a", "credits_short"],
        ["b", "other"],
      ] as const) {
        await want(tx, { kind: "journey", key, tenant: 1, now });
        await parkWaiting(tx, "journey", key, code, "why", now);
      }
      await want(tx, { kind: "journey", key: "foreign", tenant: 2, now });
      await parkWaiting(tx, "journey", "foreign", "credits_short", "why", now);
    });
    const give = () =>
      api.send("POST", "/v1/credits/grants", { body: { credits: 10.5 }, headers: { "Idempotency-Key": "order-1" } });
    const answers = await Promise.all(Array.from({ length: 20 }, give));
    const bodies = new Set(await Promise.all(answers.map((a) => a.text())));
    expect(answers.map((a) => a.status)).toEqual(Array.from({ length: 20 }, () => 201));
    expect([...bodies]).toEqual([
      '{"success":true,"tenant_id":1,"granted_credits":10.5,"remaining_credits":4760.75,"total_credits":4760.75,"resumed":1}',
    ]);
    expect(answers.filter((a) => a.headers.get("idempotent-replayed") === "true")).toHaveLength(19);
    const jobs = await store.write((tx) => claim(tx, { worker: "w", now, leaseMs: 1_000, limit: 10 }));
    expect(jobs.map((job) => job.key)).toEqual(["a"]);
  });

  it.each([
    [{}],
    [{ credits: 0 }],
    [{ credits: -5 }],
    [{ credits: 1.005 }],
    [{ credits: "5" }],
    [{ credits: 2e9 }],
    [{ credits: 5, tenant_id: 2 }],
  ])("a grant of %j is 422 and adds nothing", async (body) => {
    const { api } = await start();
    const answer = await api.send("POST", "/v1/credits/grants", { body });
    expect(answer.status).toBe(422);
    expect(answer.headers.get("x-credits-remaining")).toBe("4750.25");
  });

  it("only an admin key grants, and each tenant sees its own credits only", async () => {
    const { api } = await start();
    const reader = await api.makeKey({ scopes: ["credits"] });
    expect((await api.send("POST", "/v1/credits/grants", { key: reader, body: { credits: 5 } })).status).toBe(403);
    const other = await api.makeKey({}, 2);
    const answer = await api.send("GET", "/v1/credits/remaining", { key: other });
    expect(await answer.json()).toMatchObject({ tenant_id: 2, remaining_credits: 0, total_credits: 0 });
  });

  it("ten requests a minute, unless the key says otherwise", async () => {
    const { api } = await start();
    const key = await api.makeKey({ limits: {} });
    const statuses = [];
    for (let i = 0; i < 11; i++) statuses.push((await api.send("GET", "/v1/credits/remaining", { key })).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 429]);
  });
});
