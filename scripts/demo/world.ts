/** Starts the org and the service beside each other, in this process, and sets them up for a demo. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { startOrg, type StandInOrg } from "../../test/org/start.ts";
import { createApp, firstTenant, type App } from "../../service/app.ts";
import { systemClock } from "../../service/clock.ts";
import { readConfig } from "../../service/config.ts";
import { grant } from "../../service/credits/index.ts";
import { LanternError } from "../../service/errors.ts";
import { memoryLimits, scopes, serveApi } from "../../service/http/index.ts";
import { randomIds } from "../../service/ids.ts";
import { formatKey, hashSecret, newKeyParts } from "../../service/keys/format.ts";
import { openStore } from "../../service/store/open.ts";
import type { Store } from "../../service/store/store.ts";
import type { DemoOptions } from "./options.ts";
import { policyRow, type DemoPolicy } from "./rows.ts";

/** Real settings are ten minutes and two minutes; nobody watches a demo for that long. */
export const quietMs = 3_000;
export const pollMs = 2_000;
export const pool = "inbound";
const credits = 1_000;
const creditsPerLead = 10;

export interface Rep {
  id: string;
  name: string;
  active: boolean;
}

export interface World {
  org: StandInOrg;
  app: App;
  store: Store;
  url: string;
  apiKey: string;
  reps: Rep[];
  /** Undoes everything, in reverse. */
  stop(): Promise<void>;
}

export interface Wanted {
  options: DemoOptions;
  policies: readonly DemoPolicy[];
  /** How many leads will come, for the credits. */
  leads: number;
  /** Puts records into the org before it is connected: they belong to the baseline. */
  furnish: (org: StandInOrg, reps: readonly Rep[]) => void;
}

export async function openWorld({ options, policies, leads, furnish }: Wanted): Promise<World> {
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const org = await listening("ORG_PORT", options.orgPort, () => startOrg({ port: options.orgPort }));
    undo.push(() => org.close());
    const reps = setUpOrg(org, policies);
    furnish(org, reps);

    const folder = mkdtempSync(join(tmpdir(), "lantern-demo-"));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    const config = readConfig({
      DATABASE_URL: `sqlite:${join(folder, "lantern.db")}`,
      SALESFORCE_LOGIN_URL: org.url,
      SALESFORCE_CLIENT_ID: org.clientId,
      SALESFORCE_CLIENT_SECRET: org.clientSecret,
      SALESFORCE_ALLOW_LOCAL: "true",
      POLL_INTERVAL_MS: String(pollMs),
      POLL_OVERLAP_MS: "30000",
      QUIET_MS: String(quietMs),
      PORT: String(options.port),
    });
    const store = await openStore(config.databaseUrl, { exclusive: true });
    undo.push(() => store.close());
    const log = pino({ level: options.logLevel }, pino.destination(2));
    const base = { store, clock: systemClock, ids: randomIds, log };
    const app = createApp({ ...base, config, limits: memoryLimits() });
    undo.push(() => app.stop());
    await app.connect();
    const total = (credits + creditsPerLead * leads) * 100;
    await store.write((tx) => grant(tx, { ...base, tenant: firstTenant }, total, "demo"));
    const apiKey = await putKey(store, options, org.orgId);
    app.start();
    await ready(app, store, org.orgId);
    const served = await listening("PORT", options.port, () =>
      serveApi({ fetch: (request, env) => app.api.fetch(request, env), port: options.port, hostname: "127.0.0.1" }),
    );
    undo.push(() => served.stop(500));
    org.control.resetCalls();
    return { org, app, store, url: `http://127.0.0.1:${served.port}`, apiKey, reps, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listening<T>(name: string, port: number, start: () => Promise<T>): Promise<T> {
  return start().catch((error: unknown) => {
    throw error instanceof Error && "code" in error && error.code === "EADDRINUSE"
      ? new LanternError(`Port ${port} is taken. Choose another one: ${name}=${port + 1} npm run demo`, {
          code: "port_taken",
        })
      : error;
  });
}

function setUpOrg({ control }: StandInOrg, policies: readonly DemoPolicy[]): Rep[] {
  const admin = control.as(control.users.adminUserId);
  const reps = ["Ana Ruiz", "Ben Okafor", "Chloe Martin", "David Stern"].map((name) => ({
    id: control.createUser({ name }),
    name,
    active: name !== "David Stern",
  }));
  const [poolId = ""] = admin.create("Lantern_Pool__c", [{ Name: "Inbound", Key__c: pool, Active__c: true }]);
  admin.create(
    "Lantern_Pool_Member__c",
    reps.map(({ id }, i) => ({ Pool__c: poolId, User__c: id, Position__c: i + 1, Weight__c: 1, Active__c: true })),
  );
  for (const rep of reps.filter(({ active }) => !active)) control.setUserActive(rep.id, false);
  admin.create("Lantern_Policy__c", policies.map(policyRow));
  return reps;
}

async function putKey(store: Store, { key }: DemoOptions, orgId: string): Promise<string> {
  const parts = key ?? newKeyParts("live");
  await store.write((tx) =>
    tx.db.insert(tx.t.apiKeys).values({
      id: parts.id,
      tenantId: firstTenant,
      orgId,
      mode: parts.mode,
      name: "demo",
      secretHash: hashSecret(parts.secret),
      scopes: [...scopes],
      limits: {},
      createdAt: systemClock.now(),
    }),
  );
  return formatKey(parts);
}

/** Waits until the baseline is taken and the stream is live, so that what follows is heard by every door. */
async function ready(app: App, store: Store, orgId: string): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    const orgs = await store.read((tx) => tx.db.select().from(tx.t.orgs));
    const based = orgs.some((org) => org.id === orgId && org.baselineDoneAt !== null);
    const stream = app.listener()?.report();
    if (based && stream?.state === "live") return;
    if (Date.now() > until)
      throw new LanternError(
        `The service did not get ready within 20 s: ${based ? `the stream is ${stream?.state ?? "not begun"} (${stream?.reason ?? "no reason"})` : "the baseline is not done"}.`,
        { code: "not_ready" },
      );
    await systemClock.sleep(50);
  }
}
