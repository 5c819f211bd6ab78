/** The composition root: the one file that knows every part and puts them together. */
import { Registry, collectDefaultMetrics } from "prom-client";
import { intakeParts } from "./app-parts.ts";
import type { Config } from "./config.ts";
import type { Base, Context } from "./context.ts";
import { balanceOf, creditRoutes, expireReservations } from "./credits/index.ts";
import { createCascade, directoryProvider, type Cascade } from "./enrichment/index.ts";
import { LanternError, messageOf } from "./errors.ts";
import { createApi, forgetOldAnswers, type Api, type RateLimits } from "./http/index.ts";
import { startListener, type Listener } from "./intake/stream.ts";
import { nextNight, reconcileHandler, reconcileJob, wantReconcile } from "./intake/reconcile-job.ts";
import { intakeRoutes } from "./intake/routes.ts";
import { pollOnce, type Polled, type PollOptions } from "./intake/poll.ts";
import { startPoller, type Poller } from "./intake/poller.ts";
import { journeyJob } from "./intake/receive.ts";
import { rowHandler, rowJob } from "./intake/unreadable.ts";
import { convertRoutes } from "./journey/routes.ts";
import { journeyHandler } from "./journey/run-journey.ts";
import { keyFinder, keyRoutes } from "./keys/index.ts";
import { logRoutes } from "./logs/index.ts";
import { matchRoutes } from "./matching/routes.ts";
import { baselineHandler, baselineJob, connectOrg, type OrgConnection } from "./orgs/index.ts";
import { Worker } from "./queue/worker.ts";
import { routingRoutes, writeOwnerHandler, writeOwnerKind } from "./routing/index.ts";
import { connectSalesforce, gathered, type Salesforce } from "./salesforce/index.ts";

export interface AppOptions extends Base {
  config: Config;
  limits: RateLimits;
  random?: () => number;
  version?: string;
}

export interface App {
  api: Api;
  worker: Worker;
  cascade: Cascade;
  /** The org of the configured credentials, once it has answered. */
  org(): OrgConnection | undefined;
  /** Logs in, connects the org for tenant 1 and wants its baseline. */
  connect(): Promise<OrgConnection>;
  /** Starts what the roles say; keeps trying an org that does not answer. */
  start(): void;
  /** One poll now, as the poller does it. */
  poll(): Promise<Polled>;
  listener(): Listener | undefined;
  stop(): Promise<void>;
}

/** The tenant of the credentials in the environment. */
export const firstTenant = 1;
const leaseMs = 60_000;

