/**
 * One transaction: its writes lie over the committed rows until commit, so that it can be rolled back, in part or
 * whole, and so that a commit may come later than the SystemModstamp its rows carry.
 */
import { PlatformError } from "./errors.ts";
import { LockBusy } from "./locks.ts";
import type { Reader } from "./rows.ts";
import type { Row, SObject, Value } from "./schema.ts";
import { stampOf } from "./time.ts";
import type { Org } from "./org.ts";

export type ChangeKind = "after_insert" | "after_update" | "after_delete" | "after_undelete";

/** What triggers see. */
export interface Change {
  kind: ChangeKind;
  object: SObject;
  id: string;
  before: Row | undefined;
  after: Row;
}

export type EffectKind = "insert" | "update" | "delete" | "undelete" | "convert" | "merge" | "owner";

/** An entry of the ledger, before it has its number and time. */
export interface Effect {
  kind: EffectKind;
  object: string;
  id: string;
  changes: Record<string, [Value, Value]>;
}

export interface PendingEvent {
  object: SObject;
  fields: Record<string, Value>;
}

interface Savepoint {
  rows: Map<string, Map<string, Row>>;
  changes: number;
  effects: number;
  events: number;
}

export class Transaction implements Reader {
  readonly org: Org;
  readonly userId: string;
  /** SystemModstamp of everything it writes. */
  readonly stamp: string;
  readonly changes: Change[] = [];
  readonly effects: Effect[] = [];
  readonly events: PendingEvent[] = [];
  #rows = new Map<string, Map<string, Row>>();
  #open = true;

  constructor(org: Org, userId: string) {
    this.org = org;
    this.userId = userId;
    this.stamp = stampOf(org.clock.now());
  }

  #own(object: SObject): ReadonlyMap<string, Row> {
    return this.#rows.get(object.name) ?? new Map<string, Row>();
  }
  get(object: SObject, id: string): Row | undefined {
    return this.#own(object).get(id) ?? this.org.rows.get(object, id);
  }
  *#over(object: SObject, committed: Iterable<Row>, keep: (row: Row) => boolean): Iterable<Row> {
    const own = this.#own(object);
    for (const row of committed) if (!own.has(String(row.Id))) yield row;
    for (const row of [...own.values()]) if (keep(row)) yield row;
  }
  scan(object: SObject): Iterable<Row> {
    return this.#over(object, this.org.rows.scan(object), () => true);
  }
  since(object: SObject, stamp: string): Iterable<Row> {
    return this.#over(object, this.org.rows.since(object, stamp), (row) => String(row.SystemModstamp) >= stamp);
  }
  related(object: SObject, field: string, id: string): Iterable<Row> {
    return this.#over(object, this.org.rows.related(object, field, id), (row) => row[field] === id);
  }

  /** Writes one version of a row and holds its lock until the end. */
  put(object: SObject, row: Row): void {
    const id = String(row.Id);
    this.lock(id);
    // A child's write locks its parent too: mostly it is the account that calls contend for.
    for (const field of object.fields.values()) {
      const parent = field.cascade ? row[field.name] : null;
      if (typeof parent === "string") this.lock(parent);
    }
    const rows = this.#rows.get(object.name);
    if (rows) rows.set(id, row);
    else this.#rows.set(object.name, new Map([[id, row]]));
  }

  /** Held until the end; while another transaction has it, the call waits for it or is refused. */
  lock(id: string): void {
    const { locks } = this.org;
    if (locks.take(id, this)) return;
    if (locks.patient) throw new LockBusy(id);
    throw new PlatformError(
      "UNABLE_TO_LOCK_ROW",
      `unable to obtain exclusive access to this record or 1 records: ${id}`,
    );
  }

  savepoint(): Savepoint {
    return {
      rows: new Map([...this.#rows].map(([name, rows]) => [name, new Map(rows)])),
      changes: this.changes.length,
      effects: this.effects.length,
      events: this.events.length,
    };
  }
  rollbackTo(point: Savepoint): void {
    this.#rows = point.rows;
    this.changes.length = point.changes;
    this.effects.length = point.effects;
    this.events.length = point.events;
  }
  /** Runs `work`; when it throws, nothing of it stays and the error goes on. */
  attempt<T>(work: () => T): T {
    const point = this.savepoint();
    try {
      return work();
    } catch (error) {
      this.rollbackTo(point);
      throw error;
    }
  }

  rollback(): void {
    this.#open = false;
    this.org.open.delete(this);
    this.org.locks.free(this);
  }

  /** Makes everything visible at once, then lets the outside know: ledger, events, webhook. */
  commit(): void {
    if (!this.#open) throw new Error("This transaction is closed.");
    this.org.beforeCommit(this);
    for (const [name, rows] of this.#rows) {
      const object = this.org.schema.get(name);
      for (const row of rows.values()) this.org.rows.put(object, row);
    }
    this.rollback();
    this.org.afterCommit(this);
  }
}

/** Fields that differ, without those that move on every write. */
export function difference(before: Row | undefined, after: Row): Record<string, [Value, Value]> {
  const changes: Record<string, [Value, Value]> = {};
  for (const [name, value] of Object.entries(after)) {
    const old = before?.[name] ?? null;
    if (old !== value && !bookkeeping.has(name)) changes[name] = [old, value];
  }
  return changes;
}
const bookkeeping = new Set([
  "Id",
  "SystemModstamp",
  "LastModifiedDate",
  "LastModifiedById",
  "CreatedDate",
  "CreatedById",
]);
