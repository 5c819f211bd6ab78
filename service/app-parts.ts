/** What `/ready` asks, part by part. */
import { eq } from "drizzle-orm";
import type { Config } from "./config.ts";
import type { Base } from "./context.ts";
import type { Parts } from "./http/index.ts";
import type { Listener } from "./intake/stream.ts";
import type { OrgConnection } from "./orgs/index.ts";

interface State {
  base: Base;
  config: Config;
  org: () => OrgConnection | undefined;
  listener: () => Listener | undefined;
}

export function intakeParts({ base, config, org, listener }: State): Parts {
  const { store, clock } = base;
  const parts: Parts = {
    store: async () => {
      await store.read((tx) => tx.db.select({ id: tx.t.tenants.id }).from(tx.t.tenants).limit(1));
      return { ok: true };
    },
  };
  if (config.salesforce.credentials === null) return parts;
  parts["org"] = async () => {
    const connected = org();
    if (!connected) return { ok: false, reason: "the org has not answered yet; see the service's log" };
    const budget = connected.salesforce.budget();
    if (budget.state === "essential")
      return { ok: false, reason: `API calls: ${budget.used} of ${budget.limit} used, only essential work goes on` };
    return { ok: true };
  };
  parts["baseline"] = async () => {
    const id = org()?.id;
    if (id === undefined) return { ok: false, reason: "waits for the org" };
    const [row] = await store.read((tx) => tx.db.select().from(tx.t.orgs).where(eq(tx.t.orgs.id, id)));
    return row?.baselineDoneAt == null
      ? { ok: false, reason: "the baseline of existing records is being taken" }
      : { ok: true };
  };
  if (!config.roles.includes("listener")) return parts;
  parts["poll"] = async () => {
    const id = org()?.id;
    if (id === undefined) return { ok: false, reason: "waits for the org" };
    const [row] = await store.read((tx) => tx.db.select().from(tx.t.orgs).where(eq(tx.t.orgs.id, id)));
    const late = row?.lastPollAt == null || clock.now() - row.lastPollAt > 3 * config.pollIntervalMs + 60_000;
    return late ? { ok: false, reason: "the org has not been polled for three intervals" } : { ok: true };
  };
  parts["stream"] = async () => {
    const report = listener()?.report();
    // Another instance may hold the subscription, and the poll finds what a broken stream does not tell: not a reason to be taken out of service.
    return {
      ok: true,
      ...(report && report.state !== "live"
        ? { reason: `${report.state}: ${report.reason ?? "not subscribed yet"}` }
        : {}),
    };
  };
  return parts;
}
