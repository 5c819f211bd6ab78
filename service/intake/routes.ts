/** `POST /v1/triggers/salesforce` and `GET /v1/triggers/polling/status`. */
import { eq } from "drizzle-orm";
import { z } from "@hono/zod-openapi";
import { iso } from "../clock.ts";
import type { Context } from "../context.ts";
import { balanceOf, credits } from "../credits/index.ts";
import { Conflict, Invalid, LanternError, NotFound } from "../errors.ts";
import { route, type Route } from "../http/index.ts";
import { findId, findObject } from "../salesforce/index.ts";
import type { Tx } from "../store/store.ts";
import type { HearOptions } from "./hear-rows.ts";
import { receive, type Received } from "./receive.ts";
import { changeChannel } from "./stream.ts";

export interface IntakeRoutesDeps extends HearOptions {
  /** Whether a worker could begin at once. */
  workerIsFree: () => boolean;
  /** When this service began, for the status before the first poll (ms). */
  startedAt: number;
  pollIntervalMs: number;
}

const trigger = z
  .strictObject({
    object: z.string().min(1).describe("Lead, Contact, Account, Opportunity, or any object that the org watches."),
    ids: z.array(z.string()).min(1).max(100).describe("Salesforce record ids, 15 or 18 characters."),
    event: z.enum(["after_insert", "after_update", "after_undelete", "after_delete"]),
    org_id: z.string().describe("The org the records are in; the key's own."),
  })
  .openapi("SalesforceTrigger");

const triggered = z
  .object({
    success: z.literal(true),
    processed_count: z.int(),
    enrichment_jobs: z.array(z.string()),
    workflow_status: z.enum(["started", "queued", "failed"]),
    credits_consumed: z.number(),
    credits_remaining: z.number(),
    processing_time_ms: z.int(),
    cached: z.boolean(),
    details: z.object({ parked: z.array(z.string()) }).optional(),
  })
  .openapi("SalesforceTriggered");

export function intakeRoutes(deps: IntakeRoutesDeps): Route[] {
  return [
    route({
      method: "post",
      path: "/v1/triggers/salesforce",
      tag: "Triggers",
      summary: "Tell of changed records",
      description:
        "Hears up to 100 changed records. The answer is sent once every id is durable; ids that are waiting already are merged, not doubled.",
      scope: "triggers",
      limitClass: "triggers",
      idempotent: "database",
      timed: true,
      body: trigger,
      bodyExample: { object: "Lead", ids: ["00Q000000000001EAA"], event: "after_insert", org_id: "00D000000000001EAA" },
      response: { schema: triggered },
      errors: [402, 409],
      handler: async (tx, ctx, { body }) => ({ status: 200, body: await hearTrigger(tx, ctx, deps, body) }),
    }),
    route({
      method: "get",
      path: "/v1/triggers/polling/status",
      tag: "Triggers",
      summary: "How the poll and the stream fare",
      description:
        "When the org was last polled, what it read, how far the watermark is, and the state of the change stream.",
      scope: "triggers",
      limitClass: "triggers",
      idempotent: "none",
      wrapped: false,
      response: {
        schema: z
          .object({
            last_poll_time: z.string(),
            records_processed: z.int(),
            watermark_value: z.string(),
            next_poll_time: z.string(),
            lag_seconds: z.number(),
            recovered_by_poll: z.int(),
            loop_suspected: z.int(),
            stream: z.object({
              state: z.string(),
              reason: z.string().nullable(),
              last_event_time: z.string().nullable(),
              replay_id: z.string().nullable(),
              gaps: z.int(),
            }),
            objects: z.record(
              z.string(),
              z.object({
                watermark_value: z.string(),
                records_processed: z.int(),
                recovered_by_poll: z.int(),
                baseline: z.string(),
              }),
            ),
          })
          .openapi("PollingStatus"),
      },
      handler: async (ctx) => ({ status: 200, body: await ctx.store.read((tx) => pollingStatus(tx, ctx, deps)) }),
    }),
  ];
}

async function hearTrigger(tx: Tx, ctx: Context, deps: IntakeRoutesDeps, body: z.output<typeof trigger>) {
  const orgId = boundOrg(ctx, body.org_id);
  const [org] = await tx.db.select().from(tx.t.orgs).where(eq(tx.t.orgs.id, orgId));
  if (!org || org.tenantId !== ctx.tenant)
    throw new NotFound("This org is not connected. Connect it first.", "org_not_connected");
  const object = Object.keys(org.settings.watch).find((name) => name.toLowerCase() === body.object.toLowerCase());
  if (object === undefined)
    throw new Invalid(`${body.object} is not watched in this org.`, [
      {
        loc: ["body", "object"],
        msg: `must be one of ${Object.keys(org.settings.watch).join(", ")}`,
        type: "not_watched",
      },
    ]);
  const ids = readIds(object, body.ids);
  if (!org.settings.enabled)
    throw new Conflict(
      "Lantern is switched off in the org's settings. What changes meanwhile is found by the poll when it is on again.",
      {
        code: "switched_off",
      },
    );
  const deleted = body.event === "after_delete";
  const received = await receive(tx, ctx, {
    orgId,
    object,
    door: "webhook",
    changes: ids.map((recordId) => ({ recordId, deleted })),
    prices: deps.prices,
    quietMs: deps.quietMs,
  });
  return answer(received, (await balanceOf(tx, ctx.tenant)).available, deps.workerIsFree());
}

