/**
 * The whole thing in one process: the stand-in org over real HTTP, the service on a given store, one clock for both.
 * Nothing runs by itself: `hear…` is a door, `work` runs the journeys that are due, `advance` moves the time.
 */
import { eq } from "drizzle-orm";
import { pino } from "pino";
import { createApp, firstTenant, type App } from "../../service/app.ts";
import { readConfig } from "../../service/config.ts";
import type { Context } from "../../service/context.ts";
import { balanceOf, grant } from "../../service/credits/index.ts";
import { importDirectory } from "../../service/enrichment/index.ts";
import { memoryLimits, scopes } from "../../service/http/index.ts";
import { hearEvent } from "../../service/intake/stream.ts";
import { createKey } from "../../service/keys/index.ts";
import type { PolicyBody } from "../../service/store/json.ts";
import type { Store } from "../../service/store/store.ts";
import type { Control } from "../org/control.ts";
import { startOrg, type StandInOrg } from "../org/start.ts";
import { countingIds, ManualClock } from "./manual-clock.ts";

export interface WorldOptions {
  /** Credits, in whole credits. */
  credits?: number;
  /** Put into the org before the service connects: the baseline. */
  before?: (control: Control, org: StandInOrg) => void;
  policies?: {
    name: string;
    object?: string;
    mode?: "act" | "observe";
    active?: boolean;
    order?: number;
    body: PolicyBody;
  }[];
  /** Members by pool key; made as users of the org. */
  pools?: Record<string, string[]>;
  env?: Record<string, string>;
}

export interface World {
  org: StandInOrg;
  control: Control;
  app: App;
  store: Store;
  clock: ManualClock;
  key: string;
  /** User ids by the names that `pools` gave. */
  users: Record<string, string>;
  /** Runs all journeys that are due. */
  work(): Promise<void>;
  /** The three doors. The stream door hears what the org has published since last time. */
  hearStream(): Promise<void>;
  hearPoll(): Promise<void>;
  hearWebhook(object: string, ids: string[], event?: string): Promise<Response>;
  advance(ms: number): Promise<void>;
  send(
    method: string,
    path: string,
    given?: { body?: unknown; headers?: Record<string, string>; key?: string },
  ): Promise<Response>;
  run(recordId: string): Promise<{ outcome: string | null; reason: string | null; state: string } | undefined>;
  runs(recordId: string): Promise<{ outcome: string | null; step: string; state: string }[]>;
  balance(): Promise<{ available: number; spent: number; reserved: number }>;
  parked(): Promise<{ key: string; code: string | null; reason: string | null }[]>;
  log(recordId: string): Promise<{ action: string; mode: string; reason: string; assignedTo: string | null }[]>;
  /** What the service did to a record, from the org's own ledger. */
  effects(recordId?: string): { kind: string; object: string; id: string }[];
  /** Loads rows into the tenant's directory, as a CSV with these headers. */
  importDirectory(kind: "people" | "companies", rows: Record<string, string>[]): Promise<void>;
  close(): Promise<void>;
}