export function createApp(options: AppOptions): App {
  const { config, store, clock, ids, log } = options;
  const base: Base = { store, clock, ids, log };
  const random = options.random ?? Math.random;
  const orgs = new Map<string, OrgConnection>();
  const connection = (orgId: string): OrgConnection | undefined => orgs.get(orgId);
  const cascade = createCascade([directoryProvider({ store })]);
  const prices = config.prices;
  const hearing = { prices, quietMs: config.quietMs };
  const polling: PollOptions = { ...hearing, overlapMs: config.pollOverlapMs, intervalMs: config.pollIntervalMs };
  const context = (actor: Context["actor"], orgId?: string): Context => ({
    ...base,
    tenant: firstTenant,
    actor,
    ...(orgId === undefined ? {} : { orgId }),
  });

  const worker = new Worker({
    store,
    clock,
    log,
    name: ids.next("wrk"),
    capacity: config.workerCapacity,
    leaseMs,
    random,
    handlers: {
      [journeyJob]: journeyHandler({
        ...base,
        connection,
        cascade,
        config: {
          prices,
          quietMs: config.quietMs,
          maxPaidLooks: config.maxPaidLooks,
          convertTimeoutMs: 20_000,
          leaseMs,
        },
      }),
      [baselineJob]: baselineHandler({ ...base, connection, leaseMs }),
      [reconcileJob]: reconcileHandler({ ...base, ...hearing, connection }),
      [rowJob]: rowHandler({ ...base, ...hearing, connection }),
      [writeOwnerKind]: writeOwnerHandler({ ...base, connection }),
    },
  });

  const finder = keyFinder(base);
  const metrics = new Registry();
  let poller: Poller | undefined;
  let listener: Listener | undefined;
  const state = { org: (): OrgConnection | undefined => [...orgs.values()][0], listener: () => listener };
  const api = createApi({
    ...base,
    routes: [
      ...intakeRoutes({
        ...hearing,
        workerIsFree: () => worker.free,
        startedAt: clock.now(),
        pollIntervalMs: config.pollIntervalMs,
      }),
      ...convertRoutes({ prices, waitMs: 25_000 }),
      ...matchRoutes({ prices }),
      ...routingRoutes({ connection, prices }),
      ...creditRoutes,
      ...logRoutes,
      ...keyRoutes(finder),
    ],
    authenticate: finder.findKey,
    creditsLeft: (tenant) => store.read(async (tx) => (await balanceOf(tx, tenant)).available),
    limits: options.limits,
    parts: intakeParts({ base, config, ...state }),
    metrics,
    trustedProxies: config.trustedProxies,
    ...(options.version === undefined ? {} : { version: options.version }),
  });

  const stopping = new AbortController();
  const background: Promise<void>[] = [];

  const connect = async (): Promise<OrgConnection> => {
    const { loginUrl, credentials, apiVersion, allowLocal } = config.salesforce;
    if (loginUrl === null || credentials === null)
      throw new LanternError("No org is configured: set SALESFORCE_LOGIN_URL and the app's credentials.", {
        code: "org_not_configured",
      });
    const salesforce = await connectSalesforce({
      loginUrl,
      auth: credentials,
      apiVersion,
      allowInsecureLocal: allowLocal,
      clock,
      log,
      random,
    });
    return addOrg(salesforce);
  };
  const addOrg = async (salesforce: Salesforce): Promise<OrgConnection> => {
    await ensureTenant(base);
    const { identity, known } = await connectOrg(context({ kind: "operator" }), salesforce);
    const org: OrgConnection = {
      id: identity.orgId,
      tenant: firstTenant,
      userId: identity.userId,
      salesforce,
      gathered: gathered(salesforce, { atWork: () => worker.running }),
    };
    orgs.set(org.id, org);
    log.info({ org: org.id, name: identity.name, user: identity.username, known }, "connected the org");
    return org;
  };

  const startDoors = (org: OrgConnection): void => {
    if (!config.roles.includes("listener") || poller) return;
    poller = startPoller(context({ kind: "door", door: "poll" }, org.id), org, polling);
    listener = startListener(context({ kind: "door", door: "stream" }, org.id), org, {
      ...hearing,
      apiVersion: config.salesforce.apiVersion,
      random,
      onGap: () => poller?.soon(),
    });
  };
  const planReconcile = async (org: OrgConnection): Promise<void> => {
    if (!config.roles.includes("listener")) return;
    const ctx = context({ kind: "door", door: "poll" }, org.id);
    await store.write((tx) => wantReconcile(tx, ctx, org.id, nextNight(clock.now())));
  };
  const connectUntilItAnswers = async (): Promise<void> => {
    for (let attempt = 1; !stopping.signal.aborted; attempt++) {
      try {
        const org = state.org() ?? (await connect());
        startDoors(org);
        return await planReconcile(org);
      } catch (error) {
        log.error({ err: error }, `the org cannot be connected yet: ${messageOf(error)}`);
        await clock.sleep(Math.min(60_000, 1_000 * 2 ** attempt), stopping.signal).catch(() => undefined);
      }
    }
  };
  const tidyUp = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await expireReservations(base);
        await forgetOldAnswers(store, clock.now());
      } catch (error) {
        log.error({ err: error }, `tidying up failed: ${messageOf(error)}`);
      }
      await clock.sleep(60_000, stopping.signal).catch(() => undefined);
    }
  };

  return {
    api,
    worker,
    cascade,
    org: state.org,
    connect,
    listener: state.listener,
    start() {
      collectDefaultMetrics({ register: metrics });
      // Journeys need the org's connection, doors need the journeys' queue: whoever holds either role connects.
      if (config.salesforce.credentials !== null) background.push(connectUntilItAnswers());
      if (config.roles.includes("worker")) worker.start();
      background.push(tidyUp());
    },
    async poll() {
      const org = state.org() ?? (await connect());
      return pollOnce(context({ kind: "door", door: "poll" }, org.id), org, polling);
    },
    async stop() {
      stopping.abort(new Error("the service stops"));
      await Promise.all([listener?.stop(), poller?.stop()]);
      await worker.stop();
      await Promise.all(background);
    },
  };
}

async function ensureTenant({ store, clock }: Base): Promise<void> {
  await store.write((tx) =>
    tx.db.insert(tx.t.tenants).values({ id: firstTenant, name: "first", createdAt: clock.now() }).onConflictDoNothing(),
  );
}
