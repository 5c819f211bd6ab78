/**
 * The queue: one table in the same store as the data, so that wanting work joins the caller's transaction. It is
 * level-triggered: a job is (kind, key); wanting it while it waits or runs raises `wantSeq` instead of adding a row, and
 * finishing closes the row only if `wantSeq` did not move. A claim takes a lease and a fence; every finishing write
 * checks the fence, so that a worker that lost its lease finishes nothing.
 */
import { and, asc, eq, inArray, lte, sql } from "drizzle-orm";
import { LostLease } from "../errors.ts";
import type { JobPayload } from "../store/json.ts";
import type { Tx } from "../store/store.ts";

export interface Want {
  kind: string;
  key: string;
  tenant: number;
  now: number;
  /** Jobs of one group run one at a time. */
  group?: string;
  /** Not before (ms). The earlier of two wants wins. */
  runAt?: number;
  /** What the handler needs beside the key; that of the first want stays. */
  payload?: JobPayload;
}

/** A claimed job, as a worker holds it. */
export interface Job {
  kind: string;
  key: string;
  tenant: number;
  wantSeq: number;
  fence: number;
  attempts: number;
  leaseUntil: number;
  /** When its row was made: a row that was finished and wanted anew counts its fences from the start again. */
  createdAt: number;
  payload: JobPayload;
}

/** The time of a running job that was not wanted again yet: any want is earlier. */
const notWanted = Number.MAX_SAFE_INTEGER;

/** A text that whoever wanted the job put into its payload. @throws when it is not there. */
export function payloadText(job: Pick<Job, "kind" | "key" | "payload">, name: string): string {
  const value = job.payload[name];
  if (typeof value !== "string") throw new Error(`the job ${nameOf(job)} lacks ${name}`);
  return value;
}

/** How a job ends. */
export type Outcome =
  | { state: "done" }
  /** Again later; a rate limit, a lock, a quiet time: costs no attempt. */
  | { state: "later"; runAt: number }
  /** Again after a failure: costs an attempt. */
  | { state: "retry"; runAt: number }
  | { state: "parked"; code: string; reason: string };

/** Wants the work done. A parked job stays parked and remembers that it was wanted again; `redrive` wakes it. */
export const want = (tx: Tx, given: Want): Promise<void> => wantAll(tx, [given]);

/** Wants many pieces of work, in as few statements as the databases' limits on bound values allow. */
export async function wantAll(tx: Tx, wants: readonly Want[]): Promise<void> {
  const { jobs } = tx.t;
  for (const part of chunks(merged(wants), 500)) {
    await tx.db
      .insert(jobs)
      .values(
        part.map((given) => ({
          kind: given.kind,
          key: given.key,
          tenantId: given.tenant,
          group: given.group ?? null,
          wantSeq: 1,
          state: "waiting" as const,
          runAt: given.runAt ?? given.now,
          attempts: 0,
          fence: 0,
          leaseUntil: 0,
          payload: given.payload ?? {},
          createdAt: given.now,
        })),
      )
      .onConflictDoUpdate({
        target: [jobs.kind, jobs.key],
        set: {
          wantSeq: sql`${jobs.wantSeq} + 1`,
          // The earlier of the two times; a retry that waits for its backoff is not hurried, it is merely wanted again.
          runAt: sql`CASE WHEN (${jobs.state} = 'waiting' AND ${jobs.attempts} > 0) OR ${jobs.runAt} < excluded.run_at
            THEN ${jobs.runAt} ELSE excluded.run_at END`,
        },
      });
  }
  if (wants.length > 0) tx.wake();
}

/**
 * One want a job, in the order of their names: Postgres refuses to touch a row twice in one statement, and transactions
 * that take the same rows in one order cannot wait for each other.
 */
function merged(wants: readonly Want[]): Want[] {
  const byName = new Map<string, Want>();
  for (const given of wants) {
    const before = byName.get(nameOf(given));
    const runAt = Math.min(before ? (before.runAt ?? before.now) : Infinity, given.runAt ?? given.now);
    byName.set(nameOf(given), { ...(before ?? given), runAt });
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, given]) => given);
}

