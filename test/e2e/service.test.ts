/** The whole service with real time and real sockets: each door alone brings a lead that somebody creates to its end. */
import { pino } from "pino";
import { expect, it } from "vitest";
import { createApp, firstTenant, type App } from "../../service/app.ts";
import { systemClock } from "../../service/clock.ts";
import { readConfig } from "../../service/config.ts";
import { grant } from "../../service/credits/index.ts";
import { memoryLimits, scopes, serveApi, type Served } from "../../service/http/index.ts";
import { randomIds } from "../../service/ids.ts";
import { createKey } from "../../service/keys/index.ts";
import type { Store } from "../../service/store/store.ts";
import { startOrg, type StandInOrg } from "../org/start.ts";
import { anaKim, inbound } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";

interface Running {
  org: StandInOrg;
  app: App;
  store: Store;
  served: Served;
  key: string;
  memberId: string;
}

/** An interval under which the poll is no rival of the door under test: it looks once at the start and not again. */
const rarely = 3_600_000;

/** Runs the whole service beside an org of its own, and takes both down whatever happens. */
async function withService(store: Store, pollIntervalMs: number, test: (service: Running) => Promise<void>) {
  const cleanups: (() => Promise<void>)[] = [];
  try {
    await test(await running(store, pollIntervalMs, cleanups));
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

async function running(store: Store, pollIntervalMs: number, cleanups: (() => Promise<void>)[]): Promise<Running> {
  const org = await startOrg();
  cleanups.push(() => org.close());
  const admin = org.control.as(org.control.users.adminUserId);
  const memberId = org.control.createUser({ name: "Alice Ng" });
  const [pool] = admin.create("Lantern_Pool__c", [{ Name: "emea", Key__c: "emea" }]);
  admin.create("Lantern_Pool_Member__c", [{ Pool__c: pool, User__c: memberId, Position__c: 1 }]);
  admin.create("Lantern_Policy__c", [
    {
      Name: inbound.name,
      Object__c: "Lead",
      Order__c: 1,
      Active__c: true,
      Mode__c: "act",
      Definition__c: JSON.stringify(inbound.body),
    },
  ]);
  const config = readConfig({
    SALESFORCE_LOGIN_URL: org.url,
    SALESFORCE_CLIENT_ID: org.clientId,
    SALESFORCE_CLIENT_SECRET: org.clientSecret,
    SALESFORCE_ALLOW_LOCAL: "true",
    POLL_INTERVAL_MS: String(pollIntervalMs),
    QUIET_MS: "500",
  });
  const log = pino({ level: process.env["LANTERN_TEST_LOG"] ?? "silent" });
  const app = createApp({ config, store, clock: systemClock, ids: randomIds, log, limits: memoryLimits() });
  const base = { store, clock: systemClock, ids: randomIds, log, tenant: firstTenant } as const;
  await store.write((tx) => grant(tx, base, 100_000, "start"));
  app.start();
  cleanups.push(() => app.stop());
  const served = await serveApi({
    fetch: (request, env) => app.api.fetch(request, env),
    port: 0,
    hostname: "127.0.0.1",
  });
  cleanups.push(() => served.stop(0));
  await until("the service is ready", async () => {
    const [row] = await store.read((tx) => tx.db.select().from(tx.t.orgs));
    return row?.baselineDoneAt != null && row.lastPollAt !== null && app.listener()?.report().state === "live";
  });
  // Times in an org are whole seconds: what is changed in the second of the connect still counts as there before.
  const connectedAt = Date.now();
  await until("the second of the connect is over", async () => Date.now() >= connectedAt + 1_000);
  const { key } = await store.write((tx) =>
    createKey(tx, base, { name: "e2e", scopes: [...scopes], org_id: org.orgId, limits: {} }),
  );
  return { org, app, store, served, key, memberId };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20)))
    if (await holds()) return;
  throw new Error(`it did not come about that ${what}`);
}

/** Waits for the lead's journey to end, and holds it to what every door must bring about; answers who heard it first. */
async function convertedOnce({ org, store, memberId }: Running, leadId: string): Promise<string | null> {
  await until("the lead is converted and its journey closed", async () => {
    const open = await store.read(async (tx) => tx.db.select().from(tx.t.runs));
    return org.control.record(leadId)?.IsConverted === true && open.every((run) => run.state === "done");
  });
  const lead = org.control.record(leadId);
  expect(lead?.OwnerId).toBe(memberId);
  expect(org.control.record(String(lead?.ConvertedAccountId))).toMatchObject({
    Name: anaKim.Company,
    OwnerId: memberId,
  });
  expect(org.control.ledger().filter((entry) => entry.kind === "convert")).toHaveLength(1);
  return store.read(async (tx) => {
    const balance = await tx.db.select().from(tx.t.balances);
    expect(balance).toMatchObject([{ spent: 400, reserved: 0 }]);
    expect((await tx.db.select().from(tx.t.routeLog)).map((entry) => entry.action).sort()).toEqual([
      "assign",
      "convert",
    ]);
    const records = await tx.db.select().from(tx.t.records);
    return records.find((record) => record.recordId === leadId)?.firstHeardBy ?? null;
  });
}

onBothStores("a lead created in the org comes out converted and owned", (open) => {
  it("when only the change stream tells of it, over a real CometD exchange", async () => {
    await withService(await open(), rarely, async (service) => {
      const { control } = service.org;
      const [lead = ""] = control.as().create("Lead", [anaKim]);
      expect(await convertedOnce(service, lead)).toBe("stream");
      const [stream] = await service.store.read((tx) => tx.db.select().from(tx.t.streams));
      expect(stream).toMatchObject({ replayId: String(control.events().at(-1)?.replayId), gaps: 0 });
    });
  });

  it("when the stream is silent and only the poll finds it", async () => {
    await withService(await open(), 1_000, async (service) => {
      const { control } = service.org;
      control.bus.silent = true;
      const [lead = ""] = control.as().create("Lead", [anaKim]);
      expect(await convertedOnce(service, lead)).toBe("poll");
    });
  });

  it("when the stream is silent and only the org's webhook tells of it", async () => {
    await withService(await open(), rarely, async (service) => {
      const { control } = service.org;
      control.bus.silent = true;
      control.aimWebhook({ url: `http://127.0.0.1:${service.served.port}`, apiKey: service.key });
      const [lead = ""] = control.as().create("Lead", [anaKim]);
      expect(await convertedOnce(service, lead)).toBe("webhook");
      expect(control.webhook()).toMatchObject({ sent: 1, failed: 0 });
    });
  });

  it("once, when all three doors tell of it", async () => {
    await withService(await open(), 1_000, async (service) => {
      const { control } = service.org;
      control.aimWebhook({ url: `http://127.0.0.1:${service.served.port}`, apiKey: service.key });
      const [lead = ""] = control.as().create("Lead", [anaKim]);
      expect(["stream", "webhook", "poll"]).toContain(await convertedOnce(service, lead));
    });
  });
});
