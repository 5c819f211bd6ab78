/** What must hold after the demo: nothing lost, nothing done twice. Each check answers sentences, none when it holds. Pure. */
import type { Evidence } from "./evidence.ts";

export interface Given {
  /** The leads people created. */
  created: readonly string[];
  /** What people changed afterwards. */
  edits: readonly { id: string; field: string; value: string }[];
  integrationUserId: string;
  /** The record as the org has it now. */
  record: (id: string) => Readonly<Record<string, unknown>> | undefined;
}

/** Ends of a look that are right for a repeated signal and wrong as all that ever happened to a new lead. */
const nothingDone = new Set(["echo", "baseline", "no_policy", "gone", "superseded"]);
const reasonOf = ({ runs }: Evidence, id: string): string =>
  runs.findLast((run) => run.recordId === id)?.reason ?? "no reason was given";

export function lost(evidence: Evidence, { created, edits, record }: Given): string[] {
  const ended = evidence.runs.filter((run) => run.state === "done");
  const done = new Set(ended.map((run) => run.recordId));
  const handled = new Set(ended.filter((run) => !nothingDone.has(run.outcome ?? "")).map((run) => run.recordId));
  const open = new Set(evidence.runs.filter((run) => run.state === "open").map((run) => run.recordId));
  const parked = evidence.jobs.filter((job) => job.state === "parked");
  return [
    ...created.filter((id) => !done.has(id)).map((id) => `The lead ${id} had no journey.`),
    ...created
      .filter((id) => done.has(id) && !handled.has(id))
      .map((id) => `The lead ${id} was looked at, and nothing was done: ${reasonOf(evidence, id)}`),
    ...created.filter((id) => done.has(id) && open.has(id)).map((id) => `A journey of the lead ${id} has not ended.`),
    ...parked.map((job) => `${job.key} is parked (${job.parkedCode}): ${job.parkedReason}`),
    ...edits
      .filter(({ id, field, value }) => record(id)?.[field] !== value)
      .map(({ id, field, value }) => `Somebody set ${field} of ${id} to “${value}”, and it was overwritten.`),
  ];
}

export function doubled(evidence: Evidence, given: Given): string[] {
  return [
    ...conversions(evidence),
    ...accounts(evidence, given),
    ...owners(evidence, given),
    ...charges(evidence, given),
    ...turns(evidence),
  ];
}

/** The ledger of credits is double entry: every transfer, and so the whole, sums to zero. */
export const imbalance = ({ ledger }: Evidence): number => ledger.reduce((sum, entry) => sum + entry.amount, 0);

function conversions({ effects }: Evidence): string[] {
  return [...counted(effects.filter((e) => e.kind === "convert").map((e) => e.id))]
    .filter(([, times]) => times > 1)
    .map(([id, times]) => `The lead ${id} was converted ${times} times.`);
}

/** Two leads of one new company make one account; the same name at another address is another site. */
function accounts({ effects }: Evidence, { integrationUserId, record }: Given): string[] {
  const made = effects.filter((e) => e.kind === "insert" && e.object === "Account" && e.user === integrationUserId);
  const places = made.flatMap((e) => {
    const account = record(e.id);
    return account ? [[account["Name"], account["BillingStreet"], account["BillingPostalCode"]].join(", ")] : [];
  });
  return [...counted(places)]
    .filter(([, times]) => times > 1)
    .map(([name, times]) => `${times} accounts were made for ${name}.`);
}

/** One turn is one write: the same owner is never given twice. */
function owners({ effects }: Evidence, { integrationUserId }: Given): string[] {
  const given = effects
    .filter((e) => e.kind === "owner" && e.object === "Lead" && e.user === integrationUserId)
    .map((e) => `${e.id} to ${String(e.changes["OwnerId"]?.[1])}`);
  return [...counted(given)]
    .filter(([, times]) => times > 1)
    .map(([what, times]) => `The owner of ${what} was written ${times} times.`);
}

/** A version of a record is paid for once: never more often than people changed it. */
function charges({ ledger, effects }: Evidence, { integrationUserId }: Given): string[] {
  const spent = ledger.filter((entry) => entry.account === "spent" && entry.amount > 0);
  const keys = counted(spent.map((entry) => entry.effectKey ?? "without a key"));
  const versions = counted(
    effects.filter((e) => e.user !== integrationUserId && ["insert", "update"].includes(e.kind)).map((e) => e.id),
  );
  const paid = counted(
    spent.flatMap((entry) => /^charge:enrich:[^:]+:([^:]+):/.exec(entry.effectKey ?? "")?.[1] ?? []),
  );
  return [
    ...[...keys].filter(([, times]) => times > 1).map(([key, times]) => `${key} was charged ${times} times.`),
    ...[...paid]
      .filter(([id, times]) => times > (versions.get(id) ?? 0))
      .map(([id, times]) => `${id} was paid for ${times} times and changed ${versions.get(id) ?? 0} times.`),
  ];
}

function turns({ turns: taken }: Evidence): string[] {
  return [...counted(taken.map((turn) => `${turn.pool} for ${turn.recordId}`))]
    .filter(([, times]) => times > 1)
    .map(([what, times]) => `${times} turns were taken of ${what}.`);
}

export function counted(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
