/** What the routing endpoints answer. Pure. */
import { z } from "@hono/zod-openapi";

const skipped = z.object({ user_id: z.string(), name: z.string().nullable(), reason: z.string() });

export const AssignAnswer = z.object({
  assigned_to: z.string(),
  sequence: z.number().int(),
  pool_size: z.number().int(),
  timestamp: z.string(),
  credits_consumed: z.number(),
  credits_remaining: z.number(),
  cached: z.boolean(),
  object: z.string(),
  sf_id: z.string(),
  pool: z.string(),
  reason: z.string(),
  prev_owner: z.string().nullable(),
  next_up: z.string().nullable(),
  skipped: z.array(skipped),
  /** Whether Salesforce has the owner; absent in a dry run. */
  write: z.enum(["done", "pending", "failed"]).optional(),
  dry_run: z.boolean(),
});

const member = z.object({
  user_id: z.string(),
  name: z.string().nullable(),
  position: z.number().int(),
  weight: z.number().int(),
  active: z.boolean(),
  paused_until: z.string().nullable(),
  pause_reason: z.string().nullable(),
  turns: z.number().int(),
});

const pool = z.object({
  pool: z.string(),
  name: z.string(),
  source: z.enum(["org", "api"]),
  active: z.boolean(),
  sequence: z.number().int(),
});

export const PoolsAnswer = z.object({
  count: z.number().int(),
  pools: z.array(pool.extend({ members: z.array(member) })),
});

export const PreviewAnswer = pool.extend({
  pool_size: z.number().int(),
  next: z.array(z.object({ user_id: z.string(), name: z.string().nullable() })),
  members: z.array(member.extend({ eligible: z.boolean(), reason: z.string().nullable() })),
});

const user = { user_id: "005000000000002AAA", name: "Alice Ng" };
const emea = { pool: "emea", name: "EMEA inbound", source: "org", active: true, sequence: 12 };
const alice = { ...user, position: 1, weight: 1, active: true, paused_until: null, pause_reason: null, turns: 6 };

export const examples = {
  request: { object: "lead", sf_id: "00Q000000000001EAA", pool: "emea" },
  assigned: {
    success: true,
    assigned_to: user.user_id,
    sequence: 12,
    pool_size: 2,
    timestamp: "2026-11-23T10:00:00.000Z",
    credits_consumed: 1,
    credits_remaining: 1249.5,
    cached: false,
    object: "lead",
    sf_id: "00Q000000000001EAA",
    pool: "emea",
    reason: "Alice Ng was next in pool emea (turn 12); Bob Ray was skipped: inactive user.",
    prev_owner: "005000000000001AAA",
    next_up: "005000000000003AAA",
    skipped: [{ user_id: "005000000000004AAA", name: "Bob Ray", reason: "inactive_user" }],
    write: "done",
    dry_run: false,
    processing_time_ms: 140,
  },
  pools: { success: true, count: 1, pools: [{ ...emea, members: [alice] }] },
  preview: {
    success: true,
    ...emea,
    pool_size: 1,
    next: [user, user],
    members: [{ ...alice, eligible: true, reason: null }],
  },
};
