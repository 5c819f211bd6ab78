/**
 * The store: `read` and `write`, nothing else. `work` may run twice (a deadlock on Postgres), does no other I/O, and
 * uses only the `tx` it is given. A `write` inside a `write` throws: it would wait for itself.
 */
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { AsyncLocalStorage } from "node:async_hooks";
import type { Tables } from "./tables.ts";

export type Db = NodePgDatabase<Record<string, never>>;

export interface Tx {
  /** Drizzle's query builder on this transaction. */
  readonly db: Db;
  /** The tables in this store's dialect. */
  readonly t: Tables;
  readonly dialect: "sqlite" | "postgres";
  /** Wakes the workers once this transaction has committed. */
  wake(): void;
}

export interface Store {
  readonly dialect: "sqlite" | "postgres";
  /** Reads what is committed. Several statements of one `work` may see different moments. */
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** All of `work`'s changes, durable when the promise resolves, or none. */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Calls `listener` when a transaction that wanted work has committed, here or on another instance. */
  onWake(listener: () => void): () => void;
  close(): Promise<void>;
}

/** Knows whether the code that runs is inside a `write`. */
export const insideWrite = new AsyncLocalStorage<true>();

export function refuseNested(): void {
  if (insideWrite.getStore())
    throw new Error(
      "store.write inside store.write: use the transaction that is already open, it would wait for itself",
    );
}

/** Listeners for wakes, shared by both stores. */
export class Wakes {
  readonly #listeners = new Set<() => void>();
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  fire(): void {
    for (const listener of this.#listeners) listener();
  }
}
