/**
 * The second door: the subscription to `Lantern_Change__e`. The replay id is stored in the transaction that stores the
 * event's work, so a restart goes on exactly behind it. One subscriber an org, by lease: a second one would double what
 * counts against the org's delivery allowance.
 */
import { and, eq, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { messageOf } from "../errors.ts";
import type { OrgConnection } from "../orgs/index.ts";
import { releaseLease, takeLease } from "../queue/lease.ts";
import {
  findId,
  openStream,
  textOf,
  type ChangeStream,
  type StreamEvent,
  type StreamReport,
} from "../salesforce/index.ts";
import type { HearOptions } from "./hear-rows.ts";
import { receive, type Heard } from "./receive.ts";

export const changeChannel = "/event/Lantern_Change__e";

export interface ListenOptions extends HearOptions {
  apiVersion: string;
  random: () => number;
  /** Events were missed: have the poll look at once. */
  onGap: () => void;
}

export interface Listener {
  report(): StreamReport;
  stop(): Promise<void>;
}

const leaseMs = 30_000;
const renewMs = 10_000;

/** Subscribes when it gets the lease, and gives up the subscription when it loses it. */
export function startListener(ctx: Context, org: OrgConnection, options: ListenOptions): Listener {
  const stopping = new AbortController();
  const holder = ctx.ids.next("listener");
  const name = `stream:${org.id}`;
  let stream: ChangeStream | null = null;

  const turn = async (): Promise<void> => {
    const now = ctx.clock.now();
    const fence = await ctx.store.write((tx) => takeLease(tx, { name, holder, now, until: now + leaseMs }));
    if (fence === null) {
      await stream?.stop();
      stream = null;
    } else stream ??= subscribe(ctx, org, options);
    if (stream) await saveState(ctx, org.id, stream.report());
  };
  const forever = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await turn().catch((error: unknown) =>
        ctx.log.error({ err: error, org: org.id }, `the stream's lease: ${messageOf(error)}`),
      );
      await ctx.clock.sleep(renewMs, stopping.signal).catch(() => undefined);
    }
  };
  const running = forever();
  return {
    report: () =>
      stream?.report() ?? { state: "stopped", reason: "Another instance holds the subscription.", lastContactAt: null },
    stop: async () => {
      stopping.abort(new Error("the listener stops"));
      await running;
      await stream?.stop();
      if (stream)
        await saveState(ctx, org.id, {
          state: "stopped",
          reason: "The service was stopped.",
          lastContactAt: stream.report().lastContactAt,
        });
      await ctx.store.write((tx) => releaseLease(tx, name, holder));
    },
  };
}

function subscribe(ctx: Context, org: OrgConnection, options: ListenOptions): ChangeStream {
  return openStream({
    salesforce: org.salesforce,
    apiVersion: options.apiVersion,
    channel: changeChannel,
    log: ctx.log,
    clock: ctx.clock,
    random: options.random,
    replayFrom: async () =>
      ctx.store.read(async (tx) => {
        const { streams } = tx.t;
        const [row] = await tx.db
          .select({ replayId: streams.replayId })
          .from(streams)
          .where(and(eq(streams.orgId, org.id), eq(streams.channel, changeChannel)));
        return row?.replayId ?? null;
      }),
    onEvent: (event) => hearEvent(ctx, org, event, options),
    onGap: async (why) => {
      ctx.log.warn({ org: org.id, why }, "the stream has a gap; the poll looks for what it missed");
      await ctx.store.write(async (tx) => {
        const { streams } = tx.t;
        await tx.db
          .insert(streams)
          .values({
            orgId: org.id,
            channel: changeChannel,
            replayId: null,
            state: "degraded",
            eventsSeen: 0,
            gaps: 1,
            lastError: why,
          })
          .onConflictDoUpdate({
            target: [streams.orgId, streams.channel],
            set: { replayId: null, gaps: sql`${streams.gaps} + 1`, lastError: why },
          });
      });
      options.onGap();
    },
  });
}

/** Stores the event's work and its replay id together. Exported for tests and the model of the doors. */
export async function hearEvent(
  ctx: Context,
  org: OrgConnection,
  event: StreamEvent,
  options: HearOptions,
): Promise<void> {
  const object = textOf(event.payload["Object__c"]) ?? "";
  const changes = changesIn(event);
  await ctx.store.write(async (tx) => {
    const { orgs, streams } = tx.t;
    const now = ctx.clock.now();
    const position = { replayId: event.replayId, lastEventAt: now, lastContactAt: now };
    await tx.db
      .insert(streams)
      .values({ orgId: org.id, channel: event.channel, state: "live", eventsSeen: 1, gaps: 0, ...position })
      .onConflictDoUpdate({
        target: [streams.orgId, streams.channel],
        set: { ...position, eventsSeen: sql`${streams.eventsSeen} + 1` },
      });
    const [row] = await tx.db.select({ settings: orgs.settings }).from(orgs).where(eq(orgs.id, org.id));
    // Switched off, or not watched (any more): the poll's watermark stays behind and finds it if that changes.
    if (!row?.settings.enabled || row.settings.watch[object] === undefined || changes.length === 0) return;
    await receive(tx, ctx, {
      orgId: org.id,
      object,
      door: "stream",
      changes,
      prices: options.prices,
      quietMs: options.quietMs,
    });
  });
}

function changesIn(event: StreamEvent): Heard[] {
  const ids = (textOf(event.payload["Record_Ids__c"]) ?? "").split(",");
  const deleted = event.payload["Change__c"] === "after_delete";
  return ids.flatMap((text) => {
    const recordId = findId(text.trim());
    return recordId === undefined ? [] : [{ recordId, deleted }];
  });
}

async function saveState(ctx: Context, orgId: string, report: StreamReport): Promise<void> {
  await ctx.store.write(async (tx) => {
    const { streams } = tx.t;
    const facts = { state: report.state, lastContactAt: report.lastContactAt, lastError: report.reason };
    await tx.db
      .insert(streams)
      .values({ orgId, channel: changeChannel, eventsSeen: 0, gaps: 0, ...facts })
      .onConflictDoUpdate({ target: [streams.orgId, streams.channel], set: facts });
  });
}
