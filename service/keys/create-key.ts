/** Makes an API key; the whole key is in the answer and nowhere else. */
import { and, eq } from "drizzle-orm";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { Invalid } from "../errors.ts";
import { limitClasses, scopes } from "../http/index.ts";
import type { Tx } from "../store/store.ts";
import { formatKey, hashSecret, newKeyParts } from "./format.ts";
import { toKeyInfo, type KeyInfo } from "./key-info.ts";

export const CreateKeyInput = z.strictObject({
  name: z.string().trim().min(1).max(100),
  scopes: z.array(z.enum(scopes)).min(1),
  mode: z.enum(["live", "test"]).default("live"),
  /** An org of this tenant; absent: a key without an org. */
  org_id: z.string().optional(),
  expires_at: z.iso.datetime({ offset: true }).optional(),
  /** Requests a minute instead of the documented ones, by class. */
  limits: z.partialRecord(z.enum(limitClasses), z.number().int().min(1).max(1_000_000)).default({}),
});
export type CreateKeyInput = z.input<typeof CreateKeyInput>;

/** @throws Invalid when the org is not the tenant's, or the expiry lies in the past. */
export async function createKey(
  tx: Tx,
  by: { tenant: number; clock: Clock },
  given: CreateKeyInput,
): Promise<KeyInfo & { key: string }> {
  const input = CreateKeyInput.parse(given);
  const now = by.clock.now();
  const expiresAt = input.expires_at === undefined ? null : Date.parse(input.expires_at);
  if (expiresAt !== null && expiresAt <= now)
    throw new Invalid("expires_at lies in the past.", [
      { loc: ["body", "expires_at"], msg: "in the past", type: "date" },
    ]);
  if (input.org_id !== undefined) await refuseForeignOrg(tx, by.tenant, input.org_id);
  const parts = newKeyParts(input.mode);
  const row = {
    id: parts.id,
    tenantId: by.tenant,
    orgId: input.org_id ?? null,
    mode: input.mode,
    name: input.name,
    secretHash: hashSecret(parts.secret),
    scopes: [...new Set(input.scopes)],
    limits: input.limits as Record<string, number>,
    createdAt: now,
    expiresAt,
    revokedAt: null,
    lastUsedAt: null,
  };
  await tx.db.insert(tx.t.apiKeys).values(row);
  return { ...toKeyInfo(row), key: formatKey(parts) };
}

async function refuseForeignOrg(tx: Tx, tenant: number, orgId: string): Promise<void> {
  const { orgs } = tx.t;
  const [org] = await tx.db
    .select({ id: orgs.id })
    .from(orgs)
    .where(and(eq(orgs.id, orgId), eq(orgs.tenantId, tenant)));
  if (!org)
    throw new Invalid("org_id names no connected org.", [
      { loc: ["body", "org_id"], msg: "not a connected org", type: "unknown_org" },
    ]);
}
