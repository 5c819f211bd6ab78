import { asc, eq } from "drizzle-orm";
import type { Tx } from "../store/store.ts";
import { toKeyInfo, type KeyInfo } from "./key-info.ts";

/** The tenant's keys, oldest first, revoked ones too. */
export async function listKeys(tx: Tx, tenant: number): Promise<KeyInfo[]> {
  const { apiKeys } = tx.t;
  const rows = await tx.db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.tenantId, tenant))
    .orderBy(asc(apiKeys.createdAt), asc(apiKeys.id));
  return rows.map(toKeyInfo);
}
