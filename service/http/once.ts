/** Answers a request once per Idempotency-Key: claims the key, does the work, stores the answer, or replays it. */
import type { Context } from "../context.ts";
import { Conflict } from "../errors.ts";
import type { Tx } from "../store/store.ts";
import { statusOf } from "./errors.ts";
import { claim, finish, release, type Attempt, type Claimed, type StoredAnswer } from "./idempotency.ts";
import { seal, unseal } from "./seal.ts";

/** What there is to do, already knowing its input. */
export type Work =
  /** Only reads, or may call the outside; saves what it does in transactions of its own. */
  | { kind: "outside"; run: (ctx: Context) => Promise<StoredAnswer> }
  /** Only changes the database: claim, work and answer are one transaction. */
  | { kind: "database"; run: (tx: Tx, ctx: Context) => Promise<StoredAnswer> };

export interface Asked {
  ctx: Context;
  /** Absent: nothing is remembered. */
  attempt?: Attempt;
  work: Work;
  /** The API key as presented, where the answer holds a secret and must not be stored in the clear. */
  sealFor?: string;
}

export interface Answered {
  answer: StoredAnswer;
  requestId: string;
  replayed: boolean;
}

export async function answerOnce(asked: Asked): Promise<Answered> {
  const { ctx, attempt, work } = asked;
  if (!attempt) {
    const answer = work.kind === "outside" ? await work.run(ctx) : await ctx.store.write((tx) => work.run(tx, ctx));
    return { answer, requestId: ctx.requestId ?? "", replayed: false };
  }
  return work.kind === "database"
    ? inOneTransaction(asked, attempt, work.run)
    : aroundTheWork(asked, attempt, work.run);
}

async function inOneTransaction(
  asked: Asked,
  attempt: Attempt,
  run: (tx: Tx, ctx: Context) => Promise<StoredAnswer>,
): Promise<Answered> {
  const { ctx } = asked;
  return ctx.store.write(async (tx) => {
    const claimed = await claim(tx, attempt, ctx.clock.now());
    if (claimed.state === "answered") return replay(asked, attempt, claimed);
    const answer = await run(tx, { ...ctx, requestId: claimed.requestId });
    await finish(tx, { ...attempt, requestId: claimed.requestId }, sealed(asked, attempt, answer));
    return { answer, requestId: claimed.requestId, replayed: false };
  });
}

async function aroundTheWork(
  asked: Asked,
  attempt: Attempt,
  run: (ctx: Context) => Promise<StoredAnswer>,
): Promise<Answered> {
  const { ctx } = asked;
  const claimed = await ctx.store.write((tx) => claim(tx, attempt, ctx.clock.now()));
  if (claimed.state === "answered") return replay(asked, attempt, claimed);
  const { requestId, leaseUntil } = claimed;
  const owned = { ...attempt, requestId };
  let answer: StoredAnswer;
  try {
    answer = await run({ ...ctx, requestId });
  } catch (error) {
    const outcome = statusOf(error) < 500 ? "refused" : "unknown";
    // When even this fails the lease runs out by itself, and the caller must hear of the first error, not of this one.
    await ctx.store
      .write((tx) => release(tx, owned, { leaseUntil, outcome }))
      .catch((err: unknown) => ctx.log.error({ err, requestId }, "could not release an Idempotency-Key"));
    throw error;
  }
  const stored = await ctx.store.write((tx) => finish(tx, owned, sealed(asked, attempt, answer)));
  return { answer: stored ? opened(asked, attempt, stored) : answer, requestId, replayed: false };
}

const replay = (asked: Asked, attempt: Attempt, claimed: Claimed & { state: "answered" }): Answered => ({
  answer: opened(asked, attempt, claimed.answer),
  requestId: claimed.requestId,
  replayed: true,
});

const purposeOf = (attempt: Attempt) => `${attempt.endpoint} ${attempt.key}`;

const sealed = (asked: Asked, attempt: Attempt, answer: StoredAnswer): StoredAnswer =>
  asked.sealFor === undefined ? answer : { ...answer, body: seal(answer.body, asked.sealFor, purposeOf(attempt)) };

function opened(asked: Asked, attempt: Attempt, answer: StoredAnswer): StoredAnswer {
  if (asked.sealFor === undefined) return answer;
  const body = unseal(answer.body, asked.sealFor, purposeOf(attempt));
  if (body !== null) return { ...answer, body };
  throw new Conflict("This request was answered to another API key; its answer holds a secret and is not repeated.", {
    code: "sealed_answer",
  });
}
