/** The records that a candidate may be: found in the mirror by the keys its rules can hold for. */
import { and, eq, inArray } from "drizzle-orm";
import type { Store } from "../store/store.ts";
import { lookupKeys } from "./block.ts";
import { findMatchObject, type FlatFields } from "./fields.ts";
import type { MatchRecord } from "./match-against.ts";
import type { ParsedRules } from "./rules.ts";

export interface CandidateQuery {
  orgId: string;
  /** API name: Contact, Account, Lead. */
  object: string;
  rules: ParsedRules;
  candidate: FlatFields;
  /** The record itself, when it is in the mirror too. */
  exceptId?: string;
}

/** At most this many are scored: those that share the most keys. */
const mostScored = 200;
/** Past this a key says nothing (a shared free-mail domain, a chain's name) and costs everything. */
const mostHits = 5_000;

export async function candidates(
  store: Store,
  { orgId, object, rules, candidate, exceptId }: CandidateQuery,
): Promise<MatchRecord[]> {
  const matchObject = findMatchObject(object);
  if (matchObject === undefined) return [];
  const keys = lookupKeys(matchObject, rules, candidate);
  if (keys.length === 0) return [];
  return store.read(async (tx) => {
    const { mirror, mirrorKeys } = tx.t;
    const hits = await tx.db
      .select({ recordId: mirrorKeys.recordId, key: mirrorKeys.key })
      .from(mirrorKeys)
      .where(and(eq(mirrorKeys.orgId, orgId), eq(mirrorKeys.object, object), inArray(mirrorKeys.key, keys)))
      .limit(mostHits);
    const rank = new Map(keys.map((key, i) => [key, keys.length - i]));
    const shared = new Map<string, number>();
    for (const { recordId, key } of hits)
      if (recordId !== exceptId) shared.set(recordId, (shared.get(recordId) ?? 0) + (rank.get(key) ?? 1));
    const best = [...shared].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, mostScored);
    if (best.length === 0) return [];
    const ids = best.map(([recordId]) => recordId);
    const rows = await tx.db
      .select()
      .from(mirror)
      .where(and(eq(mirror.orgId, orgId), inArray(mirror.recordId, ids)));
    return rows.map((row) => ({
      recordId: row.recordId,
      object: row.object,
      fields: row.fields,
      accountId: row.accountId,
    }));
  });
}
