/** The job that brings an API turn's owner to Salesforce, or closes the turn when that can never be. */
import { and, desc, eq } from "drizzle-orm";
import { z } from "zod";
import type { Base } from "../context.ts";
import { LanternError } from "../errors.ts";
import { hold, settle, type Job, type Want } from "../queue/queue.ts";
import type { Handler } from "../queue/worker.ts";
import { classify, SalesforceError, sentence } from "../salesforce/errors.ts";
import type { ConditionalResult, ConditionalUpdate, Row } from "../salesforce/port.ts";
import type { Tx } from "../store/store.ts";
import { failTurn, turnWritten } from "./close-turn.ts";

export const writeOwnerKind = "write-owner";

/** Single-record access to an org, shared with whatever else runs at the time. */
export interface OwnerWriter {
  read(object: string, id: string, fields: readonly string[]): Promise<Row | null>;
  write(update: ConditionalUpdate): Promise<ConditionalResult>;
}

export interface WriteOwnerDeps extends Base {
  connection: (orgId: string) => { gathered: OwnerWriter } | undefined;
}

/** One job a record: wanted again while it runs, it looks again. */
export const ownerJob = (given: {
  tenant: number;
  orgId: string;
  object: string;
  recordId: string;
  now: number;
}): Want => ({
  kind: writeOwnerKind,
  key: `${given.orgId}:${given.recordId}`,
  tenant: given.tenant,
  now: given.now,
  payload: { org: given.orgId, object: given.object, record: given.recordId },
});

/** Writes that find the record moved are tried this often before they wait a little. */
const tries = 4;

export function writeOwnerHandler(deps: WriteOwnerDeps): Handler {
  return async (job) => {
    const target = Target.parse(job.payload);
    const turns = await deps.store.read((tx) => turnsOf(tx, job.tenant, target));
    const [newest, ...older] = turns.filter((t) => t.write === "pending" && ofTheApi(t));
    if (!newest) return { state: "done" };
    const org = deps.connection(target.orgId);
    if (!org)
      // At a start, work is claimed before the org has answered.
      throw new LanternError(`The org ${target.orgId} is not connected here yet; the owner's write waits.`, {
        code: "org_not_connected",
        fate: { afterMs: 1_000 },
      });
    // Owners that we gave, or knew of: any other was chosen by somebody since.
    const known = new Set([newest.prevOwnerId, ...turns.map((t) => t.ownerId)]);
    const ending = await bringOwner(org.gathered, target, newest, known);
    await close(deps, job, { ending, newest, older });
    return "settled";
  };
}

const Target = z
  .object({ org: z.string(), object: z.string(), record: z.string() })
  .transform(({ org, object, record }) => ({ orgId: org, object, recordId: record }));
type Target = z.output<typeof Target>;
const Reading = z
  .object({ OwnerId: z.string().nullish(), SystemModstamp: z.string() })
  .transform(({ OwnerId, SystemModstamp }) => ({ owner: OwnerId ?? null, modstamp: Date.parse(SystemModstamp) }));
type TurnRow = Awaited<ReturnType<typeof turnsOf>>[number];
type Ending = { written: true } | { written: false; reason: string; ownerNow: string | null };

async function bringOwner(
  org: OwnerWriter,
  target: Target,
  turn: TurnRow,
  known: ReadonlySet<string | null>,
): Promise<Ending> {
  const never = (reason: string, ownerNow: string | null): Ending => ({ written: false, reason, ownerNow });
  for (let i = 0; i < tries; i++) {
    const row = await org.read(target.object, target.recordId, fieldsOf(target.object));
    if (row === null || row["IsDeleted"] === true) return never("the record was deleted or cannot be seen.", null);
    const { owner, modstamp } = Reading.parse(row);
    if (owner === turn.ownerId) return { written: true };
    if (row["IsConverted"] === true)
      return never("the lead was converted, and a converted lead keeps its owner.", owner);
    if (turn.prevOwnerId !== null && !known.has(owner))
      return never(`${owner ?? "nobody"} became the owner meanwhile; that choice stays.`, owner);
    const result = await org.write({
      object: target.object,
      id: target.recordId,
      fields: { OwnerId: turn.ownerId },
      unmodifiedSince: modstamp,
    });
    if (result.status === "written") return { written: true };
    if (result.status === "moved") continue;
    const [first] = result.errors;
    const kind = first ? classify(first) : "permanent";
    // Gone, merged or converted since it was read: the next reading tells which.
    if (kind === "follow" && i + 1 < tries) continue;
    if (first && kind !== "redecide" && kind !== "permanent" && kind !== "follow")
      throw new SalesforceError(kind, first.statusCode, `Salesforce refused the owner: ${sentence(result.errors)}`);
    return never(`Salesforce refused the owner: ${sentence(result.errors)}`, owner);
  }
  throw new LanternError(`${target.object} ${target.recordId} keeps changing; its owner is written a little later.`, {
    code: "record_moved",
    fate: { afterMs: 2_000 },
  });
}

const fieldsOf = (object: string): string[] =>
  object === "Lead" ? ["OwnerId", "SystemModstamp", "IsConverted"] : ["OwnerId", "SystemModstamp"];

async function close(
  deps: WriteOwnerDeps,
  job: Job,
  { ending, newest, older }: { ending: Ending; newest: TurnRow; older: TurnRow[] },
): Promise<void> {
  const { store, clock, ids } = deps;
  await store.write(async (tx) => {
    await hold(tx, job);
    for (const turn of older) {
      const ctx = { tenant: job.tenant, clock, ids };
      await failTurn(tx, ctx, turn, `turn ${newest.sequence} of pool ${newest.pool} came after it.`, newest.ownerId);
    }
    if (ending.written) await turnWritten(tx, newest, clock.now());
    else await failTurn(tx, { tenant: job.tenant, clock, ids }, newest, ending.reason, ending.ownerNow);
    await settle(tx, job, { state: "done" }, clock.now());
    // Whoever waits for this write hears of it.
    tx.wake();
  });
}

/** Journeys write the owners of their own turns. */
const ofTheApi = (turn: TurnRow): boolean => !(turn.effectKey?.startsWith(`turn:${turn.orgId}:`) ?? false);

const turnsOf = (tx: Tx, tenant: number, { orgId, recordId }: Target) =>
  tx.db
    .select()
    .from(tx.t.turns)
    .where(and(eq(tx.t.turns.tenantId, tenant), eq(tx.t.turns.orgId, orgId), eq(tx.t.turns.recordId, recordId)))
    .orderBy(desc(tx.t.turns.at), desc(tx.t.turns.sequence));
