/** One life of the service on a given database and org: it begins as the process does, and may end at a tripwire. */
import { pino } from "pino";
import { createApp, firstTenant, type App } from "../../service/app.ts";
import { readConfig } from "../../service/config.ts";
import type { Context } from "../../service/context.ts";
import { memoryLimits } from "../../service/http/index.ts";
import { hearEvent } from "../../service/intake/stream.ts";
import { nextDue } from "../../service/queue/queue.ts";
import type { StreamEvent } from "../../service/salesforce/index.ts";
import { openStore } from "../../service/store/open.ts";
import type { Store } from "../../service/store/store.ts";
import type { ManualClock } from "../support/manual-clock.ts";
import { lifeOf, storeOf, watchCalls, type Ending, Tripwire } from "./tripwire.ts";

export interface OrgAddress {
  url: string;
  orgId: string;
  clientId: string;
  clientSecret: string;
}

export interface LifeOptions {
  databaseUrl: string;
  org: OrgAddress;
  clock: ManualClock;
  /** Told apart from all other lives of the database: its ids carry it. */
  name: string;
  ending: Ending;
  env?: Record<string, string>;
}

/** How a changed lead is told of. */
export type Telling =
  { door: "webhook"; key: string; ids: string[] } | { door: "stream"; events: StreamEvent[] } | { door: "poll" };

export interface Life {
  app: App;
  /** Not under the wire: for looking at what is stored. */
  raw: Store;
  wire: Tripwire;
  /** As the doors of this life act. */
  context: Context;
  hear(telling: Telling): Promise<void>;
  /** Runs the journeys that are due. */
  work(): Promise<void>;
  /**
   * Works until nothing is left, moving the clock to whatever is due next, at most `withinMs`. Answers how long it took,
   * and what is still waiting then.
   */
  settle(withinMs: number): Promise<{ tookMs: number; waiting: string[] }>;
  /** The process is gone: only the database and what was already sent remain. */
  end(): Promise<void>;
}

export const quietMs = 1_000;

export async function beginLife(options: LifeOptions): Promise<Life> {
  watchCalls();
  const { clock, org, name } = options;
  const wire = new Tripwire(options.ending);
  const raw = await openStore(options.databaseUrl, { exclusive: true, poolSize: 6 });
  const store = storeOf(raw, wire);
  const log = pino({ level: process.env["LANTERN_TEST_LOG"] ?? "silent" });
  let made = 0;
  const ids = { next: (prefix: string) => `${prefix}_${name}x${(++made).toString(36)}` };
  const config = readConfig({
    SALESFORCE_LOGIN_URL: org.url,
    SALESFORCE_CLIENT_ID: org.clientId,
    SALESFORCE_CLIENT_SECRET: org.clientSecret,
    SALESFORCE_ALLOW_LOCAL: "true",
    QUIET_MS: String(quietMs),
    ...options.env,
  });
  const alive = <T>(work: () => Promise<T>): Promise<T> => lifeOf.run(wire, work);
  const app = createApp({ config, store, clock, ids, log, limits: memoryLimits(), random: () => 0.5 });
  const connection = await alive(() => app.connect());
  const ctx = { store, clock, ids, log, tenant: firstTenant, orgId: org.orgId } as const;
  const work = () => alive(() => app.worker.drain());
  return {
    app,
    raw,
    wire,
    context: { ...ctx, actor: { kind: "door", door: "poll" } },
    work,
    hear: (telling) =>
      alive(async () => {
        if (telling.door === "poll") await app.poll();
        else if (telling.door === "stream") {
          const hearing = { prices: config.prices, quietMs: config.quietMs };
          for (const event of telling.events)
            await hearEvent({ ...ctx, actor: { kind: "door", door: "stream" } }, connection, event, hearing);
        } else {
          const body = { object: "Lead", ids: telling.ids, event: "after_insert", org_id: org.orgId };
          const answer = await app.api.request("/v1/triggers/salesforce", {
            method: "POST",
            headers: { Authorization: `Bearer ${telling.key}`, "Content-Type": "application/json" },
            body: JSON.stringify(body),
          });
          if (!answer.ok) throw new Error(`the webhook was refused: ${answer.status} ${await answer.text()}`);
        }
      }),
    async settle(withinMs) {
      const from = clock.now();
      for (;;) {
        await work();
        const due = await raw.read((tx) => nextDue(tx));
        if (due === null || due > from + withinMs) break;
        await clock.advance(Math.max(1, due - clock.now()));
      }
      const jobs = await raw.read((tx) => tx.db.select().from(tx.t.jobs));
      return {
        tookMs: clock.now() - from,
        waiting: jobs.map((j) => `${j.kind} ${j.key} ${j.state} ${j.parkedReason ?? ""}`.trim()),
      };
    },
    end: () => raw.close(),
  };
}
