import { and, eq, sql } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import { NotFound } from "../errors.ts";
import type { Tx } from "../store/store.ts";
import { toKeyInfo, type KeyInfo } from "./key-info.ts";

/**
 * Ends a key for good: at once here, within 5 seconds on every instance. Doing it twice keeps the first time.
 * @throws NotFound when the tenant has no such key.
 */
export async function revokeKey(tx: Tx, by: { tenant: number; clock: Clock }, id: string): Promise<KeyInfo> {
  const { apiKeys } = tx.t;
  const [row] = await tx.db
    .update(apiKeys)
    .set({ revokedAt: sql`coalesce(${apiKeys.revokedAt}, ${by.clock.now()})` })
    .where(and(eq(apiKeys.id, id), eq(apiKeys.tenantId, by.tenant)))
    .returning();
  if (!row) throw new NotFound(`There is no API key ${id}.`);
  return toKeyInfo(row);
}
