/** The nightly reconcile as a job: one an org, at 02:00 UTC, beginning where the last one got to for each object. */
import { Cron } from "croner";
import { eq } from "drizzle-orm";
import type { Base, Context } from "../context.ts";
import { LanternError, messageOf } from "../errors.ts";
import type { OrgConnection } from "../orgs/index.ts";
import { payloadText, settle, want, type Job } from "../queue/queue.ts";
import type { Handler } from "../queue/worker.ts";
import { SalesforceError } from "../salesforce/index.ts";
import type { JsonObject, JsonValue } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import type { HearOptions } from "./hear-rows.ts";
import { reconcile, type ReconcileInput } from "./reconcile.ts";

export const reconcileJob = "reconcile";
const nightly = "0 2 * * *";
/** After a failure that passes by itself, and while the org's API allowance is nearly used up. */
const againMs = 60 * 60_000;

/** The next 02:00 in that time zone after `now` (ms). */
export function nextNight(now: number, timeZone = "UTC"): number {
  const next = new Cron(nightly, { timezone: timeZone, paused: true }).nextRun(new Date(now));
  if (!next) throw new Error(`${nightly} never comes in ${timeZone}`);
  return next.getTime();
}

/** Object → since when its doors listen, and how far it was reconciled (ms). */
type Progress = Record<string, { since: number; coveredTo: number }>;

/** Wants the org's reconcile at that time; one that is wanted already keeps its progress, and comes no later. */
export async function wantReconcile(tx: Tx, ctx: Context, orgId: string, runAt: number): Promise<void> {
  const progress: Progress = {};
  for (const { object, watermark } of await marksOf(tx, orgId))
    progress[object] = { since: watermark, coveredTo: watermark };
  await wantAt(tx, { tenant: ctx.tenant, orgId, now: ctx.clock.now(), runAt, progress });
}

const wantAt = (
  tx: Tx,
  given: { tenant: number; orgId: string; now: number; runAt: number; progress: Progress },
): Promise<void> =>
  want(tx, {
    kind: reconcileJob,
    key: given.orgId,
    tenant: given.tenant,
    now: given.now,
    runAt: given.runAt,
    payload: { org: given.orgId, progress: given.progress },
  });

const marksOf = (tx: Tx, orgId: string) => tx.db.select().from(tx.t.watermarks).where(eq(tx.t.watermarks.orgId, orgId));

export interface ReconcileDeps extends Base, HearOptions {
  connection: (orgId: string) => OrgConnection | undefined;
}

export function reconcileHandler(deps: ReconcileDeps): Handler {
  return async (job, signal) => {
    const orgId = payloadText(job, "org");
    const org = deps.connection(orgId);
    if (!org)
      throw new LanternError(`The org ${orgId} is not connected here yet; its reconcile waits.`, {
        code: "org_not_connected",
        fate: { afterMs: 1_000 },
      });
    const ctx: Context = { ...deps, tenant: job.tenant, actor: { kind: "job", job: job.kind }, orgId };
    const progress = progressIn(job);
    let soon = false;
    for (const input of await deps.store.read((tx) => objectsOf(tx, orgId, progress))) {
      if (signal.aborted) return { state: "later", runAt: deps.clock.now() };
      try {
        const done = await reconcile(ctx, org, input, deps);
        if (!done) continue;
        progress[input.object] = { since: input.since, coveredTo: done.coveredTo };
        const facts = { org: orgId, ...done, object: input.object };
        if (done.missed > 0 || done.gone > 0)
          ctx.log.warn(facts, "the reconcile found changes that no door had told of");
        else ctx.log.info(facts, "reconciled");
        if (done.seen < done.inOrg)
          ctx.log.warn(facts, "rows of the org are still unseen after the reconcile; see what is parked");
      } catch (error) {
        // The object keeps its place: the next reconcile begins where this one should have.
        ctx.log.error({ err: error, org: orgId, object: input.object }, `the reconcile failed: ${messageOf(error)}`);
        soon ||= passes(error);
        if (error instanceof SalesforceError && error.kind === "quota") break;
      }
    }
    const now = deps.clock.now();
    await deps.store.write(async (tx) => {
      await settle(tx, job, { state: "done" }, now);
      await wantAt(tx, { tenant: job.tenant, orgId, now, runAt: soon ? now + againMs : nextNight(now), progress });
    });
    return "settled";
  };
}

/** Whether it may be better in an hour; a defect of ours or a refusal for good waits for the next night. */
const passes = (error: unknown): boolean =>
  error instanceof SalesforceError && ["transient", "quota", "session", "unknown"].includes(error.kind);

const isPlain = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function progressIn(job: Job): Progress {
  const given = job.payload["progress"];
  const progress: Progress = {};
  for (const [object, at] of Object.entries(isPlain(given) ? given : {})) {
    if (!isPlain(at)) continue;
    const { since, coveredTo } = at;
    if (typeof since === "number" && typeof coveredTo === "number") progress[object] = { since, coveredTo };
  }
  return progress;
}

/**
 * What is watched and has a watermark; nothing while the org is switched off, since the poll then leaves all where it is.
 * An object that is new since the last time is only noted: what was there before is its baseline's.
 */
async function objectsOf(tx: Tx, orgId: string, progress: Progress): Promise<ReconcileInput[]> {
  const [org] = await tx.db.select().from(tx.t.orgs).where(eq(tx.t.orgs.id, orgId));
  if (!org?.settings.enabled) return [];
  const inputs: ReconcileInput[] = [];
  for (const { object, watermark } of await marksOf(tx, orgId)) {
    const watched = org.settings.watch[object];
    const at = (progress[object] ??= { since: watermark, coveredTo: watermark });
    if (watched === undefined) continue;
    inputs.push({
      object,
      watched,
      connectedAt: org.connectedAt,
      since: at.since,
      watermark,
      coveredTo: at.coveredTo,
    });
  }
  return inputs;
}
