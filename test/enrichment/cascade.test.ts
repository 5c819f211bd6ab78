import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createCascade, type Provider, type ProviderAnswer } from "../../service/enrichment/index.ts";
import { personFields } from "../../service/enrichment/fields.ts";
import { forgetOldAnswers, questionOf } from "../../service/enrichment/index.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { onBothStores } from "../support/stores.ts";
import type { Store } from "../../service/store/store.ts";

/** A provider that says what it is told to, and counts how often it was asked. */
function provider(
  name: string,
  says: Record<string, [string, number]> | (() => Promise<ProviderAnswer>),
  more: Partial<Provider> = {},
) {
  const made = {
    asked: 0,
    name,
    free: true,
    price: 0,
    gives: { person: personFields, company: [] },
    keeps: null,
    timeoutMs: 1_000,
    needs: () => true,
    async ask(): Promise<ProviderAnswer> {
      made.asked++;
      if (typeof says === "function") return says();
      const entries = Object.entries(says).map(([field, [value, confidence]]) => [field, { value, confidence }]);
      return entries.length > 0
        ? { found: true, values: Object.fromEntries(entries) as never }
        : { found: false, reason: "nobody" };
    },
    ...more,
  };
  return made;
}

const question = questionOf("Lead", { FirstName: "Al", LastName: "Ng", Email: "al@acme.com" });
const contextOf = (store: Store, clock = new ManualClock(), tenant = 1) => ({
  ...{ tenant, store, clock, log: pino({ level: "silent" }) },
});
const none = {} as Store;

describe("the cascade", () => {
  it("takes each field from the first source whose value is acceptable, and says where it came from", async () => {
    const first = provider("first", { phone: ["1", 0.9], title: ["maybe", 0.3] });
    const second = provider("second", { phone: ["2", 0.99], title: ["CTO", 0.7] }, { free: false, price: 50 });
    const ctx = contextOf(none);
    const { answer, asked, cost } = await createCascade([first, second]).explain(ctx, question, { effort: "medium" });
    expect(answer).toEqual({
      phone: { value: "1", provider: "first", confidence: 0.9, at: ctx.clock.now(), cost: 0 },
      title: { value: "CTO", provider: "second", confidence: 0.7, at: ctx.clock.now(), cost: 50 },
    });
    expect(asked.map((a) => [a.provider, a.outcome])).toEqual([
      ["first", "found"],
      ["second", "found"],
    ]);
    expect(cost).toBe(50);
  });

  it("stops asking when every wanted field has its value", async () => {
    const [first, second] = [provider("first", { phone: ["1", 0.9] }), provider("second", { phone: ["2", 0.9] })];
    const cascade = createCascade([first, second]);
    await cascade.ask(contextOf(none), question, { effort: "medium", fields: ["Phone"] });
    expect([first.asked, second.asked]).toEqual([1, 0]);
  });

  it("asks a source once although many fields want it, and follows a field's own order", async () => {
    const [first, second] = [
      provider("first", { phone: ["1", 0.9], title: ["a", 0.9] }),
      provider("second", { phone: ["2", 0.9] }),
    ];
    const cascade = createCascade([first, second], { orders: { phone: ["second", "first"] } });
    const answer = await cascade.ask(contextOf(none), question, {
      effort: "medium",
      fields: ["phone", "title", "city"],
    });
    expect(answer).toMatchObject({ phone: { provider: "second" }, title: { provider: "first" } });
    expect([first.asked, second.asked]).toEqual([1, 1]);
  });

  it("asks nothing that costs in observe mode, and nothing above the price that is allowed", async () => {
    const free = provider("free", {});
    const paid = provider("paid", { phone: ["2", 0.9] }, { free: false, price: 50 });
    const cascade = createCascade([free, paid]);
    const options = { effort: "medium" } as const;
    expect(await cascade.ask(contextOf(none), question, { ...options, freeOnly: true })).toEqual({});
    expect(await cascade.ask(contextOf(none), question, { ...options, maxCost: 49 })).toEqual({});
    expect(paid.asked).toBe(0);
    expect(await cascade.ask(contextOf(none), question, { ...options, maxCost: 50 })).toMatchObject({
      phone: { cost: 50 },
    });
  });

  it("at low effort asks the first source only", async () => {
    const [first, second] = [provider("first", {}), provider("second", { phone: ["2", 0.9] })];
    expect(await createCascade([first, second]).ask(contextOf(none), question)).toEqual({});
    expect([first.asked, second.asked]).toEqual([1, 0]);
  });

  it("goes on without a source that fails or answers too late, and leaves one alone that keeps failing", async () => {
    const clock = new ManualClock();
    const failing = provider("failing", () => Promise.reject(new Error("down")));
    const slow = provider("slow", () => new Promise(() => undefined));
    const good = provider("good", { phone: ["3", 0.9] });
    const cascade = createCascade([failing, slow, good]);
    const ask = async () => {
      const result = cascade.explain(contextOf(none, clock), question, { effort: "medium", fields: ["phone"] });
      for (let i = 0; i < 4; i++) await clock.advance(500);
      return result;
    };
    const { answer, asked } = await ask();
    expect(answer).toMatchObject({ phone: { provider: "good" } });
    expect(asked.map((a) => [a.outcome, a.reason])).toEqual([
      ["failed", "down"],
      ["failed", "slow did not answer within 1 s"],
      ["found", null],
    ]);
    for (let i = 0; i < 8; i++) await ask();
    expect(failing.asked).toBe(5);
    await clock.advance(60_000);
    await ask();
    expect(failing.asked).toBe(6);
  });

  it("asks nobody when the record says too little, or no source knows the object's fields", async () => {
    const only = provider("only", { phone: ["1", 0.9] });
    const cascade = createCascade([only]);
    expect(await cascade.ask(contextOf(none), questionOf("Lead", { LastName: "Ng" }))).toEqual({});
    expect(await cascade.ask(contextOf(none), questionOf("Opportunity", { Name: "x" }))).toEqual({});
    expect(only.asked).toBe(0);
  });
});

