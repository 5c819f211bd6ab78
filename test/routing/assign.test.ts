import { expect, it } from "vitest";
import { balanceOf, defaultPrices } from "../../service/credits/index.ts";
import { assign, AssignInput, turnWritten } from "../../service/routing/index.ts";
import { onBothStores } from "../support/stores.ts";
import { concurrently, found, leadId, orgId, routeLogOf, routingSetting, turnsOf, userId } from "./setting.ts";

onBothStores("assigning a record", (open) => {
  const setting = async (credits = 100_000) => {
    const store = await open();
    const made = await routingSetting(store, found({ emea: [{ user: 1 }, { user: 2 }, { user: 3 }] }), credits);
    const ask = (n: number, more: object = {}, call: { owner?: string; request?: string; readAt?: number } = {}) => {
      const input = AssignInput.parse({ object: "lead", sf_id: leadId(n), pool: "emea", ...more });
      const seen = { orgId, ownerId: call.owner ?? userId(999), readAt: call.readAt ?? made.clock.now() };
      const ctx = call.request
        ? { ...made.ctx, requestId: call.request, idempotencyKey: call.request }
        : { ...made.ctx };
      return store.write((tx) => assign(tx, ctx, input, seen, defaultPrices));
    };
    const available = async () => (await store.read((tx) => balanceOf(tx, 1))).available;
    return { store, ...made, ask, available };
  };

  it("takes one turn, one price and one wish to write, together", async () => {
    const { ask, store, available } = await setting();
    const made = await ask(1);
    expect(made).toMatchObject({ ownerId: userId(1), sequence: 1, creditsConsumed: 100, repeated: false });
    expect(made.nextUp).toBe(userId(2));
    expect(await available()).toBe(99_900);
    const jobs = await store.read((tx) => tx.db.select().from(tx.t.jobs));
    expect(jobs).toMatchObject([{ kind: "write-owner", key: `${orgId}:${leadId(1)}`, state: "waiting" }]);
  });

  it("within 24 hours answers the first owner, while that person still owns the record, and spends nothing", async () => {
    const { ask, store, clock, available } = await setting();
    const first = await ask(1);
    // Not written yet: the first answer stands whoever owns the record.
    expect(await ask(1)).toMatchObject({ ownerId: userId(1), sequence: 1, repeated: true, creditsConsumed: 0 });
    const readBefore = clock.now();
    await clock.advance(1_000);
    await store.write((tx) => turnWritten(tx, { orgId, ...first }, clock.now()));
    // Written after the owner was read: that reading says nothing.
    expect(await ask(1, {}, { readAt: readBefore })).toMatchObject({ repeated: true });
    await clock.advance(1_000);
    expect(await ask(1, {}, { owner: userId(1) })).toMatchObject({ repeated: true });
    expect(await available()).toBe(99_900);
    expect(await ask(1, {}, { owner: userId(50) })).toMatchObject({ repeated: false, sequence: 2 });
    await clock.advance(24 * 3_600_000 + 1);
    expect(await ask(1, {}, { owner: userId(2) })).toMatchObject({ repeated: false, sequence: 3 });
  });

  it("with reset rules takes a new turn, gives it to the one placed at the top, and logs the reason", async () => {
    const { ask, store } = await setting();
    await ask(1);
    const reset = { reset_rules: { reason: "bad_fit", place_user_at_top: userId(3) }, exclude_inactive: true };
    const made = await ask(1, reset, { request: "req_a" });
    expect(made).toMatchObject({ ownerId: userId(3), sequence: 2, creditsConsumed: 250 });
    expect(made.reason).toBe("User 3 was placed at the top of pool emea (turn 2); reset: bad_fit.");
    expect(await ask(1, { reset_rules: { reason: "bad_fit" } }, { request: "req_b" })).toMatchObject({ sequence: 3 });
    expect(await routeLogOf(store)).toHaveLength(3);
  });

  it("goes on from what it had decided when the same request comes again", async () => {
    const { ask, store, available } = await setting();
    const reset = { reset_rules: { reason: "user_request" } };
    const [first, second] = [await ask(1, reset, { request: "req_a" }), await ask(1, reset, { request: "req_a" })];
    expect(second).toMatchObject({ sequence: first.sequence, ownerId: first.ownerId, creditsConsumed: 200 });
    expect(await turnsOf(store, "emea")).toHaveLength(1);
    expect(await available()).toBe(99_800);
  });

  it("refuses what cannot be, and then nothing is spent", async () => {
    const { ask, store, available, sync } = await setting();
    const top = (user: number) => ({ reset_rules: { reason: "r", place_user_at_top: userId(user) } });
    await expect(ask(1, { pool: "apac" })).rejects.toMatchObject({ code: "unknown_pool" });
    await expect(ask(1, top(9))).rejects.toMatchObject({ code: "invalid_fields" });
    await expect(ask(1, { max_credits: 0.99 })).rejects.toMatchObject({ code: "credits_short" });
    await sync(found({ emea: [{ user: 1, userActive: false }, { user: 2 }] }));
    await expect(ask(1, top(1))).rejects.toMatchObject({ code: "no_eligible_member" });
    await sync(
      found({
        emea: [
          { user: 1, userActive: false },
          { user: 2, active: false },
        ],
      }),
    );
    await expect(ask(1)).rejects.toMatchObject({
      code: "no_eligible_member",
      facts: { details: { members: [{ reason: "inactive_user" }, { reason: "inactive_member" }] } },
    });
    await store.write((tx) =>
      tx.db.update(tx.t.orgs).set({ settings: { enabled: false, convertEnabled: true, watch: {} } }),
    );
    await expect(ask(1)).rejects.toMatchObject({ code: "switched_off" });
    expect(await available()).toBe(100_000);
    expect(await turnsOf(store, "emea")).toEqual([]);
    expect(await store.read((tx) => tx.db.select().from(tx.t.jobs))).toEqual([]);
  });

  it("refuses ids of other objects and broken ids", () => {
    const parse = (more: object) =>
      AssignInput.safeParse({ object: "LEAD", sf_id: leadId(1), pool: "emea", ...more }).success;
    expect(parse({})).toBe(true);
    expect(parse({ sf_id: leadId(1).slice(0, 15) })).toBe(true);
    expect(parse({ sf_id: userId(1) })).toBe(false);
    expect(parse({ sf_id: leadId(1).replace(/EAA$/, "EAB") })).toBe(false);
    expect(parse({ object: "campaign" })).toBe(false);
    expect(parse({ extra: 1 })).toBe(false);
    expect(parse({ reset_rules: { reason: "r", place_user_at_top: leadId(1) } })).toBe(false);
  });

  it("150 attempts at once on 100 credits: exactly 100 are granted, and the sequence has no gap", async () => {
    const { ask, store, available } = await setting(10_000);
    const outcomes = await concurrently(150, 64, (i) =>
      ask(i).then(
        () => "granted",
        (error: { code: string }) => error.code,
      ),
    );
    expect(outcomes.filter((o) => o === "granted")).toHaveLength(100);
    expect(outcomes.filter((o) => o === "credits_short")).toHaveLength(50);
    expect((await turnsOf(store, "emea")).map((t) => t.sequence)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(await available()).toBe(0);
    const ledger = await store.read((tx) => tx.db.select().from(tx.t.ledger));
    expect(ledger.reduce((sum, e) => sum + e.amount, 0)).toBe(0);
  });
});
