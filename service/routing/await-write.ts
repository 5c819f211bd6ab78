import { and, eq } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { TurnId } from "./close-turn.ts";

/** How long an answer waits for Salesforce. */
export const patienceMs = 10_000;
/** Looked at so often even when no wake arrives: another instance's wakes can be lost with its connection. */
const lookAgainMs = 1_000;

export interface WriteState {
  write: "pending" | "done" | "failed";
}

/** Waits until the turn is closed, or the time is over: then it is still `pending`. */
export async function awaitWrite(
  ctx: Pick<Context, "store" | "clock">,
  turn: TurnId,
  waitMs = patienceMs,
): Promise<WriteState["write"]> {
  const until = ctx.clock.now() + waitMs;
  for (;;) {
    // Listening begins before the look, so that what happens between the two is not missed.
    const ears = listen(ctx);
    try {
      const write = await writeOf(ctx, turn);
      const left = until - ctx.clock.now();
      if (write !== "pending" || left <= 0) return write;
      await ears.woken(Math.min(left, lookAgainMs));
    } finally {
      ears.stop();
    }
  }
}

function listen({ store, clock }: Pick<Context, "store" | "clock">) {
  const over = new AbortController();
  let off = () => {};
  const wake = new Promise<void>((resolve) => (off = store.onWake(resolve)));
  return {
    woken: (ms: number) => Promise.race([wake, clock.sleep(ms, over.signal).catch(() => undefined)]),
    stop() {
      off();
      over.abort();
    },
  };
}

async function writeOf({ store }: Pick<Context, "store">, turn: TurnId): Promise<WriteState["write"]> {
  const [row] = await store.read((tx) =>
    tx.db
      .select({ write: tx.t.turns.write })
      .from(tx.t.turns)
      .where(
        and(eq(tx.t.turns.orgId, turn.orgId), eq(tx.t.turns.pool, turn.pool), eq(tx.t.turns.sequence, turn.sequence)),
      ),
  );
  return row?.write ?? "pending";
}
