/** A session with the org of the environment's credentials. */
import { and, eq } from "drizzle-orm";
import type { Config } from "../../service/config.ts";
import { LanternError } from "../../service/errors.ts";
import { connectSalesforce, type Row, type Salesforce } from "../../service/salesforce/index.ts";
import type { Store } from "../../service/store/store.ts";
import { tenant, type Outside } from "./command.ts";

/** @throws LanternError when no org is configured; SalesforceError when the login is refused. */
export async function logIn(outside: Outside, config: Config): Promise<Salesforce> {
  const { loginUrl, credentials, apiVersion, allowLocal } = config.salesforce;
  if (loginUrl === null || credentials === null)
    throw new LanternError(
      "No org is configured: set SALESFORCE_LOGIN_URL, SALESFORCE_CLIENT_ID and the app's secret or key (README, “Connect an org”).",
      { code: "org_not_configured" },
    );
  return connectSalesforce({
    loginUrl,
    auth: credentials,
    apiVersion,
    allowInsecureLocal: allowLocal,
    clock: outside.clock,
    log: outside.log,
  });
}

/** Which org this is, once it is known to be connected. @throws LanternError when it is not. */
export async function getConnected(store: Store, salesforce: Salesforce): Promise<{ id: string; name: string }> {
  const identity = await salesforce.identify();
  const [org] = await store.read((tx) =>
    tx.db
      .select({ state: tx.t.orgs.state })
      .from(tx.t.orgs)
      .where(and(eq(tx.t.orgs.id, identity.orgId), eq(tx.t.orgs.tenantId, tenant))),
  );
  if (!org || org.state === "disconnected")
    throw new LanternError(
      `The org ${identity.name} (${identity.orgId}) is not connected. First: npm run lantern -- org connect`,
      { code: "org_not_connected" },
    );
  return { id: identity.orgId, name: identity.name };
}

/** A field of an answered row as text; empty where it is none. */
export function textIn(row: Row | undefined, field: string): string {
  const value = row?.[field];
  return typeof value === "string" ? value : "";
}
