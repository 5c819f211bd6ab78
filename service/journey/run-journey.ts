/**
 * The worker's handler for one record: takes its open runs one after another, each step by step. A crash repeats at most
 * one step, and every step tolerates repeating.
 */
import { and, asc, eq } from "drizzle-orm";
import type { Base, Context } from "../context.ts";
import { LanternError, LostLease } from "../errors.ts";
import type { Cascade } from "../enrichment/index.ts";
import { returnReservation, settleReservation } from "../credits/index.ts";
import type { OrgConnection } from "../orgs/org.ts";
import { hold, payloadText, settle, type Job, type Outcome } from "../queue/queue.ts";
import type { Handler } from "../queue/worker.ts";
import type { RunData } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import { closeRun } from "./close.ts";
import { convert, effectKey } from "./convert.ts";
import { dropReservation } from "./effects.ts";
import { enrich } from "./enrich.ts";
import type { Advance, Commit, Journey, JourneyConfig, Run, Step, StepName } from "./journey.ts";
import { look } from "./look.ts";
import { match } from "./match.ts";
import { readOrgState } from "./org-state.ts";
import { own } from "./own.ts";
import type { Reading } from "./reading.ts";
import { survive } from "./survive.ts";
import { write } from "./write.ts";

const steps: Record<StepName, Step> = { look, enrich, match, own, write, convert, survive, close: closeRun };

export interface JourneyDeps extends Base {
  connection: (orgId: string) => OrgConnection | undefined;
  cascade: Cascade;
  config: JourneyConfig;
  /** Tells whoever waits for it that a run has ended or stopped. */
  onEnd?: (runId: string) => void;
}

export function journeyHandler(deps: JourneyDeps): Handler {
  return async (job, signal): Promise<Outcome | "settled"> => {
    const orgId = payloadText(job, "org");
    const org = deps.connection(orgId);
    if (!org)
      // At a start, work is claimed before the org has answered.
      throw new LanternError(`The org ${orgId} is not connected here yet; its records wait.`, {
        code: "org_not_connected",
        fate: { afterMs: 1_000 },
      });
    for (;;) {
      const found = await nextRun(deps, job, orgId, payloadText(job, "record"));
      if (found === null) return { state: "done" };
      if ("dueAt" in found) return { state: "later", runAt: found.dueAt };
      const settled = await runToItsEnd(deps, org, job, found.run, signal);
      if (settled) return "settled";
    }
  };
}

/** The record's oldest open run that is due; when all open ones are due later, the time of the first. */
async function nextRun(
  deps: JourneyDeps,
  job: Job,
  orgId: string,
  recordId: string,
): Promise<{ run: Run } | { dueAt: number } | null> {
  return deps.store.read(async (tx) => {
    const { runs } = tx.t;
    const open = await tx.db
      .select()
      .from(runs)
      .where(
        and(eq(runs.orgId, orgId), eq(runs.recordId, recordId), eq(runs.state, "open"), eq(runs.tenantId, job.tenant)),
      )
      .orderBy(asc(runs.dueAt), asc(runs.startedAt));
    // One that has begun goes on before another begins.
    const chosen = open.find((run) => run.step !== "look") ?? open[0];
    if (!chosen) return null;
    if (chosen.dueAt > deps.clock.now()) return { dueAt: chosen.dueAt };
    return { run: { ...chosen, step: chosen.step as StepName } };
  });
}

/** Answers whether the job is settled, because nothing else is open for the record. */
async function runToItsEnd(
  deps: JourneyDeps,
  org: OrgConnection,
  job: Job,
  begun: Run,
  signal: AbortSignal,
): Promise<boolean> {
  let run = begun;
  let reading: Reading | undefined;
  for (;;) {
    const journey = { ...(await assemble(deps, org, job, run, signal)), ...(reading ? { reading } : {}) };
    const commit = await steps[run.step](journey).catch((error: unknown) => answered(run, error));
    const result = await deps.store.write(async (tx) => {
      const held = await hold(tx, job, deps.clock.now() + deps.config.leaseMs);
      const advance = await commit(tx);
      const data = { ...run.data, ...advance.data };
      await saveRecord(tx, run, advance);
      if ("to" in advance) {
        await tx.db
          .update(tx.t.runs)
          .set({ step: advance.to, data, ...(advance.wantSeq === undefined ? {} : { wantSeq: advance.wantSeq }) })
          .where(eq(tx.t.runs.id, run.id));
        const next = { ...run, step: advance.to, data, wantSeq: advance.wantSeq ?? run.wantSeq };
        return { next, reading: advance.reading };
      }
      await endRun(tx, journey, advance, data);
      // The newest want is known under the row's lock, so closing by it loses nothing.
      job.wantSeq = held.wantSeq;
      const more = await anotherRun(tx, run);
      if (more === null) await settle(tx, job, { state: "done" }, deps.clock.now());
      tx.wake();
      return { settled: more === null };
    });
    if (result.next) {
      run = result.next;
      reading = result.reading;
      continue;
    }
    deps.onEnd?.(run.id);
    return result.settled ?? false;
  }
}

