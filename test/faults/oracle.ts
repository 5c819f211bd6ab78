/** What must be true after every crash: of one lead, compared with a run that nothing disturbed, and of the whole store. */
import type { Store, Tx } from "../../service/store/store.ts";
import type { StandInOrg } from "../org/start.ts";

/** What was done for one lead, without what differs from lead to lead (ids, times, names). */
export interface Story {
  outcomes: string[];
  /** From the org's own ledger. */
  effects: string[];
  /** Amount and kind of what was charged. */
  charges: string[];
  turns: string[];
  log: string[];
  lead: Record<string, unknown>;
}

/** The lead's story, from the org's ledger and the service's tables. */
export async function storyOf(store: Store, org: StandInOrg, leadId: string): Promise<Story> {
  const { control } = org;
  const lead = control.record(leadId);
  const touched = [leadId, ...converted.map((field) => String(lead?.[field] ?? ""))].filter((id) => id !== "");
  const ours = control.ledger().filter((e) => e.user === org.integrationUserId && touched.includes(e.id));
  return store.read(async (tx) => {
    const { runs, ledger, turns, routeLog } = tx.t;
    const mine = (await tx.db.select().from(turns)).filter((turn) => turn.recordId === leadId);
    const turnKeys = mine.map((turn) => `charge:assign:${turn.orgId}:${turn.pool}:${turn.sequence}`);
    const charged = (await tx.db.select().from(ledger)).filter(
      (e) =>
        e.account === "spent" &&
        e.effectKey !== null &&
        (e.effectKey.includes(leadId) || turnKeys.includes(e.effectKey)),
    );
    const logged = (await tx.db.select().from(routeLog)).filter((entry) => touched.includes(entry.objectId));
    const ended = (await tx.db.select().from(runs)).filter((run) => run.recordId === leadId);
    const owner = mine.find((turn) => turn.write === "done")?.ownerId;
    return {
      outcomes: ended.map((run) => `${run.outcome ?? run.state}`).filter((outcome) => outcome !== "echo"),
      effects: ours.map((e) => `${e.kind} ${e.object} ${Object.keys(e.changes).sort().join(",")}`).sort(),
      charges: charged.map((e) => `${(e.effectKey ?? "").split(":").slice(0, 2).join(":")} ${e.amount}`).sort(),
      turns: mine.map((turn) => turn.write),
      log: logged
        .map(
          (e) => `${e.action} ${e.object} ${(e.effectKey ?? "").split(":")[1]} ${Object.keys(e.diff ?? {}).join(",")}`,
        )
        .sort(),
      lead: {
        IsConverted: lead?.IsConverted,
        Title: typeof lead?.Title === "string" ? "filled" : null,
        owner: owner === undefined || owner === lead?.OwnerId ? "as decided" : `${owner} was decided`,
        contact: fieldsOf(org, lead?.ConvertedContactId, ["Title"]),
        account: fieldsOf(org, lead?.ConvertedAccountId, ["Phone"]),
      },
    };
  });
}

const converted = ["ConvertedContactId", "ConvertedAccountId"];

function fieldsOf({ control }: StandInOrg, id: unknown, fields: string[]): unknown {
  if (typeof id !== "string") return null;
  const row = control.record(id);
  return fields.map((field) => (typeof row?.[field] === "string" ? String(row[field]).replace(/\d+$/, "") : null));
}

/** Sentences about what is wrong in the store as a whole; empty when it is sound and idle. */
export function unsound(store: Store): Promise<string[]> {
  return store.read(async (tx) => [
    ...(await moneyWrongs(tx)),
    ...(await workWrongs(tx)),
    ...(await rotationWrongs(tx)),
  ]);
}

async function moneyWrongs(tx: Tx): Promise<string[]> {
  const wrongs: string[] = [];
  const entries = await tx.db.select().from(tx.t.ledger);
  const byTransfer = new Map<string, number>();
  const byAccount = new Map<string, number>();
  for (const { transferId, account, amount } of entries) {
    byTransfer.set(transferId, (byTransfer.get(transferId) ?? 0) + amount);
    byAccount.set(account, (byAccount.get(account) ?? 0) + amount);
  }
  for (const [transfer, sum] of byTransfer) if (sum !== 0) wrongs.push(`transfer ${transfer} sums to ${sum}`);
  const keys = entries.flatMap((e) => (e.account === "spent" && e.effectKey !== null ? [e.effectKey] : []));
  if (new Set(keys).size !== keys.length) wrongs.push("an effect was charged twice");
  const [balance] = await tx.db.select().from(tx.t.balances);
  for (const account of ["available", "reserved", "spent"] as const)
    if (balance?.[account] !== (byAccount.get(account) ?? 0))
      wrongs.push(`the balance says ${account} ${balance?.[account]}, its entries ${byAccount.get(account) ?? 0}`);
  const open = (await tx.db.select().from(tx.t.reservations)).filter((r) => r.state === "open");
  for (const r of open) wrongs.push(`reservation ${r.id} for ${r.purpose} is still open`);
  return wrongs;
}

async function workWrongs(tx: Tx): Promise<string[]> {
  const wrongs: string[] = [];
  for (const job of await tx.db.select().from(tx.t.jobs))
    wrongs.push(`job ${job.key} is still ${job.state} ${job.parkedReason ?? ""}`);
  for (const run of await tx.db.select().from(tx.t.runs))
    if (run.state !== "done") wrongs.push(`run ${run.id} of ${run.recordId} is still ${run.state} at ${run.step}`);
  for (const effect of await tx.db.select().from(tx.t.effects))
    if (effect.state !== "done") wrongs.push(`effect ${effect.key} is ${effect.state}`);
  for (const record of await tx.db.select().from(tx.t.records))
    if (record.doneSeq < record.wantSeq) wrongs.push(`record ${record.recordId} is still dirty`);
  return wrongs;
}

async function rotationWrongs(tx: Tx): Promise<string[]> {
  const turns = (await tx.db.select().from(tx.t.turns)).map((turn) => turn.sequence).sort((a, b) => a - b);
  const wrong = turns.findIndex((sequence, i) => sequence !== i + 1);
  return wrong === -1 ? [] : [`the pool's sequence has a gap or a double at ${wrong + 1}`];
}
