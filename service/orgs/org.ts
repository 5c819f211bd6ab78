import type { GatheredSalesforce, Salesforce } from "../salesforce/index.ts";

/** A connected org, as journeys and doors use it. */
export interface OrgConnection {
  id: string;
  tenant: number;
  /** The integration user: what it changed is ours. */
  userId: string;
  salesforce: Salesforce;
  /** Single-record verbs that share calls with everything that runs beside them. */
  gathered: GatheredSalesforce;
}
