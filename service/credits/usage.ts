import { and, eq, gte, isNotNull, lt, sql } from "drizzle-orm";
import type { Tx } from "../store/store.ts";

export interface UsageFilter {
  /** `[from, to)`, ms. */
  from: number;
  to: number;
  workflowId?: string;
  workflowRunId?: string;
  customKey?: string;
  /** Needs `customKey`. */
  customValue?: string;
}

/** What the tenant spent, less what was given back, by the time of the entries; hundredths of a credit. */
export async function usageOf(tx: Tx, tenant: number, filter: UsageFilter): Promise<number> {
  const { ledger } = tx.t;
  const { customKey, customValue, workflowId, workflowRunId } = filter;
  // Both dialects know ->> with a text label; the cast tells Postgres that the bound value is one.
  const pair = sql`(${ledger.custom} ->> CAST(${customKey ?? ""} AS TEXT))`;
  const [row] = await tx.db
    .select({ spent: sql<string | number | null>`sum(${ledger.amount})` })
    .from(ledger)
    .where(
      and(
        eq(ledger.tenantId, tenant),
        eq(ledger.account, "spent"),
        gte(ledger.at, filter.from),
        lt(ledger.at, filter.to),
        workflowId === undefined ? undefined : eq(ledger.workflowId, workflowId),
        workflowRunId === undefined ? undefined : eq(ledger.workflowRunId, workflowRunId),
        customKey === undefined ? undefined : customValue === undefined ? isNotNull(pair) : eq(pair, customValue),
      ),
    );
  // Postgres answers a sum as text.
  return Number(row?.spent ?? 0);
}
