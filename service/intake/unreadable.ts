/**
 * Rows that cannot be taken in. Each is parked by itself, with what is wrong, as a job that re-reads this one record when
 * it is re-driven: it never holds up the page it came with, and the page never passes it over in silence.
 */
import { createHash } from "node:crypto";
import { and, eq } from "drizzle-orm";
import type { Base, Context } from "../context.ts";
import { LanternError, LostLease, messageOf } from "../errors.ts";
import { readingFields, type OrgConnection } from "../orgs/index.ts";
import { hold, parkWaiting, payloadText, redrive, settle, want, type Job } from "../queue/queue.ts";
import type { Handler } from "../queue/worker.ts";
import { findId, soql, textOf, timeOf, type Row } from "../salesforce/index.ts";
import type { Tx } from "../store/store.ts";
import { hearRows, type HearOptions } from "./hear-rows.ts";

export const rowJob = "row";
const code = "row_unreadable";

const keyOf = (orgId: string, object: string, row: Row): string =>
  `${orgId}:${object}:${findId(textOf(row["Id"]) ?? "") ?? fingerprintOf(row)}`;
/** A row without an id is still the same row when it is read again. */
const fingerprintOf = (row: Row): string =>
  createHash("sha256").update(JSON.stringify(row)).digest("base64url").slice(0, 16);

/** What is wrong with a row before anything is done with it; undefined when it can be taken in. */
export function defectOf(row: Row): string | undefined {
  if (findId(textOf(row["Id"]) ?? "") === undefined) return "It has no record id.";
  const stamp = timeOf(row["SystemModstamp"]);
  return Number.isFinite(stamp) && stamp > 0 ? undefined : "It has no SystemModstamp.";
}

/** Our own errors say what to do; any other message is for the log alone. */
export const defectFrom = (error: unknown): string =>
  error instanceof LanternError ? messageOf(error) : "It could not be taken in; the service's log says why.";

export async function parkRow(
  tx: Tx,
  ctx: Context,
  given: { orgId: string; object: string; row: Row; defect: string },
): Promise<void> {
  const { orgId, object, row, defect } = given;
  const key = keyOf(orgId, object, row);
  const now = ctx.clock.now();
  const record = findId(textOf(row["Id"]) ?? "") ?? null;
  await want(tx, { kind: rowJob, key, tenant: ctx.tenant, now, payload: { org: orgId, object, record } });
  await parkWaiting(
    tx,
    rowJob,
    key,
    code,
    `A poll of ${object} could not read ${record ?? "a row"}. ${defect} Re-drive it to have it read again.`,
    now,
  );
}

/** Rows parked before that a later version makes readable again are looked at again, and found handled. */
export async function redriveHeard(ctx: Context, orgId: string, object: string, rows: readonly Row[]): Promise<void> {
  const parked = await ctx.store.read((tx) => {
    const { jobs } = tx.t;
    return tx.db
      .select({ key: jobs.key })
      .from(jobs)
      .where(and(eq(jobs.state, "parked"), eq(jobs.kind, rowJob), eq(jobs.tenantId, ctx.tenant)));
  });
  if (parked.length === 0) return;
  const heard = new Set(rows.map((row) => keyOf(orgId, object, row)));
  const readable = parked.filter(({ key }) => heard.has(key));
  if (readable.length === 0) return;
  await ctx.store.write(async (tx) => {
    for (const { key } of readable) await redrive(tx, { tenant: ctx.tenant, kind: rowJob, key }, ctx.clock.now());
  });
}

export interface UnreadableDeps extends Base, HearOptions {
  connection: (orgId: string) => OrgConnection | undefined;
}

/** A re-driven row: read again by its id, and heard or parked again. */
export function rowHandler(deps: UnreadableDeps): Handler {
  return async (job: Job) => {
    const orgId = payloadText(job, "org");
    const object = payloadText(job, "object");
    const { record } = job.payload;
    const org = deps.connection(orgId);
    if (!org)
      throw new LanternError(`The org ${orgId} is not connected here yet; its row waits.`, {
        code: "org_not_connected",
        fate: { afterMs: 1_000 },
      });
    const ctx: Context = { ...deps, tenant: job.tenant, actor: { kind: "job", job: job.kind }, orgId };
    const facts = await deps.store.read(async (tx) => {
      const [row] = await tx.db.select().from(tx.t.orgs).where(eq(tx.t.orgs.id, orgId));
      return row && { watched: row.settings.watch[object], connectedAt: row.connectedAt };
    });
    // Without an id there is nothing to read again, and what is not watched any more is of no interest.
    if (typeof record !== "string" || facts?.watched === undefined) return { state: "done" };
    const { watched, connectedAt } = facts;
    const page = await org.salesforce.query({
      all: true,
      soql: soql.select({
        fields: readingFields(object, watched),
        from: object,
        where: soql.equals("Id", record),
      }),
    });
    const [row] = page.rows;
    if (!row) return { state: "done" };
    const parked = (defect: string) =>
      ({ state: "parked", code, reason: `${object} ${record} still cannot be read. ${defect}` }) as const;
    const defect = defectOf(row);
    if (defect !== undefined) return parked(defect);
    try {
      await deps.store.write(async (tx) => {
        await hold(tx, job);
        await hearRows(tx, ctx, { org, object, rows: [row], watched, connectedAt }, deps);
        await settle(tx, job, { state: "done" }, deps.clock.now());
      });
    } catch (error) {
      if (error instanceof LostLease) throw error;
      deps.log.error({ err: error, org: orgId, object, record }, "a re-driven row still cannot be taken in");
      return parked(defectFrom(error));
    }
    return "settled";
  };
}