function answer(received: Received[], available: number, free: boolean) {
  const parked = received.filter((r) => r.parked).map((r) => r.recordId);
  return {
    success: true as const,
    processed_count: received.length,
    enrichment_jobs: received.map((r) => r.runId),
    workflow_status: free ? ("started" as const) : ("queued" as const),
    credits_consumed: credits(received.reduce((sum, r) => sum + r.reserved, 0)),
    credits_remaining: credits(available),
    processing_time_ms: 0,
    cached: false,
    ...(parked.length > 0 ? { details: { parked } } : {}),
  };
}

/** The key's org, which the body must name: anything else is refused, whether it exists or not. */
export function boundOrg(ctx: Context, named: string | undefined): string {
  if (ctx.orgId === undefined)
    throw new Conflict("This key belongs to no org. Make one for the org.", {
      code: "key_without_org",
    });
  if (named !== undefined && findId(named) !== ctx.orgId)
    throw new LanternError("This key belongs to another org.", { code: "wrong_org" });
  return ctx.orgId;
}

function readIds(object: string, given: readonly string[]): string[] {
  const problems: { loc: (string | number)[]; msg: string; type: string }[] = [];
  const ids = given.map((text, i) => {
    const id = findId(text);
    if (id === undefined)
      problems.push({
        loc: ["body", "ids", i],
        msg: "is not a Salesforce id, or has a wrong checksum",
        type: "bad_id",
      });
    else if (findObject(id) !== undefined && findObject(id) !== object)
      problems.push({
        loc: ["body", "ids", i],
        msg: `is the id of a ${findObject(id)}, not of a ${object}`,
        type: "wrong_object",
      });
    return id ?? "";
  });
  if (problems.length > 0) throw new Invalid("Some ids are not valid; see detail.", problems);
  return ids;
}

async function pollingStatus(tx: Tx, ctx: Context, deps: IntakeRoutesDeps) {
  const orgId = boundOrg(ctx, undefined);
  const { orgs, watermarks, streams, jobs } = tx.t;
  const [org] = await tx.db.select().from(orgs).where(eq(orgs.id, orgId));
  if (!org || org.tenantId !== ctx.tenant)
    throw new NotFound("This org is not connected. Connect it first.", "org_not_connected");
  const marks = await tx.db.select().from(watermarks).where(eq(watermarks.orgId, orgId));
  const [stream] = await tx.db.select().from(streams).where(eq(streams.orgId, orgId));
  const loops = await tx.db.select({ key: jobs.key }).from(jobs).where(eq(jobs.parkedCode, "loop_suspected"));
  const watermark = marks.length > 0 ? Math.min(...marks.map((m) => m.watermark)) : org.connectedAt;
  const lastPoll = org.lastPollAt ?? deps.startedAt;
  return {
    last_poll_time: iso(lastPoll),
    records_processed: marks.reduce((sum, m) => sum + m.recordsProcessed, 0),
    watermark_value: iso(watermark),
    next_poll_time: iso(org.nextPollAt ?? lastPoll + deps.pollIntervalMs),
    lag_seconds: Math.max(0, Math.round((ctx.clock.now() - watermark) / 1000)),
    recovered_by_poll: marks.reduce((sum, m) => sum + m.recoveredByPoll, 0),
    loop_suspected: loops.filter((job) => job.key.startsWith(`${orgId}:`)).length,
    stream: {
      channel: stream?.channel ?? changeChannel,
      state: stream?.state ?? "stopped",
      reason: stream?.lastError ?? null,
      last_event_time: stream?.lastEventAt == null ? null : iso(stream.lastEventAt),
      replay_id: stream?.replayId ?? null,
      gaps: stream?.gaps ?? 0,
    },
    objects: Object.fromEntries(
      marks.map((m) => [
        m.object,
        {
          watermark_value: iso(m.watermark),
          records_processed: m.recordsProcessed,
          recovered_by_poll: m.recoveredByPoll,
          baseline: m.baselineDone ? "done" : "running",
        },
      ]),
    ),
  };
}
