import fc from "fast-check";
import { expect, it } from "vitest";
import {
  balanceOf,
  expireReservations,
  grant,
  refund,
  reserve,
  reserveMany,
  returnReservation,
  settleReservation,
  usageOf,
  type Payer,
} from "../../service/credits/index.ts";
import { CreditsShort } from "../../service/errors.ts";
import type { Store } from "../../service/store/store.ts";
import { countingIds, ManualClock } from "../support/manual-clock.ts";
import { onBothStores } from "../support/stores.ts";

const clock = new ManualClock();
const newPayer = (tenant = 1): Payer => ({ tenant, clock, ids: countingIds() });
const balance = (store: Store, tenant = 1) => store.read((tx) => balanceOf(tx, tenant));

/** What the entries alone say: the balance is only their fold. */
async function foldOf(store: Store, tenant = 1): Promise<Record<string, number>> {
  const entries = await store.read(async (tx) => tx.db.select().from(tx.t.ledger));
  const sums: Record<string, number> = { grants: 0, available: 0, reserved: 0, spent: 0 };
  for (const e of entries.filter((e) => e.tenantId === tenant)) sums[e.account] = (sums[e.account] ?? 0) + e.amount;
  return sums;
}

async function expectSound(store: Store, tenant = 1): Promise<void> {
  const [row, fold] = [await balance(store, tenant), await foldOf(store, tenant)];
  expect(fold).toEqual({ grants: 0 - row.granted, available: row.available, reserved: row.reserved, spent: row.spent });
  expect(Object.values(fold).reduce((a, b) => a + b, 0)).toBe(0);
  expect(Math.min(row.available, row.reserved, row.spent)).toBeGreaterThanOrEqual(0);
}