export async function makeWorld(store: Store, options: WorldOptions = {}): Promise<World> {
  const clock = new ManualClock();
  const org = await startOrg({ clock });
  const { control } = org;
  const users = setUp(control, options);
  options.before?.(control, org);
  await clock.advance(1_000);
  const ids = countingIds();
  const log = pino({ level: process.env["LANTERN_TEST_LOG"] ?? "silent" });
  const config = readConfig({
    SALESFORCE_LOGIN_URL: org.url,
    SALESFORCE_CLIENT_ID: org.clientId,
    SALESFORCE_CLIENT_SECRET: org.clientSecret,
    SALESFORCE_ALLOW_LOCAL: "true",
    ...options.env,
  });
  const app = createApp({ config, store, clock, ids, log, limits: memoryLimits(), random: () => 0.5 });
  const base = { store, clock, ids, log, tenant: firstTenant } as const;
  await store.write((tx) => grant(tx, base, (options.credits ?? 100_000) * 100, "start"));
  const connection = await app.connect();
  await app.worker.drain();
  await clock.advance(1_000);
  const limits = Object.fromEntries(
    ["general", "credits", "match", "convert", "routing", "triggers", "log_export"].map((name) => [name, 1_000_000]),
  );
  const { key } = await store.write((tx) =>
    createKey(tx, base, { name: "test", scopes: [...scopes], org_id: org.orgId, limits }),
  );

  let heard = control.events().length;
  const send: World["send"] = async (method, path, given = {}) =>
    app.api.request(path, {
      method,
      headers: {
        Authorization: `Bearer ${given.key ?? key}`,
        ...(given.body === undefined ? {} : { "Content-Type": "application/json" }),
        ...given.headers,
      },
      ...(given.body === undefined
        ? {}
        : { body: typeof given.body === "string" ? given.body : JSON.stringify(given.body) }),
    });
  const runsOf = (recordId: string) =>
    store.read((tx) =>
      tx.db.select().from(tx.t.runs).where(eq(tx.t.runs.recordId, recordId)).orderBy(tx.t.runs.startedAt, tx.t.runs.id),
    );

  return {
    org,
    control,
    app,
    store,
    clock,
    key,
    users,
    async work() {
      await app.worker.drain();
      // Nothing is written in the second in which a record was changed.
      await clock.advance(1_000);
      await app.worker.drain();
    },
    async hearStream() {
      const events = control.events().slice(heard);
      heard += events.length;
      const ctx: Context = { ...base, actor: { kind: "door", door: "stream" }, orgId: org.orgId };
      for (const event of events)
        await hearEvent(
          ctx,
          connection,
          {
            channel: "/event/Lantern_Change__e",
            replayId: String(event.replayId),
            eventUuid: event.data.event.EventUuid,
            payload: event.data.payload as never,
          },
          { prices: config.prices, quietMs: config.quietMs },
        );
    },
    async hearPoll() {
      await app.poll();
    },
    hearWebhook: (object, recordIds, event = "after_insert") =>
      send("POST", "/v1/triggers/salesforce", { body: { object, ids: recordIds, event, org_id: org.orgId } }),
    advance: (ms) => clock.advance(ms),
    send,
    run: async (recordId) => (await runsOf(recordId)).at(-1),
    runs: runsOf,
    balance: () => store.read((tx) => balanceOf(tx, firstTenant)),
    parked: () =>
      store.read(async (tx) => {
        const { jobs } = tx.t;
        return tx.db
          .select({ key: jobs.key, code: jobs.parkedCode, reason: jobs.parkedReason })
          .from(jobs)
          .where(eq(jobs.state, "parked"));
      }),
    log: (recordId) =>
      store.read(async (tx) => {
        const { routeLog } = tx.t;
        return tx.db.select().from(routeLog).where(eq(routeLog.objectId, recordId)).orderBy(routeLog.at, routeLog.id);
      }),
    effects: (recordId) =>
      control
        .ledger()
        .filter((entry) => entry.user === org.integrationUserId && (recordId === undefined || entry.id === recordId)),
    async importDirectory(kind, rows) {
      const headers = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      const lines = [headers, ...rows.map((row) => headers.map((header) => row[header] ?? ""))];
      const csv = lines.map((cells) => cells.map((cell) => `"${cell}"`).join(",")).join("\n");
      const result = await importDirectory(base, {
        tenant: firstTenant,
        kind,
        name: "test.csv",
        stream: contentOf(csv),
      });
      if (result.stored !== rows.length)
        throw new Error(`the directory took ${result.stored} of ${rows.length} rows: ${JSON.stringify(result.errors)}`);
    },
    async close() {
      await app.stop();
      await org.close();
    },
  };
}

async function* contentOf(text: string): AsyncIterable<string> {
  yield text;
}

function setUp(control: Control, options: WorldOptions): Record<string, string> {
  const users: Record<string, string> = {};
  const admin = control.as(control.users.adminUserId);
  for (const [pool, names] of Object.entries(options.pools ?? {})) {
    const [poolId] = admin.create("Lantern_Pool__c", [{ Name: pool, Key__c: pool }]);
    names.forEach((name, i) => {
      users[name] ??= control.createUser({ name });
      admin.create("Lantern_Pool_Member__c", [{ Pool__c: poolId, User__c: users[name], Position__c: i + 1 }]);
    });
  }
  (options.policies ?? []).forEach((policy, i) =>
    admin.create("Lantern_Policy__c", [
      {
        Name: policy.name,
        Object__c: policy.object ?? "Lead",
        Order__c: policy.order ?? i + 1,
        Active__c: policy.active ?? true,
        Mode__c: policy.mode ?? "act",
        Definition__c: JSON.stringify(policy.body),
      },
    ]),
  );
  return users;
}
