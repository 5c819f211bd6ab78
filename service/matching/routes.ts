/** `POST /v1/match` */
import { and, asc, eq } from "drizzle-orm";
import { z } from "@hono/zod-openapi";
import type { Context } from "../context.ts";
import { balanceOf, credits, reserve, settleReservation, type Prices } from "../credits/index.ts";
import { Conflict, CreditsShort, Invalid, NotFound, Unavailable } from "../errors.ts";
import { route, type Route } from "../http/index.ts";
import { findId } from "../salesforce/index.ts";
import type { MatchRules } from "../store/json.ts";
import { candidates } from "./candidates.ts";
import { defaultAccountRules, defaultContactRules } from "./defaults.ts";
import { matchAgainst } from "./match-against.ts";
import { parseRules, type GivenRules, type ParsedRules } from "./rules.ts";

const candidate = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
const matchRules = z.strictObject({
  mode: z.enum(["simple", "grouped", "ai"]).optional(),
  by: z.array(z.string()).min(1).optional(),
  groups: z
    .array(z.strictObject({ all: z.array(z.string()).min(1) }))
    .min(1)
    .optional(),
  any: z.boolean().optional(),
  threshold: z.number().min(0).max(1).optional(),
  review_threshold: z.number().min(0).max(1).optional(),
  instructions: z.string().max(4_000).optional(),
});

const matchRequest = z
  .strictObject({
    object: z.enum(["account", "contact", "lead"]),
    candidates: z.array(candidate).min(1).max(100),
    rules: matchRules.optional(),
    context: z.strictObject({ org_id: z.string().optional() }).catchall(z.string()).optional(),
    max_credits: z.number().positive().optional(),
  })
  .openapi("MatchRequest");

const evidence = z.object({
  field: z.string(),
  comparator: z.string(),
  similarity: z.number(),
  weight: z.number(),
  candidate: z.string().nullable(),
  record: z.string().nullable(),
});
const matchAnswer = z
  .object({
    success: z.literal(true),
    results: z.array(
      z.object({
        candidate_id: z.string().nullable(),
        decision: z.enum(["match", "review", "none"]),
        reason: z.string(),
        matches: z.array(
          z.object({
            sf_id: z.string(),
            object: z.string(),
            confidence: z.number(),
            rule: z.string(),
            fields: z.array(evidence),
            explanation: z.string(),
          }),
        ),
      }),
    ),
    credits_consumed: z.number(),
    credits_remaining: z.number(),
    processing_time_ms: z.int(),
    cached: z.boolean(),
  })
  .openapi("MatchAnswer");

const apiNames = { account: "Account", contact: "Contact", lead: "Lead" } as const;

export interface MatchRoutesDeps {
  prices: Prices;
}

export function matchRoutes(deps: MatchRoutesDeps): Route[] {
  return [
    route({
      method: "post",
      path: "/v1/match",
      tag: "Match",
      summary: "Which existing record is this?",
      description:
        "Matches up to 100 candidates against the org's accounts, contacts or leads by rules of the form field:comparator. Each answer tells the rule that decided and what was compared. Without rules the org's default policy decides.",
      scope: "match",
      limitClass: "match",
      idempotent: "outside",
      timed: true,
      body: matchRequest,
      bodyExample: {
        object: "contact",
        candidates: [{ id: "c1", name: "Jon Smyth", email: "jon@acme.com", company: "Acme Inc" }],
        rules: {
          mode: "grouped",
          groups: [{ all: ["email:exact"] }, { all: ["name:fuzzy0.88", "company:fuzzy0.85"] }],
          threshold: 0.8,
        },
      },
      response: { schema: matchAnswer },
      errors: [402, 404, 409, 503],
      handler: async (ctx, { body }) => ({ status: 200, body: await matchAll(ctx, deps, body) }),
    }),
  ];
}

