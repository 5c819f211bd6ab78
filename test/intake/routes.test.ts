import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { createKey } from "../../service/keys/index.ts";
import { inWorlds } from "../support/in-world.ts";
import { anaKim, emea, inbound } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";
import type { World } from "../support/world.ts";

const options = { pools: emea, policies: [inbound] };
const newLeads = (world: World, n: number) =>
  world.control.as().create(
    "Lead",
    Array.from({ length: n }, (_, i) => ({
      ...anaKim,
      LastName: `Kim ${i}`,
      Email: `ana${i}@acme${i}.com`,
      Company: `Acme ${i}`,
    })),
  );
const reserved = async (world: World) => (await world.balance()).reserved;

onBothStores("POST /v1/triggers/salesforce", (open) => {
  const inWorld = inWorlds(open);
  const trigger = (
    world: World,
    body: Record<string, unknown>,
    more: { key?: string; headers?: Record<string, string> } = {},
  ) =>
    world.send("POST", "/v1/triggers/salesforce", {
      body: { object: "Lead", event: "after_insert", org_id: world.org.orgId, ...body },
      ...more,
    });

  it(
    "answers once every id is durable, with a run and a reservation for each",
    inWorld(options, async (world) => {
      const ids = newLeads(world, 3);
      const answer = await trigger(world, { ids: ids.map((id) => id.slice(0, 15)) });
      expect(answer.status).toBe(200);
      const body = (await answer.json()) as { enrichment_jobs: string[] };
      expect(body).toMatchObject({
        success: true,
        processed_count: 3,
        workflow_status: "queued",
        credits_consumed: 6,
        cached: false,
      });
      expect(new Set(body.enrichment_jobs).size).toBe(3);
      expect(await reserved(world)).toBe(600);
      const runs = await world.store.read((tx) => tx.db.select().from(tx.t.runs));
      expect(runs.map((r) => r.id).sort()).toEqual([...body.enrichment_jobs].sort());
    }),
  );

  it(
    "merges ids that wait already: the same run, nothing reserved again",
    inWorld(options, async (world) => {
      const ids = newLeads(world, 2);
      const first = (await (await trigger(world, { ids })).json()) as { enrichment_jobs: string[] };
      const again = (await (await trigger(world, { ids: [...ids, ...ids], event: "after_update" })).json()) as {
        enrichment_jobs: string[];
      };
      expect(again).toMatchObject({ processed_count: 2, credits_consumed: 0 });
      expect([...again.enrichment_jobs].sort()).toEqual([...first.enrichment_jobs].sort());
      expect(await reserved(world)).toBe(400);
    }),
  );

  it(
    "keeps ids that there are no credits for, parked, and says so",
    inWorld({ ...options, credits: 3 }, async (world) => {
      const ids = newLeads(world, 2).sort();
      const answer = (await (await trigger(world, { ids })).json()) as { details?: { parked: string[] } };
      expect(answer).toMatchObject({
        success: true,
        processed_count: 2,
        credits_consumed: 2,
        details: { parked: [ids[1]] },
      });
      expect(await world.parked()).toMatchObject([{ code: "credits_short" }]);
    }),
  );

  it(
    "takes deletes free of charge",
    inWorld(options, async (world) => {
      const [lead = ""] = newLeads(world, 1);
      world.control.as().delete("Lead", [lead]);
      const answer = await trigger(world, { ids: [lead], event: "after_delete" });
      expect(await answer.json()).toMatchObject({ success: true, credits_consumed: 0 });
      expect(await reserved(world)).toBe(0);
    }),
  );

  it(
    "refuses bad input with the contract's statuses, and stores nothing of it",
    inWorld(options, async (world) => {
      const [lead = ""] = newLeads(world, 1);
      const status = async (body: Record<string, unknown>, more = {}) => (await trigger(world, body, more)).status;
      expect(await status({ ids: [] })).toBe(422);
      expect(await status({ ids: Array.from({ length: 101 }, () => lead) })).toBe(422);
      expect(await status({ ids: [lead, "rubbish"] })).toBe(422);
      expect(await status({ ids: [lead], object: "Contact" })).toBe(422);
      expect(await status({ ids: [lead], object: "Invoice__c" })).toBe(422);
      expect(await status({ ids: [lead], event: "before_insert" })).toBe(422);
      expect(await status({ ids: [lead], extra: true })).toBe(422);
      expect(await status({ ids: [lead], org_id: "00D000000000002EAA" })).toBe(403);
      expect(await status({ ids: [lead] }, { key: "ltn_live_nobody" })).toBe(401);
      expect((await world.send("GET", "/v1/triggers/salesforce")).status).toBe(405);
      const narrow = await world.store.write((tx) =>
        createKey(
          tx,
          { tenant: 1, clock: world.clock },
          { name: "logs only", scopes: ["logs"], org_id: world.org.orgId },
        ),
      );
      expect(await status({ ids: [lead] }, { key: narrow.key })).toBe(403);
      expect(await world.store.read((tx) => tx.db.select().from(tx.t.runs))).toEqual([]);
      expect(await reserved(world)).toBe(0);
    }),
  );
});

