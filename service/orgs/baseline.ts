/**
 * The baseline of one object: every record's fingerprint is kept and the mirror filled, page by page in the order of ids,
 * free of charge. Resumes where it was when the process ends.
 */
import { and, eq, sql } from "drizzle-orm";
import type { Base, Context } from "../context.ts";
import { LanternError } from "../errors.ts";
import { mirrorRows } from "../matching/index.ts";
import { hold, payloadText, type Job } from "../queue/queue.ts";
import type { Handler } from "../queue/worker.ts";
import { idOf, soql, timeOf, type Row } from "../salesforce/index.ts";
import type { Tx } from "../store/store.ts";
import { baselineDone } from "./connect.ts";
import { readingFields } from "./fields.ts";
import { fingerprint } from "./fingerprint.ts";
import type { OrgConnection } from "./org.ts";

const pageSize = 2_000;

export interface BaselineDeps extends Base {
  connection: (orgId: string) => OrgConnection | undefined;
  leaseMs: number;
}

export function baselineHandler(deps: BaselineDeps): Handler {
  return async (job, signal) => {
    const orgId = payloadText(job, "org");
    const object = payloadText(job, "object");
    const org = deps.connection(orgId);
    // At a start, work is claimed before the org has answered.
    if (!org)
      throw new LanternError(`The org ${orgId} is not connected here yet; its baseline waits.`, {
        code: "org_not_connected",
        fate: { afterMs: 1_000 },
      });
    const ctx: Context = { ...deps, tenant: job.tenant, actor: { kind: "job", job: job.kind }, orgId };
    const state = await deps.store.read((tx) => readState(tx, orgId, object));
    if (!state) return { state: "done" };
    let afterId = state.afterId;
    for (;;) {
      if (signal.aborted) return { state: "later", runAt: deps.clock.now() };
      const page = await org.salesforce.query(
        {
          soql: soql.select({
            fields: readingFields(object, state.watched),
            from: object,
            ...(afterId === null ? {} : { where: soql.compare("Id", ">", afterId) }),
            orderBy: ["Id"],
            limit: pageSize,
          }),
        },
        { urgency: "deferrable" },
      );
      const rows = [...page.rows];
      for (let more = page; !more.done && more.next !== null; rows.push(...more.rows))
        more = await org.salesforce.queryMore(more.next);
      const last = rows.at(-1);
      afterId = last ? idOf(last) : null;
      const end = rows.length < pageSize;
      await deps.store.write((tx) =>
        keepPage(tx, ctx, job, {
          orgId,
          object,
          rows,
          afterId,
          end,
          watched: state.watched,
          connectedAt: state.connectedAt,
          leaseUntil: deps.clock.now() + deps.leaseMs,
        }),
      );
      ctx.log.info({ org: orgId, object, rows: rows.length, done: end }, "took the baseline of a page of records");
      if (end) return { state: "done" };
    }
  };
}

async function readState(tx: Tx, orgId: string, object: string) {
  const { orgs, watermarks } = tx.t;
  const [org] = await tx.db.select().from(orgs).where(eq(orgs.id, orgId));
  const [mark] = await tx.db
    .select()
    .from(watermarks)
    .where(and(eq(watermarks.orgId, orgId), eq(watermarks.object, object)));
  if (!org || !mark || mark.baselineDone) return undefined;
  return { watched: org.settings.watch[object] ?? [], connectedAt: org.connectedAt, afterId: mark.baselineAfterId };
}

interface Page {
  orgId: string;
  object: string;
  rows: Row[];
  afterId: string | null;
  end: boolean;
  watched: string[];
  connectedAt: number;
  leaseUntil: number;
}

async function keepPage(tx: Tx, ctx: Context, job: Job, page: Page): Promise<void> {
  const { orgs, records, watermarks } = tx.t;
  const { orgId, object } = page;
  await hold(tx, job, page.leaseUntil);
  const stampOf = (row: Row): number => timeOf(row["SystemModstamp"]);
  await mirrorRows(
    tx,
    orgId,
    page.rows.map((row) => ({ object, row, modstamp: stampOf(row) })),
  );
  // What changed since the connect belongs to the doors: they hear of it, and its look decides.
  const old = page.rows.filter((row) => timeOf(row["LastModifiedDate"]) <= page.connectedAt);
  for (let i = 0; i < old.length; i += 500)
    await tx.db
      .insert(records)
      .values(
        old.slice(i, i + 500).map((row) => ({
          orgId,
          recordId: idOf(row),
          tenantId: ctx.tenant,
          object,
          wantSeq: 0,
          doneSeq: 0,
          handledHash: fingerprint(row, page.watched),
          seenModstamp: stampOf(row),
          paidLooks: [],
        })),
      )
      // A door may have been quicker; what it found out stays.
      .onConflictDoNothing();
  // The org's row is locked before the last word: of two objects that end at once, the second must see the first's end.
  if (page.end)
    await tx.db
      .update(orgs)
      .set({ state: sql`${orgs.state}` })
      .where(eq(orgs.id, orgId));
  await tx.db
    .update(watermarks)
    .set({
      baselineAfterId: page.afterId,
      baselineDone: page.end,
      baselineCount: sql`${watermarks.baselineCount} + ${page.rows.length}`,
    })
    .where(and(eq(watermarks.orgId, orgId), eq(watermarks.object, object)));
  if (page.end && (await baselineDone(tx, orgId)))
    await tx.db.update(orgs).set({ state: "active", baselineDoneAt: ctx.clock.now() }).where(eq(orgs.id, orgId));
}