export interface ClaimRequest {
  worker: string;
  now: number;
  leaseMs: number;
  limit: number;
  /** Only these kinds; all when absent. */
  kinds?: readonly string[];
}

/** Takes up to `limit` due jobs: waiting ones whose time has come and running ones whose lease ran out. */
export async function claim(tx: Tx, { worker, now, leaseMs, limit, kinds }: ClaimRequest): Promise<Job[]> {
  const { jobs } = tx.t;
  const ofKind = kinds ? inArray(jobs.kind, [...kinds]) : undefined;
  const columns = { kind: jobs.kind, key: jobs.key, group: jobs.group };
  // Two selects, each on its own index, rather than one OR that would read every waiting row.
  const due = await locked(
    tx,
    tx.db
      .select(columns)
      .from(jobs)
      .where(and(eq(jobs.state, "waiting"), lte(jobs.runAt, now), ofKind, groupIsFree(tx)))
      .orderBy(asc(jobs.runAt))
      .limit(limit),
  );
  const dead = await locked(
    tx,
    tx.db
      .select(columns)
      .from(jobs)
      .where(and(eq(jobs.state, "running"), lte(jobs.leaseUntil, now), ofKind))
      .limit(limit),
  );
  const chosen = await onePerGroup(tx, [...dead, ...due]);
  if (chosen.length === 0) return [];
  const taken: Job[] = [];
  const batch = chosen.slice(0, limit);
  for (const kind of new Set(batch.map((job) => job.kind))) {
    const keys = batch.filter((job) => job.kind === kind).map((job) => job.key);
    for (const part of chunks(keys, 400)) {
      const rows = await tx.db
        .update(jobs)
        .set({
          state: "running",
          worker,
          fence: sql`${jobs.fence} + 1`,
          leaseUntil: now + leaseMs,
          runAt: sql`CASE WHEN ${jobs.state} = 'waiting' THEN ${notWanted} ELSE ${jobs.runAt} END`,
        })
        .where(and(eq(jobs.kind, kind), inArray(jobs.key, part)))
        .returning();
      taken.push(...rows.map(toJob));
    }
  }
  return taken;
}

interface Candidate {
  kind: string;
  key: string;
  group: string | null;
}

/** Postgres: rows another claimer holds are passed over. SQLite has one writer and needs no lock. */
function locked<T>(tx: Tx, query: T): T {
  if (tx.dialect === "sqlite") return query;
  return (query as { for: (strength: "update", config: { skipLocked: true }) => T }).for("update", {
    skipLocked: true,
  });
}

/** Work behind a busy group is not even looked at: it would fill the claim and hold up everything due after it. */
const groupIsFree = (tx: Tx) => sql`(${tx.t.jobs.group} IS NULL OR NOT EXISTS (
  SELECT 1 FROM jobs AS busy WHERE busy.group_key = ${tx.t.jobs.group} AND busy.state = 'running'))`;

/** Leaves out jobs whose group runs already; the partial unique index on running groups is the last word. */
async function onePerGroup(tx: Tx, found: Candidate[]): Promise<Candidate[]> {
  const { jobs } = tx.t;
  const asked = [...new Set(found.flatMap((c) => (c.group === null ? [] : [c.group])))];
  if (asked.length === 0) return found;
  const groups = await lockedGroups(tx, asked);
  const candidates = found.filter((c) => c.group === null || groups.includes(c.group));
  const busy = new Map<string, string>();
  for (const part of chunks(groups, 400)) {
    const rows = await tx.db
      .select({ group: jobs.group, kind: jobs.kind, key: jobs.key })
      .from(jobs)
      .where(and(eq(jobs.state, "running"), inArray(jobs.group, part)));
    for (const row of rows) if (row.group !== null) busy.set(row.group, nameOf(row));
  }
  const out: Candidate[] = [];
  for (const candidate of candidates) {
    const id = nameOf(candidate);
    if (candidate.group !== null) {
      const holder = busy.get(candidate.group);
      if (holder !== undefined && holder !== id) continue;
      busy.set(candidate.group, id);
    }
    out.push(candidate);
  }
  return out;
}

