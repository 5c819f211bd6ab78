/** Polls each org in its turn, one instance at a time. */
import type { Context } from "../context.ts";
import { messageOf } from "../errors.ts";
import type { OrgConnection } from "../orgs/index.ts";
import { releaseLease, takeLease } from "../queue/lease.ts";
import { pollOnce, type PollOptions } from "./poll.ts";

export interface Poller {
  /** Polls now instead of at the next interval (the stream has missed something). */
  soon(): void;
  stop(): Promise<void>;
}

/** Whoever polls renews its lease as long as the poll takes; one that died is followed by another within this time. */
const leaseMs = 60_000;
const renewMs = 20_000;

export function startPoller(ctx: Context, org: OrgConnection, options: PollOptions): Poller {
  const stopping = new AbortController();
  let hurry = new AbortController();
  const holder = ctx.ids.next("poller");
  const name = `poll:${org.id}`;

  const keep = async (over: AbortSignal): Promise<void> => {
    for (;;) {
      await ctx.clock.sleep(renewMs, over).catch(() => undefined);
      if (over.aborted) return;
      const now = ctx.clock.now();
      await ctx.store
        .write((tx) => takeLease(tx, { name, holder, now, until: now + leaseMs }))
        .catch((error: unknown) => ctx.log.warn({ err: error, org: org.id }, "the poll's lease could not be renewed"));
    }
  };
  const turn = async (): Promise<void> => {
    const now = ctx.clock.now();
    const fence = await ctx.store.write((tx) => takeLease(tx, { name, holder, now, until: now + leaseMs }));
    if (fence === null) return;
    const polled = new AbortController();
    const kept = keep(polled.signal);
    try {
      const found = await pollOnce(ctx, org, options);
      if (found.processed > 0) ctx.log.info({ org: org.id, ...found }, "polled");
    } finally {
      polled.abort(new Error("the poll is over"));
      await kept;
      await ctx.store.write((tx) => releaseLease(tx, name, holder));
    }
  };
  const forever = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await turn().catch((error: unknown) =>
        ctx.log.error({ err: error, org: org.id }, `the poll failed: ${messageOf(error)}`),
      );
      hurry = new AbortController();
      await ctx.clock
        .sleep(options.intervalMs, AbortSignal.any([stopping.signal, hurry.signal]))
        .catch(() => undefined);
    }
  };
  const running = forever();
  return {
    soon: () => hurry.abort(new Error("poll now")),
    stop: async () => {
      stopping.abort(new Error("the poller stops"));
      await running;
    },
  };
}
