/**
 * The audit of the three doors: what the org says has changed, against what `records` has seen. The org's `updated` and
 * `deleted` give the bound below which nothing can be committed any more, and ids; a query gives the stamps; a count says
 * whether the two agree. What nobody has heard is received by the poll's door and counted. All its calls are deferrable.
 */
import { and, count as countRows, eq, gte, inArray, lt, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { readingFields, type OrgConnection } from "../orgs/index.ts";
import { defectOf } from "./unreadable.ts";
import { idOf, soql, timeOf, type Row } from "../salesforce/index.ts";
import type { Tx } from "../store/store.ts";
import { hearPage } from "./hear-page.ts";
import type { HearOptions } from "./hear-rows.ts";
import { receive } from "./receive.ts";
import { mostDeletedMs, spanToReconcile, sureUntil, unseenIn, type SeenVersion } from "./reconcile-span.ts";

export interface ReconcileInput {
  object: string;
  watched: readonly string[];
  connectedAt: number;
  /** Since when the doors listen for this object (ms): what was there before is its baseline. */
  since: number;
  /** Everything before it has been polled (ms). */
  watermark: number;
  /** How far the last reconcile of this object got; `since` before the first. */
  coveredTo: number;
}

export interface Reconciled {
  /** Where the next one has to begin at the latest (ms). */
  coveredTo: number;
  /** Rows of the span in the org, and of these those that were seen in the end. The same, unless some are parked. */
  inOrg: number;
  seen: number;
  /** Versions nobody had heard of, and of these those that started something. */
  missed: number;
  recovered: number;
  /** Deleted for good, without any door telling. */
  gone: number;
  parked: number;
}

const deferrable = { urgency: "deferrable" } as const;
const pageSize = 2_000;
const idsPerQuery = 200;

/** Null when nothing is old enough yet. Throws what the org answers, API_BUDGET when its allowance is nearly used up. */
export async function reconcile(
  ctx: Context,
  org: OrgConnection,
  input: ReconcileInput,
  options: HearOptions,
): Promise<Reconciled | null> {
  const { object } = input;
  const now = org.salesforce.serverNow();
  const span = spanToReconcile({ now, since: input.since, coveredTo: input.coveredTo });
  if (!span) return null;
  const updated = await org.salesforce.updatedIds(object, span, deferrable);
  const deletedFrom = Math.max(span.from, now - mostDeletedMs);
  const deleted = await org.salesforce.deletedIds(object, { from: deletedFrom, to: span.to }, deferrable);
  const to = sureUntil({ updated: updated.coveredTo, deleted: deleted.coveredTo, watermark: input.watermark });
  const total: Reconciled = {
    coveredTo: Math.max(to, span.from),
    inOrg: 0,
    seen: 0,
    missed: 0,
    recovered: 0,
    gone: 0,
    parked: 0,
  };
  // All of it may still be committed into: the next one begins at the same place.
  if (to <= span.from) return total;

  const window = [
    soql.compare("SystemModstamp", ">=", new Date(span.from)),
    soql.compare("SystemModstamp", "<", new Date(to)),
  ];
  const versions = await stampsIn(org, object, window);
  const seen = await seenBefore(ctx, org.id, [...versions.map((v) => v.id), ...updated.ids]);
  const listed = new Set(versions.map((v) => v.id));
  const missed = [
    ...unseenIn(versions, seen),
    // Told of by the org and not found by the query: never heard of in this span, whatever its stamp is now.
    ...updated.ids.filter((id) => !listed.has(id) && (seen.get(id) ?? 0) < span.from),
  ];
  total.missed = missed.length;
  for (let i = 0; i < missed.length; i += idsPerQuery) {
    const rows = await rowsOf(org, input, missed.slice(i, i + idsPerQuery));
    const page = { org, object, rows, watched: input.watched, connectedAt: input.connectedAt };
    const heard = await hearPage(ctx, page, options);
    total.recovered += heard.recovered;
    total.parked += heard.parked;
  }
  const vanished = deleted.deleted.map(({ id }) => id).filter((id) => !listed.has(id));
  total.gone = await hearGone(ctx, org.id, object, vanished, options);
  const inSpan = { all: true, soql: soql.counting(object, window) };
  total.inOrg = await org.salesforce.count(inSpan, deferrable);
  total.seen = await keep(ctx, org.id, object, { from: span.from, to }, total);
  return total;
}

/** Id and stamp of every row in the window, deleted ones too. */
async function stampsIn(org: OrgConnection, object: string, window: soql.Condition[]): Promise<SeenVersion[]> {
  const out: SeenVersion[] = [];
  for (let after: SeenVersion | undefined; ;) {
    const from = after && new Date(after.modstamp);
    const beyond =
      after && from
        ? [
            soql.or(
              soql.compare("SystemModstamp", ">", from),
              soql.and(soql.equals("SystemModstamp", from), soql.compare("Id", ">", after.id)),
            ),
          ]
        : [];
    const text = soql.select({
      fields: ["Id", "SystemModstamp"],
      from: object,
      where: [...window, ...beyond],
      orderBy: ["SystemModstamp", "Id"],
      limit: pageSize,
    });
    const page = await org.salesforce.query({ all: true, soql: text }, deferrable);
    const rows = page.rows.filter((row) => defectOf(row) === undefined);
    const versions = rows.map((row) => ({ id: idOf(row), modstamp: timeOf(row["SystemModstamp"]) }));
    out.push(...versions);
    after = versions.at(-1);
    if (!after || (page.done && page.rows.length < pageSize)) return out;
  }
}

async function rowsOf(org: OrgConnection, input: ReconcileInput, ids: readonly string[]): Promise<Row[]> {
  const text = soql.select({
    fields: readingFields(input.object, input.watched),
    from: input.object,
    where: soql.idIn("Id", ids),
  });
  let page = await org.salesforce.query({ all: true, soql: text }, deferrable);
  const rows = [...page.rows];
  while (!page.done && page.next !== null) {
    page = await org.salesforce.queryMore(page.next, deferrable);
    rows.push(...page.rows);
  }
  return rows;
}

/** Record id → the stamp last seen; without an entry, never heard of. */
async function seenBefore(ctx: Context, orgId: string, ids: readonly string[]): Promise<Map<string, number | null>> {
  const out = new Map<string, number | null>();
  const unique = [...new Set(ids)];
  for (let i = 0; i < unique.length; i += 500) {
    const rows = await ctx.store.read((tx) => {
      const { records } = tx.t;
      return tx.db
        .select({ id: records.recordId, modstamp: records.seenModstamp })
        .from(records)
        .where(and(eq(records.orgId, orgId), inArray(records.recordId, unique.slice(i, i + 500))));
    });
    for (const row of rows) out.set(row.id, row.modstamp);
  }
  return out;
}

/** Records that are gone even from the recycle bin: whoever of them we know and hold for alive is looked at. */
async function hearGone(
  ctx: Context,
  orgId: string,
  object: string,
  ids: readonly string[],
  options: HearOptions,
): Promise<number> {
  let heard = 0;
  for (let i = 0; i < ids.length; i += 500)
    heard += await ctx.store.write(async (tx) => {
      const { records } = tx.t;
      const known = await tx.db
        .select({ id: records.recordId, deletedAt: records.deletedAt })
        .from(records)
        .where(and(eq(records.orgId, orgId), inArray(records.recordId, ids.slice(i, i + 500))));
      const changes = known.filter((r) => r.deletedAt === null).map((r) => ({ recordId: r.id, deleted: true }));
      if (changes.length > 0) await receive(tx, ctx, { orgId, object, door: "poll", changes, ...options });
      return changes.length;
    });
  return heard;
}

/** Counts what was recovered where the status shows it, and answers how many rows of the span have been seen now. */
async function keep(
  ctx: Context,
  orgId: string,
  object: string,
  span: { from: number; to: number },
  total: Reconciled,
): Promise<number> {
  return ctx.store.write(async (tx: Tx) => {
    const { records, watermarks } = tx.t;
    const found = total.recovered + total.gone;
    if (found > 0)
      await tx.db
        .update(watermarks)
        .set({ recoveredByPoll: sql`${watermarks.recoveredByPoll} + ${found}` })
        .where(and(eq(watermarks.orgId, orgId), eq(watermarks.object, object)));
    const [row] = await tx.db
      .select({ n: countRows() })
      .from(records)
      .where(
        and(
          eq(records.orgId, orgId),
          eq(records.object, object),
          gte(records.seenModstamp, span.from),
          lt(records.seenModstamp, span.to),
        ),
      );
    return Number(row?.n ?? 0);
  });
}
