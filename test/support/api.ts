/** A small API for tests: declared routes on a given store, one tenant with credits and a key of every scope. */
import { pino } from "pino";
import type { Context } from "../../service/context.ts";
import { balanceOf, grant } from "../../service/credits/index.ts";
import {
  createApi,
  keyGuard,
  memoryLimits,
  scopes,
  type Api,
  type ApiDeps,
  type Route,
} from "../../service/http/index.ts";
import { createKey, keyFinder, keyRoutes, type CreateKeyInput } from "../../service/keys/index.ts";
import type { Ids } from "../../service/ids.ts";
import type { Store } from "../../service/store/store.ts";
import { countingIds, ManualClock } from "./manual-clock.ts";

export const testOrgId = "00D000000000001EAA";

export interface TestApi {
  app: Api;
  clock: ManualClock;
  ids: Ids;
  /** A key of tenant 1 with every scope and no limits worth the name. */
  key: string;
  /** Makes another key; of tenant 1 and its org unless told otherwise. */
  makeKey(given?: Partial<CreateKeyInput>, tenant?: number, orgId?: string | null): Promise<string>;
  /** Sends a request with the key; a `body` that is no string is sent as JSON. */
  send(method: string, path: string, given?: Sent): Promise<Response>;
  /** What has been logged so far, one JSON line an entry. */
  logged(): string;
}

export interface Sent {
  body?: unknown;
  key?: string | null;
  headers?: Record<string, string>;
}

export interface TestApiOptions extends Partial<Omit<ApiDeps, "routes" | "store">> {
  store: Store;
  routes?: readonly Route[];
  /** Credits of tenant 1, in hundredths. */
  credits?: number;
  clock?: ManualClock;
  /** Whether tenant 1's org is a sandbox. Default true. */
  sandbox?: boolean;
}

export async function testApi({
  store,
  routes = [],
  credits = 100_000,
  sandbox = true,
  ...rest
}: TestApiOptions): Promise<TestApi> {
  const clock = rest.clock ?? new ManualClock();
  const ids = rest.ids ?? countingIds();
  const lines: string[] = [];
  const log = rest.log ?? pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const finder = keyFinder({ store, clock, log });
  await store.write(async (tx) => {
    const tenants = [1, 2].map((id) => ({ id, name: `tenant ${id}`, createdAt: 0 }));
    // A second API on the same store stands for another instance.
    const made = await tx.db.insert(tx.t.tenants).values(tenants).onConflictDoNothing().returning();
    if (made.length === 0) return;
    await tx.db.insert(tx.t.orgs).values({
      id: testOrgId,
      tenantId: 1,
      name: "Test org",
      instanceUrl: "https://example.my.salesforce.com",
      sandbox,
      state: "active",
      integrationUserId: "005000000000001AAA",
      connectedAt: clock.now(),
      settings: { enabled: true, convertEnabled: true, watch: {} },
    });
    const payer: Pick<Context, "tenant" | "clock" | "ids"> = { tenant: 1, clock, ids };
    if (credits > 0) await grant(tx, payer, credits, "start");
  });
  const app = createApi({
    clock,
    ids,
    log,
    authenticate: finder.findKey,
    creditsLeft: (tenant) => store.read(async (tx) => (await balanceOf(tx, tenant)).available),
    limits: memoryLimits(),
    guard: keyGuard(100_000),
    ...rest,
    store,
    routes: [...keyRoutes(finder), ...routes],
  });
  const limits = Object.fromEntries(
    (["general", "credits", "match", "convert", "routing", "triggers", "log_export", "log_export_large"] as const).map(
      (name) => [name, 1_000_000],
    ),
  );
  const makeKey: TestApi["makeKey"] = (given = {}, tenant = 1, orgId = tenant === 1 ? testOrgId : null) =>
    store.write(async (tx) => {
      const org = orgId === null ? {} : { org_id: orgId };
      const input = { name: "test", scopes: [...scopes], limits, ...org, ...given };
      return (await createKey(tx, { tenant, clock }, input)).key;
    });
  const key = await makeKey();
  return {
    app,
    clock,
    ids,
    key,
    makeKey,
    async send(method, path, given = {}) {
      const bearer = given.key === undefined ? key : given.key;
      const text = typeof given.body === "string" ? given.body : JSON.stringify(given.body);
      return app.request(path, {
        method,
        headers: {
          ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }),
          ...(given.body === undefined ? {} : { "Content-Type": "application/json" }),
          ...given.headers,
        },
        ...(given.body === undefined ? {} : { body: text }),
      });
    },
    logged: () => lines.join(""),
  };
}