onBothStores("remembered answers", (open) => {
  const keeps = { foundMs: 1_000, noneMs: 100 };

  it("are used while they are fresh, cost nothing then, and are asked for again afterwards", async () => {
    const ctx = contextOf(await open());
    const paid = provider("paid", { phone: ["1", 0.9] }, { free: false, price: 50, keeps });
    const cascade = createCascade([paid]);
    const ask = (more: object = {}) => cascade.explain(ctx, question, { fields: ["phone"], ...more });
    expect((await ask()).cost).toBe(50);
    const at = ctx.clock.now();
    await ctx.clock.advance(999);
    expect(await ask()).toMatchObject({ cost: 0, answer: { phone: { value: "1", at, cost: 0 } } });
    // What is remembered is free, so it is told in observe mode, too.
    expect((await ask({ freeOnly: true })).asked).toMatchObject([{ outcome: "remembered" }]);
    expect(paid.asked).toBe(1);
    expect((await ask({ afresh: true })).cost).toBe(50);
    await ctx.clock.advance(1_000);
    expect((await ask()).cost).toBe(50);
    expect(paid.asked).toBe(3);
  });

  it("that found nothing are kept for a shorter time, and a failure is not kept at all", async () => {
    const ctx = contextOf(await open());
    const nobody = provider("nobody", {}, { keeps });
    const failing = provider("failing", () => Promise.reject(new Error("down")), { keeps });
    const cascade = createCascade([nobody, failing]);
    const ask = () => cascade.ask(ctx, question, { fields: ["phone"], effort: "medium" });
    await ask();
    await ask();
    expect([nobody.asked, failing.asked]).toEqual([1, 2]);
    await ctx.clock.advance(100);
    await ask();
    expect(nobody.asked).toBe(2);
    await ctx.clock.advance(100);
    expect(await forgetOldAnswers(ctx)).toBe(1);
  });

  it("are one tenant's own", async () => {
    const store = await open();
    const paid = provider("paid", { phone: ["1", 0.9] }, { price: 50, keeps });
    const cascade = createCascade([paid]);
    await cascade.ask(contextOf(store), question);
    await cascade.ask(contextOf(store, new ManualClock(), 2), question);
    expect(paid.asked).toBe(2);
  });
});