async function matchAll(ctx: Context, deps: MatchRoutesDeps, body: z.output<typeof matchRequest>) {
  const orgId = ctx.orgId;
  if (orgId === undefined)
    throw new Conflict("This key belongs to no org. Make one for the org.", { code: "key_without_org" });
  if (body.context?.org_id !== undefined && findId(body.context.org_id) !== orgId)
    throw new NotFound("There is no such org.", "org_not_connected");
  const parsed = await rulesFor(ctx, orgId, body);
  const price =
    body.candidates.length * (parsed.mode === "grouped" ? deps.prices.matchGrouped : deps.prices.matchSimple);
  if (body.max_credits !== undefined && price > Math.round(body.max_credits * 100))
    throw new CreditsShort(
      price,
      Math.round(body.max_credits * 100),
      `These candidates cost ${price / 100} credits, more than max_credits allows.`,
    );
  const reservation = await ctx.store.write((tx) =>
    reserve(tx, ctx, { amount: price, purpose: "match", expiresAt: ctx.clock.now() + 120_000 }),
  );
  const results = [];
  for (const given of body.candidates) results.push(await matchOne(ctx, orgId, body, given, parsed));
  const left = await ctx.store.write(async (tx) => {
    await settleReservation(tx, ctx, reservation, { amount: price, effectKey: `charge:match:${reservation}` });
    return balanceOf(tx, ctx.tenant);
  });
  return {
    success: true as const,
    results,
    credits_consumed: credits(price),
    credits_remaining: credits(left.available),
    processing_time_ms: 0,
    cached: false,
  };
}

async function matchOne(
  ctx: Context,
  orgId: string,
  body: z.output<typeof matchRequest>,
  given: z.output<typeof candidate>,
  parsed: ParsedRules,
) {
  const { id, ...fields } = given;
  const records = await candidates(ctx.store, {
    orgId,
    object: apiNames[body.object],
    rules: parsed,
    candidate: fields,
    ...(typeof id === "string" ? { exceptId: id } : {}),
  });
  const decided = matchAgainst({
    object: body.object,
    candidate: fields,
    rules: parsed,
    records,
    ...(body.rules?.threshold === undefined ? {} : { threshold: body.rules.threshold }),
    ...(body.rules?.review_threshold === undefined ? {} : { reviewThreshold: body.rules.review_threshold }),
  });
  return {
    candidate_id: id === undefined || id === null ? null : String(id),
    decision: decided.decision,
    reason: decided.reason,
    matches: decided.matches.map(({ recordId, ...match }) => ({ sf_id: recordId, ...match })),
  };
}

/** The request's rules; without any, those of the org's first active lead policy for this object, then ours. */
async function rulesFor(ctx: Context, orgId: string, body: z.output<typeof matchRequest>): Promise<ParsedRules> {
  const given = parseRules(body.rules === undefined ? undefined : withoutReview(body.rules));
  if (given.kind === "problems")
    throw new Invalid(
      "Some match rules cannot be read; see detail.",
      given.problems.map((p) => ({
        loc: ["body", "rules", ...p.path],
        msg: `${p.message} (at character ${p.at + 1})`,
        type: "bad_rule",
      })),
    );
  const rules = given.kind === "rules" ? given.rules : await orgRules(ctx, orgId, body.object);
  if (rules.mode === "ai")
    throw new Unavailable("Matching with a model is not configured here. Use mode simple or grouped.", {
      code: "model_not_configured",
      fate: "never",
    });
  return rules;
}

function withoutReview({ review_threshold: _review, ...rules }: z.output<typeof matchRules>): GivenRules {
  return rules as GivenRules;
}

async function orgRules(ctx: Context, orgId: string, object: "account" | "contact" | "lead"): Promise<ParsedRules> {
  const policies = await activePolicies(ctx, orgId);
  const fromPolicy = policies
    .map((p) => (object === "lead" ? p.body.match?.rules : (p.body.match?.[object] ?? p.body.match?.rules)))
    .find((r) => r !== undefined);
  const rules: MatchRules = fromPolicy ?? (object === "account" ? defaultAccountRules : defaultContactRules);
  const parsed = parseRules(rules);
  if (parsed.kind === "rules") return parsed.rules;
  throw new Conflict("The match rules of the org's policy cannot be read. Correct the policy, or send rules.", {
    code: "bad_rules",
  });
}

const activePolicies = (ctx: Context, orgId: string) =>
  ctx.store.read((tx) =>
    tx.db
      .select()
      .from(tx.t.policies)
      .where(
        and(eq(tx.t.policies.orgId, orgId), eq(tx.t.policies.tenantId, ctx.tenant), eq(tx.t.policies.active, true)),
      )
      .orderBy(asc(tx.t.policies.order)),
  );