/**
 * The groups nobody else is claiming from at this moment. Two claims that each saw a group free would otherwise both
 * take a job of it, and the index would refuse one of them its whole claim. What the other took is seen once the lock is
 * ours, since it is held until that transaction has ended.
 */
async function lockedGroups(tx: Tx, groups: string[]): Promise<string[]> {
  if (tx.dialect === "sqlite") return groups;
  const list = sql.join(
    groups.map((group) => sql`(${group})`),
    sql`, `,
  );
  const locked = await tx.db.execute<{ name: string }>(
    sql`SELECT name FROM (VALUES ${list}) AS asked (name) WHERE pg_try_advisory_xact_lock(hashtextextended(name, 0))`,
  );
  return locked.rows.map((row) => row.name);
}

/**
 * Checks that the worker still holds the job, locks its row for this transaction and prolongs its lease. Begins every
 * transaction that saves a step. Answers the newest `wantSeq`.
 * @throws LostLease when somebody else holds it by now, or it is gone.
 */
export async function hold(tx: Tx, job: Job, leaseUntil?: number): Promise<{ wantSeq: number }> {
  const { jobs } = tx.t;
  const [row] = await tx.db
    .update(jobs)
    .set({
      leaseUntil: sql`CASE WHEN ${jobs.leaseUntil} > ${leaseUntil ?? 0} THEN ${jobs.leaseUntil} ELSE ${leaseUntil ?? 0} END`,
    })
    .where(mine(tx, job))
    .returning({ wantSeq: jobs.wantSeq });
  if (!row) throw new LostLease(`${job.kind} ${job.key}`);
  return row;
}

/** Prolongs the leases of many jobs at once; answers the keys that are still held. */
export async function heartbeat(
  tx: Tx,
  worker: string,
  held: readonly Job[],
  leaseUntil: number,
): Promise<Set<string>> {
  const { jobs } = tx.t;
  const alive = new Set<string>();
  const fences = new Map(held.map((job) => [nameOf(job), job.fence]));
  for (const part of chunks(held, 400)) {
    const keys = part.map((job) => job.key);
    const rows = await tx.db
      .update(jobs)
      .set({ leaseUntil })
      .where(and(eq(jobs.state, "running"), eq(jobs.worker, worker), inArray(jobs.key, keys)))
      .returning({ kind: jobs.kind, key: jobs.key, fence: jobs.fence });
    for (const row of rows) if (fences.get(nameOf(row)) === row.fence) alive.add(nameOf(row));
  }
  return alive;
}

/**
 * Ends the worker's hold. `done` removes the row, unless it was wanted again meanwhile: then it waits for another look.
 * @throws LostLease when the worker no longer holds it: nothing that this transaction saved may stay.
 */
export async function settle(tx: Tx, job: Job, outcome: Outcome, now: number): Promise<{ wantedAgain: boolean }> {
  const { jobs } = tx.t;
  const free = { worker: null, leaseUntil: 0 };
  if (outcome.state === "done") {
    const gone = await tx.db
      .delete(jobs)
      .where(and(mine(tx, job), eq(jobs.wantSeq, job.wantSeq)))
      .returning({ key: jobs.key });
    if (gone.length > 0) return { wantedAgain: false };
    const again = await tx.db
      .update(jobs)
      .set({
        ...free,
        state: "waiting",
        attempts: 0,
        runAt: sql`CASE WHEN ${jobs.runAt} > ${now} AND ${jobs.runAt} < ${notWanted} THEN ${jobs.runAt} ELSE ${now} END`,
      })
      .where(mine(tx, job))
      .returning({ key: jobs.key });
    if (again.length === 0) throw new LostLease(`${job.kind} ${job.key}`);
    tx.wake();
    return { wantedAgain: true };
  }
  const set =
    outcome.state === "parked"
      ? { ...free, state: "parked" as const, parkedCode: outcome.code, parkedReason: outcome.reason, parkedAt: now }
      : {
          ...free,
          state: "waiting" as const,
          runAt: outcome.runAt,
          ...(outcome.state === "retry" ? { attempts: sql`${jobs.attempts} + 1` } : {}),
        };
  const rows = await tx.db.update(jobs).set(set).where(mine(tx, job)).returning({ wantSeq: jobs.wantSeq });
  const [row] = rows;
  if (!row) throw new LostLease(`${job.kind} ${job.key}`);
  if (outcome.state !== "parked") tx.wake();
  return { wantedAgain: row.wantSeq !== job.wantSeq };
}

