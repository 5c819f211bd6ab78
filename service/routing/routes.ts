import { z } from "@hono/zod-openapi";
import { iso } from "../clock.ts";
import type { Context } from "../context.ts";
import { balanceOf, credits, type Prices } from "../credits/index.ts";
import { Conflict, NotFound, Unavailable } from "../errors.ts";
import { route, type Route } from "../http/index.ts";
import { AssignInput } from "./assign-input.ts";
import { assign, previewAssign, type Assignment, type OwnerSeen } from "./assign.ts";
import { awaitWrite, patienceMs } from "./await-write.ts";
import type { Member, PoolRow } from "./pool-rows.ts";
import { listPools, previewPool } from "./preview-pool.ts";
import { AssignAnswer, examples, PoolsAnswer, PreviewAnswer } from "./schema.ts";
import type { OwnerWriter } from "./write-owner.ts";

export interface RoutingRouteDeps {
  connection: (orgId: string) => { gathered: Pick<OwnerWriter, "read"> } | undefined;
  prices: Prices;
  /** How long an answer waits for Salesforce (ms); 10 s when absent. */
  waitMs?: number;
}

export function routingRoutes(deps: RoutingRouteDeps): Route[] {
  const shared = { tag: "Routing", scope: "route" } as const;
  return [
    route({
      ...shared,
      method: "post",
      path: "/v1/routing/assign",
      limitClass: "routing",
      summary: "Assign a record to the next member of a pool",
      description:
        "Takes one turn of the pool and writes the owner to Salesforce. The same record and pool within 24 hours answer the first owner while that person still owns it, and spend no turn; `reset_rules` takes a new one. The answer waits up to 10 s for Salesforce (`write`); a write that fails for good is logged and returns its credits.",
      body: AssignInput,
      bodyExample: examples.request,
      response: { schema: AssignAnswer, example: examples.assigned },
      errors: [402, 404, 409, 503],
      timed: true,
      writesToOrg: ({ body }) => body.dry_run !== true,
      idempotent: "outside",
      handler: async (ctx, { body }) => {
        const seen = await readOwner(deps, ctx, body);
        if (body.dry_run) {
          const preview = await ctx.store.read((tx) => previewAssign(tx, ctx, body, seen));
          return { body: await answerOf(ctx, body, preview) };
        }
        const made = await ctx.store.write((tx) => assign(tx, ctx, body, seen, deps.prices));
        const turn = { orgId: seen.orgId, pool: made.pool, sequence: made.sequence };
        const write = await awaitWrite(ctx, turn, deps.waitMs ?? patienceMs);
        return { body: { ...(await answerOf(ctx, body, made, write)), write } };
      },
    }),
    route({
      ...shared,
      method: "get",
      path: "/v1/routing/pools",
      limitClass: "general",
      summary: "List pools",
      description: "The pools of the key's org with their members and the turns each has taken.",
      response: { schema: PoolsAnswer, example: examples.pools },
      idempotent: "none",
      handler: async (ctx) => {
        const pools = await ctx.store.read((tx) => listPools(tx, ctx, orgOf(ctx)));
        return {
          body: {
            count: pools.length,
            pools: pools.map((pool) => ({ ...poolOf(pool), members: pool.members.map(memberOf) })),
          },
        };
      },
    }),
    route({
      ...shared,
      method: "get",
      path: "/v1/routing/pools/{pool}/preview",
      limitClass: "general",
      summary: "See who is next in a pool",
      description:
        "The next turns as they would come if nothing changed, and why members are passed over. Moves nothing.",
      params: z.strictObject({ pool: z.string().min(1).max(80) }),
      query: z.strictObject({ count: z.coerce.number().int().min(1).max(100).default(10) }),
      response: { schema: PreviewAnswer, example: examples.preview },
      errors: [404],
      idempotent: "none",
      handler: async (ctx, { params, query }) => {
        const orgId = orgOf(ctx);
        const preview = await ctx.store.read((tx) => previewPool(tx, ctx, { orgId, ...params, ...query }));
        return {
          body: {
            ...poolOf(preview.pool),
            pool_size: preview.members.length - preview.skipped.length,
            next: preview.next.map((m) => ({ user_id: m.userId, name: m.name })),
            members: preview.members.map((m) => ({ ...memberOf(m), eligible: m.reason === null, reason: m.reason })),
          },
        };
      },
    }),
  ];
}

function orgOf(ctx: Context): string {
  if (ctx.orgId !== undefined) return ctx.orgId;
  throw new Conflict("This API key belongs to no org. Use a key that was made for the org.", { code: "no_org" });
}

/** Read before the transaction: whether the person who got the record earlier still owns it. */
async function readOwner(deps: RoutingRouteDeps, ctx: Context, input: AssignInput): Promise<OwnerSeen> {
  const orgId = orgOf(ctx);
  const org = deps.connection(orgId);
  if (!org) throw new Unavailable(`The org ${orgId} is not connected.`, { code: "org_not_connected" });
  const readAt = ctx.clock.now();
  const fields = input.object === "Lead" ? ["OwnerId", "IsConverted"] : ["OwnerId"];
  const row = await org.gathered.read(input.object, input.sf_id, fields);
  if (row === null || row["IsDeleted"] === true)
    throw new NotFound(`There is no ${input.object.toLowerCase()} ${input.sf_id} in the org, or it cannot be seen.`);
  if (row["IsConverted"] === true)
    throw new Conflict(`The lead ${input.sf_id} is converted; a converted lead keeps its owner.`, {
      code: "lead_converted",
    });
  return { orgId, ownerId: typeof row["OwnerId"] === "string" ? row["OwnerId"] : null, readAt };
}

async function answerOf(ctx: Context, input: AssignInput, made: Assignment, write?: "done" | "pending" | "failed") {
  const left = await ctx.store.read((tx) => balanceOf(tx, ctx.tenant));
  return {
    assigned_to: made.ownerId,
    sequence: made.sequence,
    pool_size: made.poolSize,
    timestamp: iso(made.at),
    // What a failed write had cost is back already.
    credits_consumed: write === "failed" ? 0 : credits(made.creditsConsumed),
    credits_remaining: credits(left.available),
    cached: made.repeated,
    object: input.object.toLowerCase(),
    sf_id: input.sf_id,
    pool: made.pool,
    reason: made.reason,
    prev_owner: made.prevOwnerId,
    next_up: made.nextUp,
    skipped: made.skipped.map((s) => ({ user_id: s.userId, name: s.name, reason: s.reason })),
    dry_run: made.dryRun,
  };
}

const poolOf = (pool: PoolRow) => ({
  pool: pool.key,
  name: pool.name,
  source: pool.source,
  active: pool.active,
  sequence: pool.sequence,
});

const memberOf = (m: Member) => ({
  user_id: m.userId,
  name: m.name,
  position: m.position,
  weight: m.weight,
  active: m.active,
  paused_until: m.pausedUntil === null ? null : iso(m.pausedUntil),
  pause_reason: m.pauseReason,
  turns: m.turns,
});
