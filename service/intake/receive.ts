/**
 * The one verb behind the three doors. In the caller's transaction each record is marked dirty, a run is opened for the
 * look that will handle it, its price is reserved and one job per record is wanted; the door's own position (replay id,
 * watermark) moves in the same transaction, so all of it happens or nothing.
 */
import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { reserveMany, triggerPrice, type Prices } from "../credits/index.ts";
import { parkWaiting, wantAll } from "../queue/queue.ts";
import type { Tx } from "../store/store.ts";
import type { HeardBy } from "../store/tables.ts";

export interface Heard {
  recordId: string;
  /** Deletes cost nothing: the look finds the record gone. */
  deleted?: boolean;
  /** Last changed by our own user: looked at a little later, when the work that changed it is closed. */
  ownChange?: boolean;
}

export interface ReceiveInput {
  orgId: string;
  object: string;
  door: HeardBy;
  changes: readonly Heard[];
  prices: Prices;
  /** Gathering time after our own write (ms). */
  quietMs: number;
  /** Looks even at a record whose fingerprint is known: an operator's back-fill. */
  forced?: boolean;
}

export interface Received {
  recordId: string;
  /** The run that will look at this record; an earlier signal's run when it has not begun yet. */
  runId: string;
  merged: boolean;
  reserved: number;
  /** Short of credits: kept, and parked until there are some. */
  parked: boolean;
}

export const journeyJob = "journey";
export const journeyKey = (orgId: string, recordId: string): string => `${orgId}:${recordId}`;
export const recordGroup = (orgId: string, recordId: string): string => `record:${orgId}:${recordId}`;

export async function receive(tx: Tx, ctx: Context, input: ReceiveInput): Promise<Received[]> {
  const out: Received[] = [];
  const changes = uniqueSorted(input.changes);
  for (let i = 0; i < changes.length; i += 400)
    out.push(...(await receivePart(tx, ctx, input, changes.slice(i, i + 400))));
  return out;
}

async function receivePart(tx: Tx, ctx: Context, input: ReceiveInput, changes: readonly Heard[]): Promise<Received[]> {
  const { records, runs } = tx.t;
  const now = ctx.clock.now();
  const ids = changes.map((c) => c.recordId);
  // The upsert comes first: it locks the rows, so that what is read next stays true.
  const rows = await tx.db
    .insert(records)
    .values(
      ids.map((recordId) => ({
        orgId: input.orgId,
        recordId,
        tenantId: ctx.tenant,
        object: input.object,
        wantSeq: 1,
        doneSeq: 0,
        firstHeardBy: input.door,
        firstHeardAt: now,
        paidLooks: [],
      })),
    )
    .onConflictDoUpdate({
      target: [records.orgId, records.recordId],
      set: {
        wantSeq: sql`${records.wantSeq} + 1`,
        firstHeardBy: sql`coalesce(${records.firstHeardBy}, excluded.first_heard_by)`,
        firstHeardAt: sql`coalesce(${records.firstHeardAt}, excluded.first_heard_at)`,
      },
    })
    .returning();
  const byId = new Map(rows.map((row) => [row.recordId, row]));

  const waiting = await tx.db
    .select({ id: runs.id, recordId: runs.recordId, dueAt: runs.dueAt })
    .from(runs)
    .where(
      and(
        eq(runs.orgId, input.orgId),
        inArray(runs.recordId, ids),
        eq(runs.state, "open"),
        eq(runs.step, "look"),
        isNull(runs.requestId),
      ),
    );
  const runOf = new Map(waiting.map((run) => [run.recordId, run]));

  const price = triggerPrice(input.prices, input.object);
  const unpaid = changes.filter((c) => !c.deleted && price > 0 && byId.get(c.recordId)?.reservationId == null);
  const reservations = await reserveMany(
    tx,
    ctx,
    unpaid.map(() => ({ amount: price, purpose: "trigger" })),
  );
  const reservationOf = new Map(unpaid.map((c, i) => [c.recordId, reservations[i] ?? null]));

  const received: Received[] = [];
  const opened: (typeof runs.$inferInsert)[] = [];
  const dueOf = new Map<string, number>();
  for (const change of changes) {
    const row = byId.get(change.recordId);
    if (!row) throw new Error("an upserted record came back empty");
    const existing = runOf.get(change.recordId);
    const runId = existing?.id ?? ctx.ids.next("run");
    const dueAt = existing?.dueAt ?? dueTime(row.writtenAt, change, input.quietMs, now);
    dueOf.set(change.recordId, dueAt);
    if (!existing)
      opened.push({
        id: runId,
        tenantId: ctx.tenant,
        orgId: input.orgId,
        recordId: change.recordId,
        object: input.object,
        wantSeq: row.wantSeq,
        step: "look",
        state: "open",
        heardBy: input.door,
        requestId: null,
        data: input.forced ? { forced: true } : {},
        dueAt,
        startedAt: now,
      });
    const reservation = reservationOf.get(change.recordId);
    received.push({
      recordId: change.recordId,
      runId,
      merged: existing !== undefined,
      reserved: reservation ? price : 0,
      parked: reservation === null,
    });
  }
  if (opened.length > 0) await tx.db.insert(runs).values(opened);
  if (input.forced && waiting.length > 0)
    await tx.db
      .update(runs)
      .set({ data: { forced: true } })
      .where(
        inArray(
          runs.id,
          waiting.map((run) => run.id),
        ),
      );
  await rememberReservations(tx, input.orgId, reservationOf);
  await wantAll(
    tx,
    changes.map((change) => ({
      kind: journeyJob,
      key: journeyKey(input.orgId, change.recordId),
      group: recordGroup(input.orgId, change.recordId),
      tenant: ctx.tenant,
      now,
      runAt: dueOf.get(change.recordId) ?? now,
      payload: { org: input.orgId, record: change.recordId },
    })),
  );
  for (const entry of received)
    if (entry.parked)
      await parkWaiting(
        tx,
        journeyJob,
        journeyKey(input.orgId, entry.recordId),
        "credits_short",
        "There were no credits left for this record; it goes on when credits are added.",
        now,
      );
  return received;
}

/** Changes soon after our own write are gathered and looked at in one go; our own changes after their run has closed. */
function dueTime(writtenAt: number | null, change: Heard, quietMs: number, now: number): number {
  const quietUntil = writtenAt === null ? 0 : writtenAt + quietMs;
  const ownUntil = change.ownChange ? now + Math.min(quietMs, 2 * 60_000) : 0;
  return Math.max(now, quietUntil, ownUntil);
}

async function rememberReservations(tx: Tx, orgId: string, made: Map<string, string | null>): Promise<void> {
  const { records } = tx.t;
  const some = [...made].filter((entry): entry is [string, string] => entry[1] !== null);
  if (some.length === 0) return;
  const cases = sql.join(
    some.map(([recordId, reservation]) => sql`WHEN ${recordId} THEN ${reservation}`),
    sql` `,
  );
  await tx.db
    .update(records)
    .set({ reservationId: sql`CASE ${records.recordId} ${cases} ELSE ${records.reservationId} END` })
    .where(
      and(
        eq(records.orgId, orgId),
        inArray(
          records.recordId,
          some.map(([recordId]) => recordId),
        ),
      ),
    );
}

/** One entry a record, in the order of ids: two doors that overlap lock the rows in the same order. */
function uniqueSorted(changes: readonly Heard[]): Heard[] {
  const byId = new Map<string, Heard>();
  for (const change of changes) byId.set(change.recordId, { ...byId.get(change.recordId), ...change });
  return [...byId.values()].sort((a, b) => (a.recordId < b.recordId ? -1 : 1));
}
