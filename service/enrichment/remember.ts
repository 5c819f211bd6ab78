/** Providers' answers by identity, so that the same question is not paid for twice while its answer is fresh. */
import { and, eq, gt, lte } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { EnrichmentAnswer } from "../store/json.ts";

export interface Remembered {
  /** Empty: nothing was found. */
  answer: EnrichmentAnswer;
  /** ms */
  at: number;
}

type Asking = Pick<Context, "tenant" | "store" | "clock">;

export async function findRemembered(
  { tenant, store, clock }: Asking,
  provider: string,
  identity: string,
): Promise<Remembered | undefined> {
  return store.read(async (tx) => {
    const { enrichmentCache } = tx.t;
    const [row] = await tx.db
      .select({ answer: enrichmentCache.answer, at: enrichmentCache.at })
      .from(enrichmentCache)
      .where(
        and(
          eq(enrichmentCache.tenantId, tenant),
          eq(enrichmentCache.provider, provider),
          eq(enrichmentCache.identity, identity),
          gt(enrichmentCache.expiresAt, clock.now()),
        ),
      );
    return row;
  });
}

export async function remember(
  { tenant, store, clock }: Asking,
  given: { provider: string; identity: string; answer: EnrichmentAnswer; keepMs: number },
): Promise<void> {
  const at = clock.now();
  const { provider, identity, answer } = given;
  const confidence = Math.max(0, ...Object.values(answer).map((v) => v.confidence));
  const facts = { answer, confidence, at, expiresAt: at + given.keepMs };
  await store.write(async (tx) => {
    const { enrichmentCache: cache } = tx.t;
    await tx.db
      .insert(cache)
      .values({ tenantId: tenant, provider, identity, ...facts })
      .onConflictDoUpdate({ target: [cache.tenantId, cache.provider, cache.identity], set: facts });
  });
}

/** Removes answers that are no longer fresh; for the daily cleaning. */
export async function forgetOldAnswers({ store, clock }: Pick<Context, "store" | "clock">): Promise<number> {
  return store.write(async (tx) => {
    const gone = await tx.db
      .delete(tx.t.enrichmentCache)
      .where(lte(tx.t.enrichmentCache.expiresAt, clock.now()))
      .returning({ provider: tx.t.enrichmentCache.provider });
    return gone.length;
  });
}
