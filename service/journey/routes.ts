/** `POST /v1/salesforce/convert` */
import { z } from "@hono/zod-openapi";
import type { Context } from "../context.ts";
import { balanceOf, credits, type Prices } from "../credits/index.ts";
import { Conflict, Invalid } from "../errors.ts";
import { route, type Route } from "../http/index.ts";
import { boundOrg } from "../intake/routes.ts";
import { parseRules } from "../matching/index.ts";
import { findId, findObject } from "../salesforce/index.ts";
import type { PolicyBody } from "../store/json.ts";
import { askConvert, type ConvertAsked } from "./ask-convert.ts";
import { answerOf } from "./convert-answer.ts";
import { waitForRun } from "./wait-for-run.ts";

const policy = z.strictObject({
  by: z
    .array(z.string())
    .min(1)
    .describe('Rules like "email:eq" or "name_company:fuzzy0.8"; one that holds is a match.'),
  create_if_no_match: z.boolean().default(true),
});

const convertRequest = z
  .strictObject({
    lead_sf_id: z.string(),
    match_policy: z.strictObject({ contact: policy.optional(), account: policy.optional() }).optional(),
    merge_policy: z
      .strictObject({
        on_contact_match: z.enum(["merge_lead_into_contact", "create_separate_contact"]).optional(),
        on_account_match: z.enum(["attach_to_account", "create_separate_account"]).optional(),
      })
      .optional(),
    set_owner_round_robin_pool: z.string().min(1).optional(),
    logs: z.strictObject({ route_log: z.boolean().optional(), enrichment_diff: z.boolean().optional() }).optional(),
    create_opportunity: z.boolean().default(false),
    converted_status: z.string().optional(),
    dry_run: z.boolean().default(false),
    max_credits: z.number().positive().optional(),
  })
  .openapi("ConvertRequest");

const convertAnswer = z
  .object({
    success: z.literal(true),
    status: z.enum(["converted", "failed", "duplicate"]),
    account_id: z.string().nullable(),
    contact_id: z.string().nullable(),
    opportunity_id: z.string().nullable(),
    owner_id: z.string().nullable(),
    actions: z.array(
      z.object({ action: z.string(), object: z.string(), id: z.string().nullable(), detail: z.string() }),
    ),
    credits_consumed: z.number(),
    credits_remaining: z.number(),
    processing_time_ms: z.int(),
    cached: z.boolean(),
  })
  .openapi("ConvertAnswer");

export interface ConvertRoutesDeps {
  prices: Prices;
  /** How long the answer waits for the conversion (ms). */
  waitMs: number;
}

export function convertRoutes(deps: ConvertRoutesDeps): Route[] {
  return [
    route({
      method: "post",
      path: "/v1/salesforce/convert",
      tag: "Salesforce",
      summary: "Convert a lead, once",
      description:
        "Converts the lead into what it matches, or into a new account and contact, as the policies say. A lead is converted once, however many ask; one that is converted already answers with its ids, free of charge. What the policies forbid, what lies in the review band or between two records, and what Salesforce holds for a duplicate is not converted: a review is opened.",
      scope: "convert",
      limitClass: "convert",
      idempotent: "outside",
      timed: true,
      body: convertRequest,
      bodyExample: {
        lead_sf_id: "00Q000000000001EAA",
        match_policy: { contact: { by: ["email:eq"] }, account: { by: ["domain:eq", "company:fuzzy0.9"] } },
        merge_policy: { on_contact_match: "merge_lead_into_contact", on_account_match: "attach_to_account" },
      },
      response: { schema: convertAnswer },
      errors: [402, 404, 409, 503],
      writesToOrg: ({ body }) => !body.dry_run,
      handler: async (ctx, { body }) => ({ status: 200, body: await convertLead(ctx, deps, body) }),
    }),
  ];
}

async function convertLead(ctx: Context, deps: ConvertRoutesDeps, body: z.output<typeof convertRequest>) {
  const orgId = boundOrg(ctx, undefined);
  const leadId = leadIn(body.lead_sf_id);
  const runId = await askConvert(ctx, askedOf(orgId, leadId, body), deps.prices);
  const ended = await waitForRun(ctx, runId, deps.waitMs);
  // What the org's admins, or a pool, stand in the way of is a conflict to resolve; a refusal by Salesforce is an outcome.
  if (["no_eligible_member", "switched_off", "convert_off", "owner_needed"].includes(ended.outcome))
    throw new Conflict(ended.reason, { code: ended.outcome });
  if (["bad_converted_status", "unknown_pool", "bad_rules"].includes(ended.outcome))
    throw new Invalid(ended.reason, [
      { loc: ["body", fieldOf(ended.outcome)], msg: ended.reason, type: ended.outcome },
    ]);
  const left = await ctx.store.read((tx) => balanceOf(tx, ctx.tenant));
  return answerOf(ended, credits(left.available));
}

const fieldOf = (code: string): string =>
  code === "bad_converted_status"
    ? "converted_status"
    : code === "unknown_pool"
      ? "set_owner_round_robin_pool"
      : "match_policy";

function leadIn(text: string): string {
  const id = findId(text);
  if (id !== undefined && findObject(id) === "Lead") return id;
  throw new Invalid("lead_sf_id is not the id of a lead.", [
    {
      loc: ["body", "lead_sf_id"],
      msg: "must be a lead's id (00Q…), 15 or 18 characters with a right checksum",
      type: "bad_id",
    },
  ]);
}

function askedOf(orgId: string, leadId: string, body: z.output<typeof convertRequest>): ConvertAsked {
  const { contact, account } = body.match_policy ?? {};
  checkRules("contact", contact?.by);
  checkRules("account", account?.by);
  const asks = body.match_policy !== undefined || body.merge_policy !== undefined;
  const own: PolicyBody = {
    convert: true,
    create_opportunity: body.create_opportunity,
    ...(body.converted_status === undefined ? {} : { converted_status: body.converted_status }),
    ...(contact || account
      ? {
          match: {
            ...(contact ? { contact: { mode: "simple" as const, by: contact.by } } : {}),
            ...(account ? { account: { mode: "simple" as const, by: account.by } } : {}),
          },
        }
      : {}),
    on_match: { lead_to_contact: contact !== undefined, lead_to_account: account !== undefined },
    ...(body.set_owner_round_robin_pool === undefined
      ? {}
      : { assign: { pool: body.set_owner_round_robin_pool, matched_owner_first: false } }),
  };
  return {
    orgId,
    leadId,
    body: asks ? own : null,
    onContactMatch: body.merge_policy?.on_contact_match ?? null,
    onAccountMatch: body.merge_policy?.on_account_match ?? null,
    createContact: contact?.create_if_no_match ?? true,
    createAccount: account?.create_if_no_match ?? true,
    dryRun: body.dry_run,
    routeLog: body.logs?.route_log ?? true,
    enrichmentDiff: body.logs?.enrichment_diff ?? true,
    maxCredits: body.max_credits === undefined ? null : Math.round(body.max_credits * 100),
  };
}

function checkRules(object: "contact" | "account", by: string[] | undefined): void {
  if (by === undefined) return;
  const parsed = parseRules({ mode: "simple", by });
  if (parsed.kind !== "problems") return;
  throw new Invalid(
    "Some match rules cannot be read; see detail.",
    parsed.problems.map((p) => ({
      loc: ["body", "match_policy", object, ...p.path],
      msg: `${p.message} (at character ${p.at + 1})`,
      type: "bad_rule",
    })),
  );
}
