import { z } from "@hono/zod-openapi";
import { Invalid } from "../errors.ts";
import { periodEnd, periodOf, periodStart, route, type Route } from "../http/index.ts";
import { redrive } from "../queue/queue.ts";
import { balanceOf, grant } from "./ledger.ts";
import { credits } from "./prices.ts";
import { usageOf } from "./usage.ts";

const shared = { tag: "Credits", limitClass: "credits" } as const;

const remaining = route({
  ...shared,
  method: "get",
  path: "/v1/credits/remaining",
  scope: "credits",
  summary: "Get remaining credits",
  description: "What the tenant can still spend, and all that was ever granted to it.",
  response: {
    schema: z.object({
      tenant_id: z.number().int(),
      remaining_credits: z.number(),
      total_credits: z.number(),
      reserved_credits: z.number().meta({ description: "Held for work that is under way; returned or spent with it." }),
    }),
    example: { success: true, tenant_id: 123, remaining_credits: 4750.25, total_credits: 10000, reserved_credits: 12 },
  },
  idempotent: "none",
  handler: async (ctx) => {
    const balance = await ctx.store.read((tx) => balanceOf(tx, ctx.tenant));
    return {
      body: {
        tenant_id: ctx.tenant,
        remaining_credits: credits(balance.available),
        total_credits: credits(balance.granted),
        reserved_credits: credits(balance.reserved),
      },
    };
  },
});

const usage = route({
  ...shared,
  method: "get",
  path: "/v1/credits/usage",
  scope: "credits",
  summary: "Get credit usage",
  description:
    "Credits spent in a period, less those given back, by the time of the ledger's entries; optionally only those of one workflow, run or custom pair (the header `X-Lantern-Custom` of the requests that spent them).",
  query: z.strictObject({
    start_date: periodStart,
    end_date: periodEnd,
    workflow_id: z.string().min(1).max(200).optional(),
    workflow_run_id: z.string().min(1).max(200).optional(),
    custom_key: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/)
      .optional(),
    custom_value: z.string().max(256).optional(),
  }),
  response: {
    schema: z.object({
      tenant_id: z.number().int(),
      start_date: z.string(),
      end_date: z.string(),
      credits_used: z.number(),
    }),
    example: {
      success: true,
      tenant_id: 123,
      start_date: "2024-01-01T00:00:00Z",
      end_date: "2024-12-31T23:59:59Z",
      credits_used: 1250.5,
    },
  },
  idempotent: "none",
  handler: async (ctx, { query }) => {
    const { start_date, end_date, workflow_id, workflow_run_id, custom_key, custom_value } = query;
    const period = periodOf(start_date, end_date);
    if (!period) throw invalid("end_date", "lies before start_date");
    if (custom_value !== undefined && custom_key === undefined) throw invalid("custom_key", "needed with custom_value");
    const used = await ctx.store.read((tx) =>
      usageOf(tx, ctx.tenant, {
        ...period,
        ...(workflow_id === undefined ? {} : { workflowId: workflow_id }),
        ...(workflow_run_id === undefined ? {} : { workflowRunId: workflow_run_id }),
        ...(custom_key === undefined ? {} : { customKey: custom_key }),
        ...(custom_value === undefined ? {} : { customValue: custom_value }),
      }),
    );
    return { body: { tenant_id: ctx.tenant, start_date, end_date, credits_used: credits(used) } };
  },
});

const invalid = (field: string, msg: string) =>
  new Invalid(`${field}: ${msg}.`, [{ loc: ["query", field], msg, type: "invalid" }]);

const hundredths = z
  .number()
  .min(0.01)
  .max(1_000_000_000)
  .refine((n) => Math.abs(n * 100 - Math.round(n * 100)) < 1e-4, { error: "At most two decimals." });

const addGrant = route({
  ...shared,
  method: "post",
  path: "/v1/credits/grants",
  scope: "admin",
  summary: "Grant credits",
  description: "Adds credits to the tenant. Work that was parked for want of credits goes on.",
  body: z.strictObject({ credits: hundredths, reason: z.string().trim().min(1).max(200).default("grant") }),
  bodyExample: { credits: 1000, reason: "order 4711" },
  response: {
    status: 201,
    schema: z.object({
      tenant_id: z.number().int(),
      granted_credits: z.number(),
      remaining_credits: z.number(),
      total_credits: z.number(),
      resumed: z.number().int().meta({ description: "Pieces of parked work that go on." }),
    }),
    example: {
      success: true,
      tenant_id: 123,
      granted_credits: 1000,
      remaining_credits: 1250.5,
      total_credits: 6000,
      resumed: 12,
    },
  },
  idempotent: "database",
  handler: async (tx, ctx, { body }) => {
    const amount = Math.round(body.credits * 100);
    await grant(tx, ctx, amount, body.reason);
    const resumed = await redrive(tx, { tenant: ctx.tenant, code: "credits_short" }, ctx.clock.now());
    const balance = await balanceOf(tx, ctx.tenant);
    return {
      status: 201,
      body: {
        tenant_id: ctx.tenant,
        granted_credits: credits(amount),
        remaining_credits: credits(balance.available),
        total_credits: credits(balance.granted),
        resumed,
      },
    };
  },
});

export const creditRoutes: readonly Route[] = [remaining, usage, addGrant];
