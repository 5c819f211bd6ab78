/** Finds who a presented key belongs to, without telling by its time what was wrong with it. */
import { and, eq, isNull, lt, or } from "drizzle-orm";
import { timingSafeEqual } from "node:crypto";
import type { Base } from "../context.ts";
import type { Authenticate, Caller } from "../http/index.ts";
import { hashSecret, parseKey, type KeyParts } from "./format.ts";
import type { KeyRow } from "./key-info.ts";

/** Shorter than the 5 seconds within which a revocation counts everywhere. */
const cachedMs = 4_000;
const cachedKeys = 10_000;
/** The last use is noted once a minute a key: it is for people, and not worth a write a request. */
const notedMs = 60_000;
/** Compared with where no key was found, so that both ways take the same time. */
const nobody = hashSecret("nobody");

interface Known {
  row: KeyRow;
  /** The org is a production org. */
  production: boolean;
  readAt: number;
}

export interface FindKey {
  findKey: Authenticate;
  /** Forgets a cached key at once. */
  forget(id: string): void;
}

export function keyFinder({ store, clock, log }: Pick<Base, "store" | "clock" | "log">): FindKey {
  const cache = new Map<string, Known>();

  async function load(parts: KeyParts): Promise<Known | undefined> {
    const now = clock.now();
    const cached = cache.get(parts.id);
    if (cached && now - cached.readAt < cachedMs && now >= cached.readAt) return cached;
    const known = await store.read(async (tx) => {
      const { apiKeys, orgs } = tx.t;
      const [found] = await tx.db
        .select({ row: apiKeys, sandbox: orgs.sandbox })
        .from(apiKeys)
        .leftJoin(orgs, and(eq(orgs.id, apiKeys.orgId), eq(orgs.tenantId, apiKeys.tenantId)))
        .where(eq(apiKeys.id, parts.id));
      return found && { row: found.row, production: found.sandbox === false, readAt: now };
    });
    cache.delete(parts.id);
    if (known) {
      if (cache.size >= cachedKeys) cache.delete(cache.keys().next().value ?? "");
      cache.set(parts.id, known);
    }
    return known;
  }

  async function noteUse(row: KeyRow): Promise<void> {
    const now = clock.now();
    if (row.lastUsedAt !== null && now - row.lastUsedAt < notedMs) return;
    row.lastUsedAt = now;
    try {
      await store.write(async (tx) => {
        const { apiKeys } = tx.t;
        await tx.db
          .update(apiKeys)
          .set({ lastUsedAt: now })
          .where(and(eq(apiKeys.id, row.id), or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, now))));
      });
    } catch (err) {
      log.warn({ err, key: row.id }, "could not note that a key was used");
    }
  }

  return {
    async findKey(presented) {
      const parts = parseKey(presented);
      if (!parts) return null;
      const known = await load(parts);
      const proven = timingSafeEqual(
        Buffer.from(hashSecret(parts.secret), "hex"),
        Buffer.from(known?.row.secretHash ?? nobody, "hex"),
      );
      if (!known || !proven || known.row.mode !== parts.mode) return null;
      const { row } = known;
      if (row.revokedAt !== null || (row.expiresAt !== null && row.expiresAt <= clock.now())) return null;
      await noteUse(row);
      return toCaller(known);
    },
    forget: (id) => void cache.delete(id),
  };
}

const toCaller = ({ row, production }: Known): Caller => ({
  tenant: row.tenantId,
  orgId: row.orgId,
  keyId: row.id,
  mode: row.mode,
  scopes: row.scopes,
  limits: row.limits,
  production,
});
