/**
 * PostgreSQL: a pool at `read committed`. Every verb that reads and then writes begins with an UPDATE … RETURNING (or an
 * upsert) of the row that serialises it, so nothing is retried but a deadlock (40P01).
 */
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import { fileURLToPath } from "node:url";
import pg from "pg";
import * as postgresTables from "./postgres-tables.ts";
import { insideWrite, refuseNested, Wakes, type Db, type Store, type Tx } from "./store.ts";

const migrations = fileURLToPath(new URL("./migrations/postgres", import.meta.url));
const channel = "lantern_work";
/** Any number will do, as long as every instance uses the same: one instance migrates, the others wait. */
const migrationLock = 7_301_115;

export interface PostgresOptions {
  url: string;
  poolSize?: number;
  onError?: (error: Error) => void;
}

export async function openPostgres({ url, poolSize = 10, onError }: PostgresOptions): Promise<Store> {
  const pool = new pg.Pool({ connectionString: url, max: poolSize, application_name: "lantern" });
  pool.on("error", (error) => onError?.(error));
  try {
    await migrateOnce(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const store = new PostgresStore(pool, url, onError);
  await store.listen();
  return store;
}

async function migrateOnce(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [migrationLock]);
    await migrate(drizzle(client), { migrationsFolder: migrations });
  } finally {
    await client.query("SELECT pg_advisory_unlock($1)", [migrationLock]).catch(() => undefined);
    client.release();
  }
}

class PostgresStore implements Store {
  readonly dialect = "postgres";
  readonly #pool: pg.Pool;
  readonly #url: string;
  readonly #onError: ((error: Error) => void) | undefined;
  readonly #wakes = new Wakes();
  #listener: pg.Client | null = null;
  #notifying = false;
  #closed = false;

  constructor(pool: pg.Pool, url: string, onError: ((error: Error) => void) | undefined) {
    this.#pool = pool;
    this.#url = url;
    this.#onError = onError;
  }

  /** Hears the wakes of other instances; a lost connection costs latency only, the workers also look by themselves. */
  async listen(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url, application_name: "lantern listener" });
    client.on("notification", () => this.#wakes.fire());
    client.on("error", (error) => {
      this.#onError?.(error);
      this.#listener = null;
      if (!this.#closed) setTimeout(() => void this.listen().catch((e: Error) => this.#onError?.(e)), 1_000).unref();
    });
    await client.connect();
    await client.query(`LISTEN ${channel}`);
    this.#listener = client;
  }

  async read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return work({ db: drizzle(this.#pool), t: postgresTables, dialect: "postgres", wake: () => undefined });
  }

  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    refuseNested();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(work);
      } catch (error) {
        if (attempt >= 5 || codeOf(error) !== "40P01") throw error;
      }
    }
  }

  async #once<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let wanted = false;
    let broken: Error | undefined;
    try {
      const db = drizzle(client) as Db;
      await client.query("BEGIN");
      const value = await insideWrite.run(true, () =>
        work({ db, t: postgresTables, dialect: "postgres", wake: () => (wanted = true) }),
      );
      await client.query("COMMIT");
      if (wanted) this.#wake();
      return value;
    } catch (error) {
      // A connection that cannot roll back is not given to anybody else.
      await client.query("ROLLBACK").catch((e: Error) => (broken = e));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** Tells this process at once and the others by one NOTIFY for many commits: NOTIFY inside them would serialise all. */
  #wake(): void {
    this.#wakes.fire();
    if (this.#notifying || this.#closed) return;
    this.#notifying = true;
    setTimeout(() => {
      this.#notifying = false;
      if (this.#closed) return;
      drizzle(this.#pool)
        .execute(sql`SELECT pg_notify(${channel}, '')`)
        .catch((e: Error) => this.#onError?.(e));
    }, 20).unref();
  }

  onWake(listener: () => void): () => void {
    return this.#wakes.add(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#listener?.end().catch(() => undefined);
    await this.#pool.end();
  }
}

/** The SQLSTATE, which drizzle may have wrapped in a cause. */
export function codeOf(error: unknown): string | undefined {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    const code = (e as { code?: unknown }).code;
    if (typeof code === "string") return code;
  }
  return undefined;
}
