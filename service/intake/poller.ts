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

/** A poll that takes longer than this has lost its process. */
const leaseMs = 10 * 60_000;

export function startPoller(ctx: Context, org: OrgConnection, options: PollOptions): Poller {
  const stopping = new AbortController();
  let hurry = new AbortController();
  const holder = ctx.ids.next("poller");
  const name = `poll:${org.id}`;

  const turn = async (): Promise<void> => {
    const now = ctx.clock.now();
    const fence = await ctx.store.write((tx) => takeLease(tx, { name, holder, now, until: now + leaseMs }));
    if (fence === null) return;
    try {
      const polled = await pollOnce(ctx, org, options);
      if (polled.processed > 0) ctx.log.info({ org: org.id, ...polled }, "polled");
    } finally {
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
