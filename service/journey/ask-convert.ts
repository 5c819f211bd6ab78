/**
 * A convert that a caller asks for is a run of the record's own journey: it waits its turn behind what is under way for
 * that lead, survives a crash, and converts once however many ask.
 */
import { and, asc, eq } from "drizzle-orm";
import type { Context } from "../context.ts";
import { reserve, type Prices } from "../credits/index.ts";
import { Conflict, CreditsShort, Invalid, NotFound } from "../errors.ts";
import { journeyJob, journeyKey, recordGroup } from "../intake/receive.ts";
import { want } from "../queue/queue.ts";
import type { AskedConvert, PolicyBody } from "../store/json.ts";
import type { Tx } from "../store/store.ts";

export interface ConvertAsked {
  orgId: string;
  leadId: string;
  /** null: the org's own policy decides. */
  body: PolicyBody | null;
  onContactMatch: AskedConvert["onContactMatch"];
  onAccountMatch: AskedConvert["onAccountMatch"];
  createContact: boolean;
  createAccount: boolean;
  dryRun: boolean;
  routeLog: boolean;
  enrichmentDiff: boolean;
  /** hundredths */
  maxCredits: number | null;
}

/** Accepts the request and answers its run; the same request (after a crash) gets the run it had. */
export async function askConvert(ctx: Context, given: ConvertAsked, prices: Prices): Promise<string> {
  return ctx.store.write(async (tx) => {
    const { orgs, records, runs } = tx.t;
    const requestId = ctx.requestId ?? ctx.ids.next("req");
    const [before] = await tx.db
      .select({ id: runs.id })
      .from(runs)
      .where(and(eq(runs.orgId, given.orgId), eq(runs.recordId, given.leadId), eq(runs.requestId, requestId)));
    if (before) return before.id;
    const [org] = await tx.db.select().from(orgs).where(eq(orgs.id, given.orgId));
    if (!org || org.tenantId !== ctx.tenant)
      throw new NotFound("This org is not connected. Connect it first.", "org_not_connected");
    if (!org.settings.enabled || !org.settings.convertEnabled)
      throw new Conflict("Converting is switched off in the org's Lantern settings.", { code: "switched_off" });
    const asked = given.body ? askedFromRequest(given, given.body) : await askedFromOrg(tx, given);
    const now = ctx.clock.now();
    await tx.db
      .insert(records)
      .values({
        orgId: given.orgId,
        recordId: given.leadId,
        tenantId: ctx.tenant,
        object: "Lead",
        wantSeq: 0,
        doneSeq: 0,
        paidLooks: [],
      })
      .onConflictDoNothing();
    const reservationId = given.dryRun ? null : await reservePrice(tx, ctx, asked, given.maxCredits, prices);
    const runId = ctx.ids.next("run");
    await tx.db.insert(runs).values({
      id: runId,
      tenantId: ctx.tenant,
      orgId: given.orgId,
      recordId: given.leadId,
      object: "Lead",
      wantSeq: 0,
      step: "look",
      state: "open",
      heardBy: "webhook",
      requestId,
      data: {
        asked: {
          ...asked,
          reservationId,
          prices: { convert: prices.convert, matching: prices.convertMatching, roundRobin: prices.convertRoundRobin },
          dryRun: given.dryRun,
          routeLog: given.routeLog,
          enrichmentDiff: given.enrichmentDiff,
          idempotencyKey: ctx.idempotencyKey ?? null,
        },
      },
      dueAt: now,
      startedAt: now,
    });
    await want(tx, {
      kind: journeyJob,
      key: journeyKey(given.orgId, given.leadId),
      group: recordGroup(given.orgId, given.leadId),
      tenant: ctx.tenant,
      now,
      payload: { org: given.orgId, record: given.leadId },
    });
    return runId;
  });
}

type Asked = Pick<AskedConvert, "body" | "onContactMatch" | "onAccountMatch" | "createContact" | "createAccount">;

const askedFromRequest = (given: ConvertAsked, body: PolicyBody): Asked => ({
  body,
  onContactMatch: given.onContactMatch,
  onAccountMatch: given.onAccountMatch,
  createContact: given.createContact,
  createAccount: given.createAccount,
});

/** The org's first active lead policy that converts stands in where the request has none. */
async function askedFromOrg(tx: Tx, given: ConvertAsked): Promise<Asked> {
  const { policies } = tx.t;
  const list = await tx.db
    .select()
    .from(policies)
    .where(and(eq(policies.orgId, given.orgId), eq(policies.object, "Lead"), eq(policies.active, true)))
    .orderBy(asc(policies.order));
  const policy = list.find((p) => p.problem === null && p.body.convert === true);
  if (!policy)
    throw new Invalid("The request has no match_policy, and the org has no active lead policy that converts.", [
      { loc: ["body", "match_policy"], msg: "is needed where the org has no policy that converts", type: "missing" },
    ]);
  const { enrich: _enrich, when: _when, ...body } = policy.body;
  const create = body.create_if_no_match !== false;
  return {
    body,
    onContactMatch: given.onContactMatch ?? "merge_lead_into_contact",
    onAccountMatch: given.onAccountMatch ?? "attach_to_account",
    createContact: create,
    createAccount: create,
  };
}

async function reservePrice(
  tx: Tx,
  ctx: Context,
  asked: Asked,
  maxCredits: number | null,
  prices: Prices,
): Promise<string> {
  const amount =
    prices.convert +
    (asked.body.match ? prices.convertMatching : 0) +
    (asked.body.assign?.pool ? prices.convertRoundRobin : 0);
  if (maxCredits !== null && amount > maxCredits)
    throw new CreditsShort(
      amount,
      maxCredits,
      `This conversion may cost ${amount / 100} credits, more than max_credits allows.`,
    );
  return reserve(tx, ctx, { amount, purpose: "convert" });
}
