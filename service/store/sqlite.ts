/**
 * SQLite: one serial writer and one read-only connection. better-sqlite3 refuses async transaction callbacks and a bare
 * shared connection would roll one request's writes back with another's, so the store itself runs BEGIN/COMMIT around
 * each promise, one after another. Writes that wait together share one commit (a savepoint each): the fsync is what a
 * durable write costs, and it is paid once for all of them.
 */
import Database from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { migrate } from "drizzle-orm/better-sqlite3/migrator";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { LanternError } from "../errors.ts";
import * as sqliteTables from "./sqlite-tables.ts";
import { insideWrite, refuseNested, Wakes, type Db, type Store, type Tx } from "./store.ts";

const migrations = fileURLToPath(new URL("./migrations/sqlite", import.meta.url));
const groupSize = 64;

interface Pending {
  run: (tx: Tx) => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

export interface SqliteOptions {
  path: string;
  /** The service itself: holds the file for this process alone and stops a second one. */
  exclusive?: boolean;
}

export async function openSqlite({ path, exclusive = false }: SqliteOptions): Promise<Store> {
  mkdirSync(dirname(path), { recursive: true });
  const lock = exclusive ? holdAlone(path) : null;
  const writer = new Database(path);
  writer.pragma("busy_timeout = 10000");
  writer.pragma("journal_mode = WAL");
  // What is acknowledged must survive a power cut, not only a kill.
  writer.pragma("synchronous = FULL");
  const drizzled = drizzle(writer);
  migrate(drizzled, { migrationsFolder: migrations });
  if (exclusive) {
    // Nobody else can be working on this file: what a dead process had claimed is free at once.
    writer.exec(
      "UPDATE jobs SET lease_until = 0 WHERE state = 'running'; UPDATE leases SET until = 0; UPDATE idempotency SET lease_until = 0 WHERE state = 'running'",
    );
  }
  const reader = new Database(path, { readonly: true });
  reader.pragma("busy_timeout = 10000");
  return new SqliteStore(writer, reader, lock);
}

/** An exclusive transaction on a file of its own; the operating system lets go of it when the process ends. */
function holdAlone(path: string): Database.Database {
  const lock = new Database(`${path}.lock`, { timeout: 0 });
  try {
    lock.pragma("locking_mode = EXCLUSIVE");
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock.close();
    throw new LanternError(
      `Another process serves ${path} already. SQLite means one process; stop the other one, or use PostgreSQL (DATABASE_URL=postgres://…) for many instances.`,
      { code: "store_in_use", cause },
    );
  }
}

class SqliteStore implements Store {
  readonly dialect = "sqlite";
  readonly #writer: Database.Database;
  readonly #reader: Database.Database;
  readonly #lock: Database.Database | null;
  readonly #writeTx: Tx;
  readonly #readTx: Tx;
  readonly #wakes = new Wakes();
  #pending: Pending[] = [];
  #draining: Promise<void> | null = null;
  #wakeAsked = false;
  #closed = false;

  constructor(writer: Database.Database, reader: Database.Database, lock: Database.Database | null) {
    this.#writer = writer;
    this.#reader = reader;
    this.#lock = lock;
    const wake = () => {
      this.#wakeAsked = true;
    };
    this.#writeTx = tx(writer, wake);
    this.#readTx = tx(reader, wake);
  }

  read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return work(this.#readTx);
  }

  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    refuseNested();
    if (this.#closed) throw new LanternError("The store is closed.", { code: "store_closed" });
    return new Promise<T>((resolve, reject) => {
      this.#pending.push({ run: work, resolve: resolve as (value: unknown) => void, reject });
      this.#draining ??= this.#drain().finally(() => (this.#draining = null));
    });
  }

  async #drain(): Promise<void> {
    // A turn of the microtask queue lets requests that arrive together be gathered.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const settled: (() => void)[] = [];
      let begun = false;
      try {
        this.#writer.exec("BEGIN IMMEDIATE");
        begun = true;
        for (let n = 0; n < groupSize && this.#pending.length > 0; n++) {
          const next = this.#pending.shift();
          if (next) settled.push(await this.#runOne(next));
        }
        this.#writer.exec("COMMIT");
        for (const settle of settled) settle();
      } catch (error) {
        if (begun && this.#writer.inTransaction) this.#writer.exec("ROLLBACK");
        // BEGIN or COMMIT failed: nothing of this group is durable, and everybody in it must know.
        if (!begun) settled.push(...this.#pending.splice(0, 1).map((p) => () => p.reject(error)));
        for (const settle of settled) failWith(settle, error);
      }
      if (this.#wakeAsked) {
        this.#wakeAsked = false;
        this.#wakes.fire();
      }
    }
  }

  async #runOne(pending: Pending): Promise<Settle> {
    this.#writer.exec("SAVEPOINT one");
    try {
      const value = await insideWrite.run(true, () => pending.run(this.#writeTx));
      this.#writer.exec("RELEASE one");
      return Object.assign(() => pending.resolve(value), { reject: pending.reject });
    } catch (error) {
      this.#writer.exec("ROLLBACK TO one; RELEASE one");
      return Object.assign(() => pending.reject(error), { reject: pending.reject });
    }
  }

  onWake(listener: () => void): () => void {
    return this.#wakes.add(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    this.#reader.close();
    this.#writer.close();
    this.#lock?.close();
  }
}

type Settle = (() => void) & { reject?: (error: unknown) => void };
const failWith = (settle: Settle, error: unknown) => (settle.reject ? settle.reject(error) : settle());

function tx(connection: Database.Database, wake: () => void): Tx {
  // The one cast to Postgres' builder type: see columns.ts.
  const db = drizzle(connection) as unknown as Db;
  return { db, t: sqliteTables, dialect: "sqlite", wake };
}