onBothStores("GET /v1/triggers/polling/status", (open) => {
  const inWorld = inWorlds(open);
  const status = async (world: World) =>
    (await (await world.send("GET", "/v1/triggers/polling/status")).json()) as Record<string, unknown>;

  it(
    "tells the last and the next poll, the watermark ten minutes behind, and what only the poll heard",
    inWorld(options, async (world) => {
      const before = await status(world);
      expect(before).toMatchObject({
        records_processed: 0,
        recovered_by_poll: 0,
        stream: { state: "stopped", gaps: 0 },
      });
      await world.advance(60 * 60_000);
      newLeads(world, 2);
      await world.hearPoll();
      const after = await status(world);
      const now = world.clock.now();
      expect(after).toMatchObject({
        last_poll_time: new Date(now).toISOString(),
        next_poll_time: new Date(now + 120_000).toISOString(),
        records_processed: 2,
        recovered_by_poll: 2,
      });
      expect(now - Date.parse(String(after["watermark_value"]))).toBeGreaterThanOrEqual(600_000);
      expect(now - Date.parse(String(after["watermark_value"]))).toBeLessThan(602_000);
      expect(after).toMatchObject({ objects: { Lead: { baseline: "done", recovered_by_poll: 2 } } });
    }),
  );

  it(
    "counts nothing as recovered that another door had told of",
    inWorld(options, async (world) => {
      newLeads(world, 2);
      await world.hearStream();
      await world.hearPoll();
      expect(await status(world)).toMatchObject({ recovered_by_poll: 0 });
    }),
  );
});

onBothStores("what admins set", (open) => {
  const inWorld = inWorlds(open);

  it(
    "takes effect within one poll: a new member, a paused one, another policy",
    inWorld(options, async (world) => {
      const admin = world.control.as(world.control.users.adminUserId);
      const zoe = world.control.createUser({ name: "Zoe New" });
      const [pool] = world.control.records("Lantern_Pool__c");
      for (const member of world.control.records("Lantern_Pool_Member__c"))
        admin.update("Lantern_Pool_Member__c", [{ Id: member.Id, Active__c: false }]);
      admin.create("Lantern_Pool_Member__c", [{ Pool__c: pool?.Id, User__c: zoe, Position__c: 9 }]);
      const [policy] = world.control.records("Lantern_Policy__c");
      admin.update("Lantern_Policy__c", [
        { Id: policy?.Id, Definition__c: JSON.stringify({ assign: { pool: "emea" } }) },
      ]);
      await world.hearPoll();
      const [lead = ""] = newLeads(world, 1);
      await world.hearStream();
      await world.work();
      expect(world.control.record(lead)).toMatchObject({ OwnerId: zoe, IsConverted: false });
    }),
  );

  it(
    "names a field that the org does not have, instead of failing every record",
    inWorld(options, async (world) => {
      const admin = world.control.as(world.control.users.adminUserId);
      const [policy] = world.control.records("Lantern_Policy__c");
      const definition = { when: { all: [{ field: "Shoe_Size__c", op: "gt", value: 40 }] }, assign: { pool: "emea" } };
      admin.update("Lantern_Policy__c", [{ Id: policy?.Id, Definition__c: JSON.stringify(definition) }]);
      admin.create("Lantern_Watch__c", [{ Name: "Leads", Object__c: "Lead", Fields__c: "Email, Hat_Size__c" }]);
      await world.hearPoll();
      const [kept] = await world.store.read((tx) => tx.db.select().from(tx.t.policies));
      expect(kept?.problem).toContain("Shoe_Size__c");
      const [org] = await world.store.read((tx) => tx.db.select().from(tx.t.orgs));
      expect(org?.settings.watch).toEqual({ Lead: ["Email"] });
      const [lead = ""] = newLeads(world, 1);
      await world.hearPoll();
      await world.work();
      expect(await world.run(lead)).toMatchObject({ outcome: "no_policy" });
      expect(await world.parked()).toEqual([]);
    }),
  );

  it(
    "is refused in words where it does not fit, and the record is left alone",
    inWorld(options, async (world) => {
      const [policy] = world.control.records("Lantern_Policy__c");
      world.control
        .as(world.control.users.adminUserId)
        .update("Lantern_Policy__c", [{ Id: policy?.Id, Definition__c: '{"assign": {"pol": "emea"}}' }]);
      await world.hearPoll();
      const [kept] = await world.store.read((tx) =>
        tx.db.select().from(tx.t.policies).where(eq(tx.t.policies.name, "Inbound")),
      );
      expect(kept?.problem).toContain("assign");
      const [lead = ""] = newLeads(world, 1);
      await world.hearStream();
      await world.work();
      expect(await world.run(lead)).toMatchObject({ outcome: "no_policy" });
      expect(world.effects()).toEqual([]);
    }),
  );
});
