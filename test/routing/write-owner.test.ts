import { expect, it } from "vitest";
import { balanceOf, defaultPrices } from "../../service/credits/index.ts";
import { Worker } from "../../service/queue/worker.ts";
import { assign, AssignInput, takeTurn, writeOwnerHandler, writeOwnerKind } from "../../service/routing/index.ts";
import { SalesforceError } from "../../service/salesforce/errors.ts";
import { onBothStores } from "../support/stores.ts";
import { FakeOrg, failure } from "./fake-org.ts";
import { found, leadId, orgId, routeLogOf, routingSetting, turnsOf, userId } from "./setting.ts";

onBothStores("writing the owner of a turn", (open) => {
  const setting = async () => {
    const store = await open();
    const pools = found({ emea: [{ user: 1 }, { user: 2 }], apac: [{ user: 5 }] });
    const made = await routingSetting(store, pools, 10_000);
    const org = new FakeOrg();
    org.set(leadId(1), userId(999));
    const worker = new Worker({
      ...{ store, clock: made.clock, log: made.ctx.log, name: "w", random: () => 1 },
      handlers: { [writeOwnerKind]: writeOwnerHandler({ ...made.ctx, connection: () => org }) },
    });
    const ask = (more: object = {}, ownerId: string | null = userId(999)) => {
      const input = AssignInput.parse({ object: "lead", sf_id: leadId(1), pool: "emea", ...more });
      const seen = { orgId, ownerId, readAt: made.clock.now() };
      return store.write((tx) => assign(tx, made.ctx, input, seen, defaultPrices));
    };
    const available = async () => (await store.read((tx) => balanceOf(tx, 1))).available;
    const writes = async () =>
      [...(await turnsOf(store, "emea")), ...(await turnsOf(store, "apac"))].map((t) => t.write);
    return { store, ...made, org, worker, ask, available, writes };
  };

  it("writes only the owner, once, and closes the turn", async () => {
    const { ask, worker, org, writes, store, available } = await setting();
    await ask();
    await worker.drain();
    await worker.drain();
    expect(org.writes).toMatchObject([{ object: "Lead", id: leadId(1), fields: { OwnerId: userId(1) } }]);
    expect(await writes()).toEqual(["done"]);
    expect(await routeLogOf(store)).toHaveLength(1);
    expect(await available()).toBe(9_900);
    expect(await store.read((tx) => tx.db.select().from(tx.t.jobs))).toEqual([]);
  });

  it("writes nothing when Salesforce has the owner already, as after an answer that was lost", async () => {
    const { ask, worker, org, writes } = await setting();
    await ask();
    org.set(leadId(1), userId(1));
    await worker.drain();
    expect(org.writes).toEqual([]);
    expect(await writes()).toEqual(["done"]);
  });

  it("reads again when the record was edited meanwhile, and then writes", async () => {
    const { ask, worker, org, writes } = await setting();
    await ask();
    let edits = 0;
    org.beforeWrite = () => {
      if (edits++ < 2) org.set(leadId(1), userId(999));
    };
    await worker.drain();
    expect(org.owner(leadId(1))).toBe(userId(1));
    expect(await writes()).toEqual(["done"]);
  });

  it("keeps the owner a person chose meanwhile, returns the credits and says so", async () => {
    const { ask, worker, org, writes, store, available, clock } = await setting();
    const turn = await ask();
    org.set(leadId(1), userId(77));
    await clock.advance(1_000);
    await worker.drain();
    expect(org.owner(leadId(1))).toBe(userId(77));
    expect(await writes()).toEqual(["failed"]);
    expect(await available()).toBe(10_000);
    const [, entry] = await routeLogOf(store);
    expect(entry).toMatchObject({
      action: "assign",
      sequence: turn.sequence,
      assignedTo: userId(77),
      prevOwner: userId(1),
    });
    expect(entry?.reason).toContain("became the owner meanwhile");
  });

  it.each([
    ["an inactive user", (org: FakeOrg) => (org.beforeWrite = () => failure("INACTIVE_OWNER_OR_USER"))],
    ["a rule of the org", (org: FakeOrg) => (org.beforeWrite = () => failure("FIELD_CUSTOM_VALIDATION_EXCEPTION"))],
    ["an approval's lock", (org: FakeOrg) => (org.beforeWrite = () => failure("ENTITY_IS_LOCKED"))],
    ["a converted lead", (org: FakeOrg) => org.set(leadId(1), userId(999), true)],
    ["a deleted record", (org: FakeOrg) => org.rows.delete(leadId(1))],
    [
      "a record deleted while it is written",
      (org: FakeOrg) => (org.beforeWrite = () => void org.rows.delete(leadId(1))),
    ],
  ])("ends the turn for good at %s: number kept, credits returned, one more entry", async (_what, happens) => {
    const { ask, worker, org, writes, store, available, clock } = await setting();
    await ask();
    happens(org);
    await clock.advance(1_000);
    await worker.drain();
    expect(await writes()).toEqual(["failed"]);
    expect(await available()).toBe(10_000);
    expect(await routeLogOf(store)).toHaveLength(2);
    expect((await ask()).sequence).toBe(2);
  });

  it("tries again after a lock or an outage, and charges once", async () => {
    const { ask, worker, org, writes, available, clock } = await setting();
    await ask();
    let n = 0;
    org.beforeWrite = () => {
      n++;
      if (n === 1) return failure("UNABLE_TO_LOCK_ROW");
      if (n === 2) return new SalesforceError("transient", "SERVER_UNAVAILABLE", "down");
    };
    await worker.drain();
    expect(await writes()).toEqual(["pending"]);
    await clock.advance(10_000);
    await worker.drain();
    await clock.advance(10_000);
    await worker.drain();
    expect(n).toBe(3);
    expect(await writes()).toEqual(["done"]);
    expect(await available()).toBe(9_900);
  });

  it("of two turns of one record the later one is written; the earlier one ends with its credits returned", async () => {
    const { ask, worker, org, writes, available, clock } = await setting();
    await ask();
    await clock.advance(10);
    await ask({ pool: "apac" });
    await worker.drain();
    expect(org.owner(leadId(1))).toBe(userId(5));
    expect(await writes()).toEqual(["failed", "done"]);
    expect(await available()).toBe(9_900);
  });

  it("a later turn may follow an owner that our earlier turn had written", async () => {
    const { ask, worker, org, writes, clock } = await setting();
    await ask();
    await worker.drain();
    await clock.advance(10);
    // The caller read the owner just before the first write landed.
    await ask({ pool: "apac" }, userId(999));
    await worker.drain();
    expect(org.owner(leadId(1))).toBe(userId(5));
    expect(await writes()).toEqual(["done", "done"]);
  });

  it("leaves a journey's turn to its journey", async () => {
    const { ask, worker, org, store, ctx, clock, writes } = await setting();
    await store.write((tx) =>
      takeTurn(tx, ctx, {
        ...{
          orgId,
          pool: "apac",
          object: "Lead",
          recordId: leadId(1),
          prevOwnerId: userId(999),
          excludeInactive: true,
        },
        effectKey: `turn:${orgId}:apac:${leadId(1)}`,
      }),
    );
    await clock.advance(10);
    await ask();
    await worker.drain();
    expect(org.owner(leadId(1))).toBe(userId(1));
    expect(await writes()).toEqual(["done", "pending"]);
  });
});
