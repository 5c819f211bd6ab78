/** Everything the summary is drawn from: the service's own tables, and the org's ledger of what was really applied. */
import { asc } from "drizzle-orm";
import { systemClock } from "../../service/clock.ts";
import type { Store, Tx } from "../../service/store/store.ts";
import type { StandInOrg } from "../../test/org/start.ts";

export async function readEvidence(store: Store, org: StandInOrg) {
  const tables = await store.read(async (tx: Tx) => {
    const { t, db } = tx;
    return {
      records: await db.select().from(t.records),
      runs: await db.select().from(t.runs).orderBy(asc(t.runs.startedAt)),
      jobs: await db.select().from(t.jobs),
      turns: await db.select().from(t.turns).orderBy(asc(t.turns.sequence)),
      members: await db.select().from(t.poolMembers).orderBy(asc(t.poolMembers.position)),
      routeLog: await db.select().from(t.routeLog),
      reviews: await db.select().from(t.reviews),
      ledger: await db.select().from(t.ledger),
      balances: await db.select().from(t.balances),
    };
  });
  return { ...tables, effects: org.control.ledger(), calls: org.control.calls() };
}
export type Evidence = Awaited<ReturnType<typeof readEvidence>>;

/** Waits until every one of these leads has had its journey and nothing is due any more; false when it takes too long. */
export async function untilSettled(
  store: Store,
  leads: readonly string[],
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const until = systemClock.now() + withinMs;
  while (systemClock.now() < until && !signal.aborted) {
    const [runs, jobs] = await store.read(async (tx) => [
      await tx.db.select({ recordId: tx.t.runs.recordId, state: tx.t.runs.state }).from(tx.t.runs),
      await tx.db.select({ state: tx.t.jobs.state }).from(tx.t.jobs),
    ]);
    const done = new Set(runs.filter((run) => run.state === "done").map((run) => run.recordId));
    const open = runs.some((run) => run.state === "open");
    const parkedOnly = jobs.every((job) => job.state === "parked");
    if (leads.every((id) => done.has(id)) && (!open || jobs.length > 0) && parkedOnly) return true;
    await systemClock.sleep(200, signal).catch(() => undefined);
  }
  return false;
}
