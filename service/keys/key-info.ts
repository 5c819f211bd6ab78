/** A key as it is shown: everything but its secret. Pure. */
import { iso } from "../clock.ts";
import type { Tables } from "../store/tables.ts";

export type KeyRow = Tables["apiKeys"]["$inferSelect"];

export interface KeyInfo {
  id: string;
  name: string;
  mode: "live" | "test";
  scopes: string[];
  org_id: string | null;
  limits: Record<string, number>;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

const when = (at: number | null) => (at === null ? null : iso(at));

export const toKeyInfo = (row: KeyRow): KeyInfo => ({
  id: row.id,
  name: row.name,
  mode: row.mode,
  scopes: row.scopes,
  org_id: row.orgId,
  limits: row.limits,
  created_at: iso(row.createdAt),
  expires_at: when(row.expiresAt),
  revoked_at: when(row.revokedAt),
  last_used_at: when(row.lastUsedAt),
});