onBothStores("the credits ledger", (open) => {
  it("of 1,500 attempts at once on 1,000 credits exactly 1,000 are granted", async () => {
    const store = await open();
    const payer = newPayer();
    await store.write((tx) => grant(tx, payer, 100_000, "start"));
    let lowest = Infinity;
    const attempts = Array.from({ length: 1_500 }, (_, i) => async () => {
      try {
        const id = await store.write((tx) => reserve(tx, payer, { amount: 100, purpose: "match" }));
        if (i % 50 === 0) lowest = Math.min(lowest, (await balance(store)).available);
        await store.write((tx) => settleReservation(tx, payer, id, { amount: 100, effectKey: `charge:match:${i}` }));
        return "granted";
      } catch (error) {
        if (error instanceof CreditsShort) return "short";
        throw error;
      }
    });
    const outcomes = await Promise.all(attempts.map((attempt) => attempt()));
    expect(outcomes.filter((o) => o === "granted")).toHaveLength(1_000);
    expect(outcomes.filter((o) => o === "short")).toHaveLength(500);
    expect(await balance(store)).toMatchObject({ granted: 100_000, available: 0, reserved: 0, spent: 100_000 });
    expect(lowest).toBeGreaterThanOrEqual(0);
    await expectSound(store);
  });

  it("one reservation settled and returned by many at once is closed once", async () => {
    const store = await open();
    const payer = newPayer();
    await store.write((tx) => grant(tx, payer, 1_000, "start"));
    const id = await store.write((tx) => reserve(tx, payer, { amount: 500, purpose: "match" }));
    const charged = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        store.write(async (tx) => {
          if (i % 2 === 0) return settleReservation(tx, payer, id, { amount: 300, effectKey: `charge:match:${i}` });
          await returnReservation(tx, payer, id);
          return 0;
        }),
      ),
    );
    const { available, spent, reserved } = await balance(store);
    expect(reserved).toBe(0);
    expect([0, 300]).toContain(spent);
    expect(charged.reduce((a, b) => a + b, 0)).toBe(spent);
    expect(available).toBe(1_000 - spent);
    await expectSound(store);
  });

  it("one effect is charged once, however many reservations were made for it, and refunded once", async () => {
    const store = await open();
    const payer = newPayer();
    await store.write((tx) => grant(tx, payer, 10_000, "start"));
    const charged = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const id = await store.write((tx) => reserve(tx, payer, { amount: 300, purpose: "convert" }));
        return store.write((tx) => settleReservation(tx, payer, id, { amount: 300, effectKey: "charge:convert:o:l" }));
      }),
    );
    expect(charged.reduce((a, b) => a + b, 0)).toBe(300);
    expect(await balance(store)).toMatchObject({ available: 9_700, reserved: 0, spent: 300 });
    const given = { effectKey: "charge:convert:o:l", purpose: "convert" };
    const back = await Promise.all(Array.from({ length: 10 }, () => store.write((tx) => refund(tx, payer, given))));
    expect(back.reduce((a, b) => a + b, 0)).toBe(300);
    expect(await balance(store)).toMatchObject({ available: 10_000, spent: 0 });
    await expectSound(store);
  });

  it("many are reserved in order, as far as the balance holds", async () => {
    const store = await open();
    const payer = newPayer();
    await store.write((tx) => grant(tx, payer, 500, "start"));
    const ids = await store.write((tx) =>
      reserveMany(
        tx,
        payer,
        [200, 200, 200, 50].map((amount) => ({ amount, purpose: "trigger" })),
      ),
    );
    expect(ids.map((id) => id !== null)).toEqual([true, true, false, false]);
    expect(await balance(store)).toMatchObject({ available: 100, reserved: 400 });
    await expectSound(store);
  });

  it("a tenant without credits is told what it needs and what it has", async () => {
    const store = await open();
    await expect(
      store.write((tx) => reserve(tx, newPayer(7), { amount: 300, purpose: "convert" })),
    ).rejects.toMatchObject({
      facts: { creditsRequired: 300, creditsRemaining: 0 },
    });
  });

  it("expired reservations return by themselves, once, and closed or lasting ones do not", async () => {
    const store = await open();
    const payer = newPayer();
    await store.write((tx) => grant(tx, payer, 1_000, "start"));
    const soon = clock.now() + 1_000;
    const [, settled] = await store.write((tx) =>
      reserveMany(tx, payer, [
        { amount: 100, purpose: "a", expiresAt: soon },
        { amount: 200, purpose: "b", expiresAt: soon },
        { amount: 300, purpose: "c" },
      ]),
    );
    await store.write((tx) => settleReservation(tx, payer, settled ?? "", { amount: 200, effectKey: "charge:b" }));
    expect(await expireReservations({ store, clock, ids: payer.ids })).toBe(0);
    await clock.advance(1_000);
    await Promise.all([1, 2, 3].map(() => expireReservations({ store, clock, ids: payer.ids })));
    expect(await balance(store)).toMatchObject({ available: 500, reserved: 300, spent: 200 });
    await expectSound(store);
  });

  it("usage is what was spent less what was given back, in the period, by workflow and by custom pair", async () => {
    const store = await open();
    const plain = newPayer();
    const tagged: Payer = {
      ...plain,
      workflowId: "wf",
      workflowRunId: "run",
      custom: { team: "emea", "a.b": "c", "it's": '"' },
    };
    const from = clock.now();
    await store.write((tx) => grant(tx, plain, 10_000, "start"));
    const spend = async (payer: Payer, amount: number, effectKey: string) => {
      const id = await store.write((tx) => reserve(tx, payer, { amount: amount + 50, purpose: "match" }));
      // Closed by a worker, which knows the tenant only.
      await store.write((tx) => settleReservation(tx, plain, id, { amount, effectKey }));
    };
    await spend(tagged, 250, "one");
    await spend(tagged, 400, "two");
    await spend(plain, 1_000, "three");
    await store.write((tx) => refund(tx, plain, { effectKey: "two", purpose: "match" }));
    const usage = (filter: object = {}, tenant = 1) =>
      store.read((tx) => usageOf(tx, tenant, { from, to: clock.now() + 1, ...filter }));
    expect(await usage()).toBe(1_250);
    expect(await usage({ workflowId: "wf" })).toBe(250);
    expect(await usage({ workflowId: "wf", workflowRunId: "other" })).toBe(0);
    expect(await usage({ customKey: "team", customValue: "emea" })).toBe(250);
    expect(await usage({ customKey: "a.b", customValue: "c" })).toBe(250);
    expect(await usage({ customKey: "team" })).toBe(250);
    expect(await usage({ customKey: "team", customValue: "apac" })).toBe(0);
    expect(await usage({ to: from })).toBe(0);
    expect(await usage({}, 2)).toBe(0);
  });

  it("any sequence of grants, reservations, settlements, returns, refunds and expiries stays sound", async () => {
    const amount = fc.integer({ min: 1, max: 400 });
    const which = fc.nat({ max: 9 });
    const step = fc.oneof(
      fc.record({ do: fc.constant("grant" as const), amount }),
      fc.record({ do: fc.constant("reserve" as const), amount, lasts: fc.option(fc.integer({ min: 1, max: 5 })) }),
      fc.record({ do: fc.constant("settle" as const), which, part: fc.integer({ min: 0, max: 100 }), effect: which }),
      fc.record({ do: fc.constant("return" as const), which }),
      fc.record({ do: fc.constant("refund" as const), effect: which }),
      fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 5 }) }),
    );
    const store = await open();
    let tenant = 100;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const payer: Payer = { ...newPayer(++tenant), ids: { next: (p) => `${p}_${tenant}_${++made}` } };
        const model = { available: 0, spent: 0, open: new Map<string, { amount: number; until: number | null }>() };
        const charged = new Map<string, number>();
        const refunded = new Set<string>();
        const ids: string[] = [];
        for (const s of steps) {
          if (s.do === "grant") {
            await store.write((tx) => grant(tx, payer, s.amount, "g"));
            model.available += s.amount;
          } else if (s.do === "reserve") {
            const until = s.lasts === null ? null : clock.now() + s.lasts;
            const got = await store
              .write((tx) =>
                reserve(tx, payer, { amount: s.amount, purpose: "p", ...(until ? { expiresAt: until } : {}) }),
              )
              .catch((error: unknown) => (error instanceof CreditsShort ? null : Promise.reject(error as Error)));
            expect(got !== null).toBe(model.available >= s.amount);
            if (got === null) continue;
            ids.push(got);
            model.available -= s.amount;
            model.open.set(got, { amount: s.amount, until });
          } else if (s.do === "settle" || s.do === "return") {
            const id = ids[s.which % Math.max(1, ids.length)] ?? "rsv_none";
            const held = model.open.get(id);
            let spent = 0;
            if (s.do === "settle") {
              const key = `${tenant}:${s.effect}`;
              const asked = Math.floor(((held?.amount ?? 0) * s.part) / 100);
              spent = await store.write((tx) => settleReservation(tx, payer, id, { amount: asked, effectKey: key }));
              expect(spent).toBe(held && !charged.has(key) ? asked : 0);
              if (spent > 0) charged.set(key, spent);
            } else await store.write((tx) => returnReservation(tx, payer, id));
            model.open.delete(id);
            model.spent += spent;
            model.available += (held?.amount ?? 0) - spent;
          } else if (s.do === "refund") {
            const key = `${tenant}:${s.effect}`;
            const back = await store.write((tx) => refund(tx, payer, { effectKey: key, purpose: "p" }));
            expect(back).toBe(refunded.has(key) ? 0 : (charged.get(key) ?? 0));
            if (back > 0) refunded.add(key);
            model.spent -= back;
            model.available += back;
          } else {
            await clock.advance(s.ms);
            await expireReservations({ store, clock, ids: payer.ids });
            for (const [id, held] of model.open)
              if (held.until !== null && held.until <= clock.now()) {
                model.open.delete(id);
                model.available += held.amount;
              }
          }
        }
        const reserved = [...model.open.values()].reduce((sum, held) => sum + held.amount, 0);
        expect(await balance(store, tenant)).toMatchObject({
          available: model.available,
          spent: model.spent,
          reserved,
        });
        await expectSound(store, tenant);
      }),
      { numRuns: 60 },
    );
  });
});

let made = 0;