/** Parks work that is not running (short of credits, say): it stays listed until it is re-driven. */
export async function parkWaiting(
  tx: Tx,
  kind: string,
  key: string,
  code: string,
  reason: string,
  now: number,
): Promise<void> {
  const { jobs } = tx.t;
  await tx.db
    .update(jobs)
    .set({ state: "parked", parkedCode: code, parkedReason: reason, parkedAt: now })
    .where(and(eq(jobs.kind, kind), eq(jobs.key, key), eq(jobs.state, "waiting")));
}

export interface ParkedFilter {
  tenant: number;
  code?: string;
  kind?: string;
  key?: string;
}

/** Lets parked work go on, with its attempts forgotten; answers how many were re-driven. */
export async function redrive(tx: Tx, filter: ParkedFilter, now: number): Promise<number> {
  const { jobs } = tx.t;
  const rows = await tx.db
    .update(jobs)
    .set({ state: "waiting", runAt: now, attempts: 0, parkedCode: null, parkedReason: null, parkedAt: null })
    .where(
      and(
        eq(jobs.tenantId, filter.tenant),
        eq(jobs.state, "parked"),
        filter.code === undefined ? undefined : eq(jobs.parkedCode, filter.code),
        filter.kind === undefined ? undefined : eq(jobs.kind, filter.kind),
        filter.key === undefined ? undefined : eq(jobs.key, filter.key),
      ),
    )
    .returning({ key: jobs.key });
  if (rows.length > 0) tx.wake();
  return rows.length;
}

/** When the next waiting job or dead lease is due, if any (ms). */
export async function nextDue(tx: Tx, kinds?: readonly string[]): Promise<number | null> {
  const { jobs } = tx.t;
  const ofKind = kinds ? inArray(jobs.kind, [...kinds]) : undefined;
  const [waiting] = await tx.db
    .select({ at: jobs.runAt })
    .from(jobs)
    .where(and(eq(jobs.state, "waiting"), ofKind))
    .orderBy(asc(jobs.runAt))
    .limit(1);
  const [running] = await tx.db
    .select({ at: jobs.leaseUntil })
    .from(jobs)
    .where(and(eq(jobs.state, "running"), ofKind))
    .orderBy(asc(jobs.leaseUntil))
    .limit(1);
  const times = [waiting?.at, running?.at].filter((at) => at !== undefined);
  return times.length === 0 ? null : Math.min(...times);
}

const mine = (tx: Tx, job: Job) =>
  and(
    eq(tx.t.jobs.kind, job.kind),
    eq(tx.t.jobs.key, job.key),
    eq(tx.t.jobs.state, "running"),
    eq(tx.t.jobs.fence, job.fence),
    eq(tx.t.jobs.createdAt, job.createdAt),
  );

const toJob = (row: {
  kind: string;
  key: string;
  tenantId: number;
  wantSeq: number;
  fence: number;
  attempts: number;
  leaseUntil: number;
  createdAt: number;
  payload: JobPayload;
}): Job => ({
  kind: row.kind,
  key: row.key,
  tenant: row.tenantId,
  wantSeq: row.wantSeq,
  fence: row.fence,
  attempts: row.attempts,
  leaseUntil: row.leaseUntil,
  createdAt: row.createdAt,
  payload: row.payload,
});

/** The job's name among all jobs. */
export const nameOf = (job: Pick<Job, "kind" | "key">): string => `${job.kind} ${job.key}`;

function chunks<T>(list: readonly T[], size: number): T[][] {
  const out: T[][] = [];
  for (let i = 0; i < list.length; i += size) out.push(list.slice(i, i + size));
  return out;
}
