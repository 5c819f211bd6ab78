/** Takes in rows that a poll has read: the mirror learns all of them; those whose watched fields differ are received. */
import { and, eq, inArray, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Prices } from "../credits/index.ts";
import { mirrorRows } from "../matching/index.ts";
import { fingerprint, sameVersion, type OrgConnection } from "../orgs/index.ts";
import { idOf, textOf, timeOf, type Row } from "../salesforce/index.ts";
import type { Tx } from "../store/store.ts";
import { receive, type Heard } from "./receive.ts";

export interface HearOptions {
  prices: Prices;
  quietMs: number;
}

export interface PolledRows {
  org: OrgConnection;
  object: string;
  rows: readonly Row[];
  watched: readonly string[];
  connectedAt: number;
}

interface Version {
  id: string;
  row: Row;
  modstamp: number;
  fingerprint: string;
}

export async function hearRows(
  tx: Tx,
  ctx: Context,
  given: PolledRows,
  options: HearOptions,
): Promise<{ processed: number; recovered: number }> {
  const versions = given.rows.map((row) => ({
    id: idOf(row),
    row,
    modstamp: timeOf(row["SystemModstamp"]),
    fingerprint: fingerprint(row, given.watched),
  }));
  const known = await knownRecords(
    tx,
    given.org.id,
    versions.map((v) => v.id),
  );
  const fresh = versions.filter((v) => isFresh(v, known.get(v.id)));
  if (fresh.length === 0) return { processed: 0, recovered: 0 };
  await mirrorRows(
    tx,
    given.org.id,
    fresh.map((v) => ({ object: given.object, row: v.row, modstamp: v.modstamp })),
  );
  const underWay = await versionsUnderWay(tx, given.org.id, fresh);
  const changes: Heard[] = [];
  const handled: Version[] = [];
  const unseen = new Set<string>();
  for (const version of fresh) {
    const before = known.get(version.id);
    if (version.row["IsDeleted"] === true || version.row["IsConverted"] === true) handled.push(version);
    else if (before?.handledHash != null && sameVersion(before.handledHash, version.fingerprint)) continue;
    else if (before?.handledHash == null && ofBaseline(version.row, given.connectedAt)) handled.push(version);
    // A journey that has read this very version is at work on it.
    else if (underWay.get(version.id)?.modstamp === version.modstamp) continue;
    // Its own write, seen before it could say so. Not remembered as seen: what else changed is found when it is done.
    else if (isItsOwn(version.row, underWay.get(version.id), given.org.userId)) unseen.add(version.id);
    else if (before?.seenModstamp === version.modstamp && underWay.has(version.id)) continue;
    else changes.push({ recordId: version.id, ownChange: version.row["LastModifiedById"] === given.org.userId });
  }
  const seen = fresh.filter((v) => !unseen.has(v.id));
  await remember(tx, ctx, given, seen, new Set(handled.map((v) => v.id)));
  const received = await receive(tx, ctx, {
    orgId: given.org.id,
    object: given.object,
    door: "poll",
    changes,
    ...options,
  });
  const theirs = new Set(changes.filter((c) => !c.ownChange).map((c) => c.recordId));
  const recovered = received.filter((r) => !r.merged && theirs.has(r.recordId) && !underWay.has(r.recordId)).length;
  return { processed: fresh.length, recovered };
}

/**
 * A stamp is a whole second, and more may change within it after we have read: a row of the stamp last seen that differs
 * from what was handled is not passed over.
 */
const isFresh = (version: Version, before: Known | undefined): boolean =>
  before?.seenModstamp !== version.modstamp ||
  (before.handledHash !== null && !sameVersion(before.handledHash, version.fingerprint));

const ofBaseline = (row: Row, connectedAt: number): boolean => timeOf(row["LastModifiedDate"]) <= connectedAt;

interface Known {
  seenModstamp: number | null;
  handledHash: string | null;
}

async function knownRecords(tx: Tx, orgId: string, ids: readonly string[]): Promise<Map<string, Known>> {
  const { records } = tx.t;
  const out = new Map<string, Known>();
  for (let i = 0; i < ids.length; i += 500) {
    const rows = await tx.db
      .select({ id: records.recordId, seenModstamp: records.seenModstamp, handledHash: records.handledHash })
      .from(records)
      .where(and(eq(records.orgId, orgId), inArray(records.recordId, ids.slice(i, i + 500))));
    for (const row of rows) out.set(row.id, row);
  }
  return out;
}

interface UnderWay {
  /** The version (SystemModstamp, ms) that was read; 0 when none has been yet. */
  modstamp: number;
  runs: string[];
}

const isItsOwn = (row: Row, underWay: UnderWay | undefined, userId: string): boolean =>
  row["LastModifiedById"] === userId && (underWay?.runs.includes(textOf(row["Lantern_Run__c"]) ?? "") ?? false);

/** The open runs of these records. */
async function versionsUnderWay(tx: Tx, orgId: string, versions: readonly Version[]): Promise<Map<string, UnderWay>> {
  const { runs } = tx.t;
  const out = new Map<string, UnderWay>();
  const ids = versions.map((v) => v.id);
  for (let i = 0; i < ids.length; i += 500) {
    const rows = await tx.db
      .select({ id: runs.recordId, runId: runs.id, data: runs.data })
      .from(runs)
      .where(and(eq(runs.orgId, orgId), eq(runs.state, "open"), inArray(runs.recordId, ids.slice(i, i + 500))));
    for (const row of rows) {
      const before = out.get(row.id) ?? { modstamp: 0, runs: [] };
      out.set(row.id, {
        modstamp: Math.max(before.modstamp, row.data.modstamp ?? 0),
        runs: [...before.runs, row.runId],
      });
    }
  }
  return out;
}

/** Keeps the stamps seen, so that the next poll passes these versions over, and what became of deleted and converted rows. */
async function remember(
  tx: Tx,
  ctx: Context,
  given: PolledRows,
  fresh: readonly Version[],
  handled: ReadonlySet<string>,
): Promise<void> {
  const { records } = tx.t;
  const now = ctx.clock.now();
  for (let i = 0; i < fresh.length; i += 500)
    await tx.db
      .insert(records)
      .values(
        fresh.slice(i, i + 500).map((v) => ({
          orgId: given.org.id,
          recordId: v.id,
          tenantId: ctx.tenant,
          object: given.object,
          wantSeq: 0,
          doneSeq: 0,
          seenModstamp: v.modstamp,
          handledHash: handled.has(v.id) ? v.fingerprint : null,
          paidLooks: [],
          deletedAt: v.row["IsDeleted"] === true ? now : null,
          successorId: successorOf(v.row),
        })),
      )
      .onConflictDoUpdate({
        target: [records.orgId, records.recordId],
        set: {
          seenModstamp: sql`excluded.seen_modstamp`,
          handledHash: sql`coalesce(excluded.handled_hash, ${records.handledHash})`,
          deletedAt: sql`excluded.deleted_at`,
          successorId: sql`coalesce(excluded.successor_id, ${records.successorId})`,
        },
      });
}

/** Where a merge or a conversion moved it. */
function successorOf(row: Row): string | null {
  for (const field of ["MasterRecordId", "ConvertedContactId"]) if (typeof row[field] === "string") return row[field];
  return null;
}