/** Somebody waits for a run that was asked for: what can never succeed ends it with its reason instead of being parked. */
function answered(run: Run, error: unknown): Commit {
  if (!run.data.asked || !(error instanceof LanternError) || error instanceof LostLease || error.fate !== "never")
    throw error;
  return async () => ({ end: error.code, reason: error.message });
}

async function assemble(
  deps: JourneyDeps,
  org: OrgConnection,
  job: Job,
  run: Run,
  signal: AbortSignal,
): Promise<Journey> {
  return deps.store.read(async (tx) => {
    const [record] = await tx.db
      .select()
      .from(tx.t.records)
      .where(and(eq(tx.t.records.orgId, run.orgId), eq(tx.t.records.recordId, run.recordId)));
    if (!record) throw new Error(`a run without its record: ${run.id}`);
    const ctx: Context = {
      tenant: job.tenant,
      actor: { kind: "job", job: "journey" },
      store: deps.store,
      clock: deps.clock,
      ids: deps.ids,
      log: deps.log.child({ run: run.id, record: run.recordId }),
      orgId: run.orgId,
      requestId: run.requestId ?? run.id,
      ...(run.data.asked?.idempotencyKey ? { idempotencyKey: run.data.asked.idempotencyKey } : {}),
    };
    return {
      ctx,
      org: { ...org, gathered: org.gathered.as(run.id) },
      state: await readOrgState(tx, run.orgId),
      run,
      record,
      job,
      config: deps.config,
      cascade: deps.cascade,
      signal,
    };
  });
}

async function saveRecord(tx: Tx, run: Run, advance: Advance): Promise<void> {
  const { records } = tx.t;
  const set = { ...advance.record, ...("end" in advance ? { doneSeq: advance.wantSeq ?? run.wantSeq } : {}) };
  if (Object.keys(set).length === 0) return;
  await tx.db
    .update(records)
    .set(set)
    .where(and(eq(records.orgId, run.orgId), eq(records.recordId, run.recordId)));
}

/** Closes the run; what was reserved for it and not spent returns. A signal that came after its look opens another. */
async function endRun(
  tx: Tx,
  journey: Journey,
  advance: Extract<Advance, { end: string }>,
  data: RunData,
): Promise<void> {
  const { runs, records } = tx.t;
  const { ctx, run } = journey;
  const now = ctx.clock.now();
  await tx.db
    .update(runs)
    .set({ state: "done", outcome: advance.end, reason: advance.reason, data, finishedAt: now })
    .where(eq(runs.id, run.id));
  const [record] = await tx.db
    .select()
    .from(records)
    .where(and(eq(records.orgId, run.orgId), eq(records.recordId, run.recordId)));
  if (!record) return;
  await closeAsked(tx, journey, advance.end, data);
  const dirty = record.wantSeq > record.doneSeq || advance.lookAgainAt !== undefined;
  if (!dirty && advance.end !== "converted") await dropReservation(tx, ctx, effectKey(run));
  const waiting = dirty ? await anotherRun(tx, run) : null;
  if (dirty && waiting === null) {
    await tx.db.insert(runs).values({
      id: ctx.ids.next("run"),
      tenantId: ctx.tenant,
      orgId: run.orgId,
      recordId: run.recordId,
      object: run.object,
      wantSeq: record.wantSeq,
      step: "look",
      state: "open",
      heardBy: "retry",
      data: {},
      dueAt: advance.lookAgainAt ?? now,
      startedAt: now,
    });
  } else if (!dirty && record.reservationId !== null && run.requestId === null) {
    await returnReservation(tx, ctx, record.reservationId);
    await tx.db
      .update(records)
      .set({ reservationId: null })
      .where(and(eq(records.orgId, run.orgId), eq(records.recordId, run.recordId)));
  }
}

/** What a request had reserved and its conversion did not spend: the duplicate check is paid, the rest returns. */
async function closeAsked(tx: Tx, { ctx, run }: Journey, end: string, data: RunData): Promise<void> {
  const asked = run.data.asked;
  if (!asked?.reservationId) return;
  const checked = end === "review" && asked.body.match !== undefined ? asked.prices.matching : 0;
  if (checked === 0) return returnReservation(tx, ctx, asked.reservationId);
  const spent = await settleReservation(tx, ctx, asked.reservationId, {
    amount: checked,
    effectKey: `charge:convert-check:${run.id}`,
  });
  await tx.db
    .update(tx.t.runs)
    .set({ data: { ...data, creditsConsumed: spent } })
    .where(eq(tx.t.runs.id, run.id));
}

async function anotherRun(tx: Tx, run: Run): Promise<number | null> {
  const { runs } = tx.t;
  const [next] = await tx.db
    .select({ dueAt: runs.dueAt })
    .from(runs)
    .where(and(eq(runs.orgId, run.orgId), eq(runs.recordId, run.recordId), eq(runs.state, "open")))
    .orderBy(asc(runs.dueAt))
    .limit(1);
  return next?.dueAt ?? null;
}
