/** Reads route-log entries of a period, oldest first, a page at a time. */
import { and, asc, eq, gt, gte, lt, or } from "drizzle-orm";
import type { Tx } from "../store/store.ts";
import type { Tables } from "../store/tables.ts";

export type LogRow = Tables["routeLog"]["$inferSelect"];

export interface LogFilter {
  /** `[from, to)`, ms. */
  from: number;
  to: number;
  /** Only this org's entries; all of the tenant's when absent. */
  orgId?: string;
  pool?: string;
  object?: string;
  action?: LogRow["action"];
  limit: number;
  after?: LogPosition;
}

/** Where a page ended. */
export interface LogPosition {
  at: number;
  id: string;
}

export interface LogPage {
  rows: LogRow[];
  /** Where to go on, absent on the last page. */
  next?: LogPosition;
}

export async function exportLogs(tx: Tx, tenant: number, filter: LogFilter): Promise<LogPage> {
  const { routeLog } = tx.t;
  const { orgId, pool, object, action, after, limit } = filter;
  const rows = await tx.db
    .select()
    .from(routeLog)
    .where(
      and(
        eq(routeLog.tenantId, tenant),
        gte(routeLog.at, filter.from),
        lt(routeLog.at, filter.to),
        orgId === undefined ? undefined : eq(routeLog.orgId, orgId),
        pool === undefined ? undefined : eq(routeLog.pool, pool),
        object === undefined ? undefined : eq(routeLog.object, object),
        action === undefined ? undefined : eq(routeLog.action, action),
        after && or(gt(routeLog.at, after.at), and(eq(routeLog.at, after.at), gt(routeLog.id, after.id))),
      ),
    )
    .orderBy(asc(routeLog.at), asc(routeLog.id))
    // One more than asked tells whether there is a next page.
    .limit(limit + 1);
  const last = rows[limit - 1];
  if (rows.length <= limit || !last) return { rows };
  return { rows: rows.slice(0, limit), next: { at: last.at, id: last.id } };
}
