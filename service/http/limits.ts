/**
 * How many requests a key may send, by class of endpoint. In memory where one process serves (SQLite), in PostgreSQL
 * where many do: on connections of its own, never on a writer inside somebody's transaction. The limiters read the
 * system's clock; a limit is not part of any record.
 */
import {
  BurstyRateLimiter,
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRes,
  type RateLimiterAbstract,
} from "rate-limiter-flexible";

/** Requests a minute. `burst` on top, once in ten minutes. */
const classes = {
  enrich: { perMinute: 50 },
  match: { perMinute: 50 },
  convert: { perMinute: 50 },
  routing: { perMinute: 50 },
  triggers: { perMinute: 600 },
  agents: { perMinute: 1 },
  credits: { perMinute: 10 },
  log_export: { perMinute: 10 },
  log_export_large: { perMinute: 2 },
  log_statistics: { perMinute: 20 },
  forms: { perMinute: 600, burst: 200 },
  workflows: { perMinute: 600, burst: 200 },
  /** Settings, keys, lists and status: what people and dashboards read. */
  general: { perMinute: 60 },
} as const;

export type LimitClass = keyof typeof classes;
export const limitClasses = Object.keys(classes) as [LimitClass, ...LimitClass[]];
const burstSeconds = 600;

export interface LimitState {
  allowed: boolean;
  limit: number;
  remaining: number;
  /** Until the count begins anew. */
  resetMs: number;
}

export interface RateLimits {
  /** Counts one request of this key. `own` replaces the documented number for this key. */
  take(limitClass: LimitClass, keyId: string, own?: number): Promise<LimitState>;
}

type Make = (prefix: string, points: number, seconds: number) => RateLimiterAbstract;

export const memoryLimits = (): RateLimits =>
  limitsOf((keyPrefix, points, duration) => new RateLimiterMemory({ keyPrefix, points, duration }));

/** A pool or client of `pg`, as far as the limiter needs it. */
export interface LimitsClient {
  query(statement: string): Promise<unknown>;
}

const tableName = "rate_limits";

/** Makes its table when it is not there yet. */
export async function postgresLimits(client: LimitsClient): Promise<RateLimits> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${tableName} (key varchar(255) PRIMARY KEY, points integer NOT NULL DEFAULT 0, expire bigint)`,
  );
  return limitsOf(
    (keyPrefix, points, duration) =>
      new RateLimiterPostgres({
        storeClient: client,
        storeType: "pool",
        tableName,
        tableCreated: true,
        keyPrefix,
        points,
        duration,
      }),
  );
}

function limitsOf(make: Make): RateLimits {
  // A limiter for every number in use: the count belongs to the class and key, whatever number it is held against.
  const limiters = new Map<string, RateLimiterAbstract | BurstyRateLimiter>();
  const limiterOf = (limitClass: LimitClass, points: number) => {
    const name = `${limitClass} ${points}`;
    const known = limiters.get(name);
    if (known) return known;
    const facts: { perMinute: number; burst?: number } = classes[limitClass];
    const steady = make(limitClass, points, 60);
    const limiter = facts.burst
      ? new BurstyRateLimiter(steady, make(`${limitClass}_burst`, facts.burst, burstSeconds))
      : steady;
    limiters.set(name, limiter);
    return limiter;
  };
  return {
    async take(limitClass, keyId, own) {
      const limit = own ?? classes[limitClass].perMinute;
      try {
        return stateOf(true, limit, await limiterOf(limitClass, limit).consume(keyId));
      } catch (refused) {
        if (refused instanceof RateLimiterRes) return stateOf(false, limit, refused);
        throw refused;
      }
    },
  };
}

const stateOf = (allowed: boolean, limit: number, seen: RateLimiterRes | null): LimitState => ({
  allowed,
  limit,
  remaining: allowed ? Math.max(0, seen?.remainingPoints ?? 0) : 0,
  resetMs: Math.max(0, seen?.msBeforeNext ?? 0),
});

/** Slows down whoever tries keys: counts refused keys by address. In memory: each instance guards its own door. */
export interface KeyGuard {
  /** ms to wait, 0 when the address may go on. */
  waitMs(address: string): Promise<number>;
  refused(address: string): Promise<void>;
}

export function keyGuard(refusedPerMinute = 30): KeyGuard {
  const limiter = new RateLimiterMemory({ keyPrefix: "guard", points: refusedPerMinute, duration: 60 });
  return {
    async waitMs(address) {
      const seen = await limiter.get(address);
      return seen && seen.consumedPoints >= refusedPerMinute ? seen.msBeforeNext : 0;
    },
    async refused(address) {
      await limiter.penalty(address);
    },
  };
}
