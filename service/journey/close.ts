/**
 * Closes a conversion: the records that the lead became are read once more, and their fingerprints kept, so that what
 * we did ourselves starts no journey by any door; the mirror learns of them, so that the next lead finds them.
 */
import { releaseLease } from "../queue/lease.ts";
import { creationKey, matchFieldsOf, mirrorRow } from "../matching/index.ts";
import { turnWritten } from "../routing/index.ts";
import type { Tx } from "../store/store.ts";
import type { Commit, Journey } from "./journey.ts";
import { turnOf } from "./own.ts";
import { readNow, type Reading } from "./reading.ts";

interface Touched {
  object: string;
  id: string;
  reading: Reading | null;
}

export async function closeRun(journey: Journey): Promise<Commit> {
  const { ctx, run } = journey;
  const { converted } = run.data;
  const ids: [string, string | null | undefined][] = [
    ["Account", converted?.accountId],
    ["Contact", converted?.contactId],
    ["Opportunity", converted?.opportunityId],
  ];
  const touched: Touched[] = await Promise.all(
    ids
      .filter((pair): pair is [string, string] => typeof pair[1] === "string" && pair[1] !== "")
      .map(async ([object, id]) => ({ object, id, reading: await readNow(journey, object, id) })),
  );
  return async (tx) => {
    for (const one of touched) await remember(tx, journey, one);
    // A converted lead is read-only and found by nobody: it needs no reading to be recognised.
    await mirrorRow(tx, run.orgId, "Lead", { Id: run.recordId, IsConverted: true }, ctx.clock.now());
    const turn = turnOf(run);
    if (turn) await turnWritten(tx, turn, ctx.clock.now());
    const key = creationKey(matchFieldsOf("Lead", run.data.record ?? {}));
    if (key !== null) await releaseLease(tx, `creating:${run.orgId}:${key}`, run.id);
    return { end: "converted", reason: said(journey), record: run.data.owner ? { routedAt: ctx.clock.now() } : {} };
  };
}

async function remember(tx: Tx, { ctx, run }: Journey, { object, id, reading }: Touched): Promise<void> {
  if (!reading) return;
  await mirrorRow(tx, run.orgId, object, reading.row, reading.modstamp);
  const known = { handledHash: reading.fingerprint, seenModstamp: reading.modstamp };
  await tx.db
    .insert(tx.t.records)
    .values({
      orgId: run.orgId,
      recordId: id,
      tenantId: ctx.tenant,
      object,
      wantSeq: 0,
      doneSeq: 0,
      paidLooks: [],
      ...known,
    })
    .onConflictDoUpdate({ target: [tx.t.records.orgId, tx.t.records.recordId], set: known });
}

function said({ run }: Journey): string {
  const { match } = run.data;
  if (match?.contact) return `Converted into the existing contact. ${match.contact.explanation}`;
  if (match?.account) return `Converted into the existing account, with a new contact. ${match.account.explanation}`;
  return "Nothing matched; converted into a new account and contact.";
}
