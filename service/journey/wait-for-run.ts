import { and, eq } from "drizzle-orm";
import type { Context } from "../context.ts";
import { NotFound, Unavailable } from "../errors.ts";
import type { RunData } from "../store/json.ts";

export interface EndedRun {
  id: string;
  outcome: string;
  reason: string;
  data: RunData;
}

/** Waits until the run has ended, on whichever instance; the store's wake tells, and a look now and then is the net. */
export async function waitForRun(ctx: Context, runId: string, timeoutMs: number): Promise<EndedRun> {
  const until = ctx.clock.now() + timeoutMs;
  for (;;) {
    const stop = new AbortController();
    let off = (): void => undefined;
    const woken = new Promise<void>((resolve) => (off = ctx.store.onWake(resolve)));
    try {
      const ended = await findEnded(ctx, runId);
      if (ended) return ended;
      const left = until - ctx.clock.now();
      if (left <= 0)
        throw new Unavailable(
          "The conversion is still under way. Ask again with the same Idempotency-Key; it is done once.",
          {
            code: "still_running",
            retryAfterMs: 5_000,
          },
        );
      await Promise.race([woken, ctx.clock.sleep(Math.min(left, 250), stop.signal).catch(() => undefined)]);
    } finally {
      stop.abort(new Error("done waiting"));
      off();
    }
  }
}

async function findEnded(ctx: Context, runId: string): Promise<EndedRun | undefined> {
  return ctx.store.read(async (tx) => {
    const { runs } = tx.t;
    const [run] = await tx.db
      .select()
      .from(runs)
      .where(and(eq(runs.id, runId), eq(runs.tenantId, ctx.tenant)));
    if (!run) throw new NotFound("There is no such run.");
    return run.state === "open"
      ? undefined
      : { id: run.id, outcome: run.outcome ?? "", reason: run.reason ?? "", data: run.data };
  });
}
