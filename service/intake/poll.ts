/**
 * The third door, and the net under the other two: reads what changed since the watermark, by SystemModstamp. Salesforce
 * commits out of the order of its stamps, so the watermark stays ten minutes behind and rows seen before are passed over
 * by their stamp; `(SystemModstamp, Id)` only pages inside one poll. Records come in one composite call, what admins set
 * in a second.
 */
import { and, eq, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { LanternError } from "../errors.ts";
import {
  beginObject,
  checkedWatch,
  keepConfig,
  readConfig,
  readingFields,
  watchOf,
  watchQuery,
  type OrgConnection,
} from "../orgs/index.ts";
import { idOf, soql, timeOf, type QueryPage, type QueryRequest } from "../salesforce/index.ts";
import type { OrgSettings } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import { hearPage } from "./hear-page.ts";
import type { HearOptions } from "./hear-rows.ts";
import { defectOf } from "./unreadable.ts";

export interface PollOptions extends HearOptions {
  /** How far the watermark stays behind the org's clock (ms). */
  overlapMs: number;
  /** When the next poll is due (ms from now), for the status. */
  intervalMs: number;
}

const pageSize = 2_000;
/** One composite call takes five queries; the watched fields are one of them. */
const objectsPerCall = 4;

export interface Polled {
  /** Rows that were new to us. */
  processed: number;
  /** Of these, changes that no other door had told of. */
  recovered: number;
}

export async function pollOnce(ctx: Context, org: OrgConnection, options: PollOptions): Promise<Polled> {
  const { store, clock } = ctx;
  const startedAt = clock.now();
  const config = await readConfig(org.salesforce);
  await store.write((tx) => keepConfig(tx, ctx, org.id, config));
  const before = await store.read((tx) => stateOf(tx, org.id));
  const total: Polled = { processed: 0, recovered: 0 };
  // Switched off: the watermark stays, so that what happens meanwhile is found when it is on again.
  if (before.settings.enabled) await pollRecords(ctx, org, options, before, total);
  await store.write((tx) =>
    tx.db
      .update(tx.t.orgs)
      .set({ lastPollAt: startedAt, nextPollAt: startedAt + options.intervalMs })
      .where(eq(tx.t.orgs.id, org.id)),
  );
  return total;
}

interface OrgPolled {
  settings: OrgSettings;
  connectedAt: number;
  watermarks: Map<string, number>;
}

async function stateOf(tx: Tx, orgId: string): Promise<OrgPolled> {
  const [org] = await tx.db.select().from(tx.t.orgs).where(eq(tx.t.orgs.id, orgId));
  if (!org) throw new LanternError(`The org ${orgId} is not connected.`, { code: "org_not_connected" });
  const marks = await tx.db.select().from(tx.t.watermarks).where(eq(tx.t.watermarks.orgId, orgId));
  return {
    settings: org.settings,
    connectedAt: org.connectedAt,
    watermarks: new Map(marks.map((m) => [m.object, m.watermark])),
  };
}

async function pollRecords(
  ctx: Context,
  org: OrgConnection,
  options: PollOptions,
  state: OrgPolled,
  total: Polled,
): Promise<void> {
  const objects = [...state.watermarks.keys()].filter((object) => state.settings.watch[object] !== undefined);
  // The org's clock before the reading: what is committed later is found from here on.
  const asOf = org.salesforce.serverNow();
  for (let i = 0; i === 0 || i < objects.length; i += objectsPerCall) {
    const part = objects.slice(i, i + objectsPerCall);
    const requests: QueryRequest[] = part.map((object) => pageQuery(object, state, null));
    const outcomes = await org.salesforce.queries(i === 0 ? [...requests, watchQuery] : requests);
    if (i === 0) await keepWatch(ctx, org, state, outcomes.at(-1));
    for (const [n, object] of part.entries()) {
      const outcome = outcomes[n];
      if (!outcome?.ok) {
        ctx.log.error(
          { object, errors: outcome?.errors },
          "the poll could not read an object; its watermark stays where it is",
        );
        continue;
      }
      const done = await readObject(ctx, org, options, state, object, outcome.page);
      total.processed += done.processed;
      total.recovered += done.recovered;
      await moveWatermark(ctx, org.id, object, asOf - options.overlapMs, done);
    }
  }
}

function pageQuery(object: string, state: OrgPolled, after: { modstamp: number; id: string } | null): QueryRequest {
  const from = new Date(after ? after.modstamp : (state.watermarks.get(object) ?? state.connectedAt));
  const paged = after
    ? [
        soql.or(
          soql.compare("SystemModstamp", ">", from),
          soql.and(soql.equals("SystemModstamp", from), soql.compare("Id", ">", after.id)),
        ),
      ]
    : [];
  return {
    all: true,
    soql: soql.select({
      fields: readingFields(object, state.settings.watch[object] ?? []),
      from: object,
      where: [soql.compare("SystemModstamp", ">=", from), ...paged],
      orderBy: ["SystemModstamp", "Id"],
      limit: pageSize,
    }),
  };
}

/** Every page of the object, each heard in a transaction of its own; rows that cannot be read are parked. */
async function readObject(
  ctx: Context,
  org: OrgConnection,
  options: PollOptions,
  state: OrgPolled,
  object: string,
  first: QueryPage,
): Promise<Polled> {
  const total: Polled = { processed: 0, recovered: 0 };
  for (let page = first; page.rows.length > 0;) {
    const { rows } = page;
    const heard = await hearPage(
      ctx,
      { org, object, rows, watched: state.settings.watch[object] ?? [], connectedAt: state.connectedAt },
      options,
    );
    total.processed += heard.processed;
    total.recovered += heard.recovered;
    // Wide rows come in smaller pages than asked for; `done` tells.
    if (rows.length < pageSize && page.done) break;
    // Unreadable rows at the end of a page come again at the beginning of the next, and are parked once.
    const last = rows.findLast((row) => defectOf(row) === undefined);
    if (!last)
      throw new LanternError(`No row of a page of ${object} can be read; its watermark stays where it is.`, {
        code: "page_unreadable",
        fate: "backoff",
      });
    const after = { modstamp: timeOf(last["SystemModstamp"]), id: idOf(last) };
    page = await org.salesforce.query(pageQuery(object, state, after));
  }
  return total;
}

async function moveWatermark(ctx: Context, orgId: string, object: string, to: number, done: Polled): Promise<void> {
  await ctx.store.write((tx) => {
    const { watermarks } = tx.t;
    return tx.db
      .update(watermarks)
      .set({
        watermark: sql`CASE WHEN ${watermarks.watermark} > ${to} THEN ${watermarks.watermark} ELSE ${to} END`,
        lastPollAt: ctx.clock.now(),
        recordsProcessed: done.processed,
        recoveredByPoll: sql`${watermarks.recoveredByPoll} + ${done.recovered}`,
      })
      .where(and(eq(watermarks.orgId, orgId), eq(watermarks.object, object)));
  });
}

type Outcome = Awaited<ReturnType<OrgConnection["salesforce"]["queries"]>>[number];

/** The watched fields are data that admins change; an object that is new among them gets its own baseline. */
async function keepWatch(
  ctx: Context,
  org: OrgConnection,
  state: OrgPolled,
  outcome: Outcome | undefined,
): Promise<void> {
  if (!outcome?.ok) {
    ctx.log.error(
      { errors: outcome?.errors },
      "the poll could not read Lantern_Watch__c; the fields watched so far stay",
    );
    return;
  }
  const watch = await checkedWatch(org.salesforce, watchOf(outcome.page.rows), ctx.log);
  const added = Object.keys(watch).filter((object) => !state.watermarks.has(object));
  if (JSON.stringify(watch) === JSON.stringify(state.settings.watch) && added.length === 0) return;
  const now = org.salesforce.serverNow();
  await ctx.store.write(async (tx) => {
    const [row] = await tx.db.select({ settings: tx.t.orgs.settings }).from(tx.t.orgs).where(eq(tx.t.orgs.id, org.id));
    if (row)
      await tx.db
        .update(tx.t.orgs)
        .set({ settings: { ...row.settings, watch } })
        .where(eq(tx.t.orgs.id, org.id));
    for (const object of added) await beginObject(tx, ctx, org.id, object, now);
  });
}
