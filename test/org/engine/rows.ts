/** Committed rows of one object: by id, by SystemModstamp, and by each lookup field. */
import type { Row, SObject } from "./schema.ts";

/** What a query or a rule may read: the committed rows, or those with an open transaction's own on top. */
export interface Reader {
  /** Deleted rows too. */
  get(object: SObject, id: string): Row | undefined;
  scan(object: SObject): Iterable<Row>;
  /** Rows with SystemModstamp at or after `stamp`, in its order when committed only. */
  since(object: SObject, stamp: string): Iterable<Row>;
  /** Rows whose lookup `field` holds `id`. */
  related(object: SObject, field: string, id: string): Iterable<Row>;
}

const stampIn = (row: Row): string => String(row.SystemModstamp);

class Table {
  readonly rows = new Map<string, Row>();
  readonly #lookups = new Map<string, Map<string, Set<string>>>();
  /** One entry a write; entries whose row has moved on are passed over, and dropped when they pile up. */
  #stamps: { stamp: string; id: string }[] = [];
  #sorted = true;

  constructor(object: SObject) {
    for (const field of object.fields.values())
      if (field.type === "reference" && field.createable && field.name !== "OwnerId")
        this.#lookups.set(field.name, new Map());
  }

  put(row: Row): void {
    const id = String(row.Id);
    const before = this.rows.get(id);
    this.rows.set(id, row);
    for (const [field, byTarget] of this.#lookups) {
      const old = before?.[field] ?? null;
      const now = row[field] ?? null;
      if (old === now) continue;
      if (old !== null) byTarget.get(String(old))?.delete(id);
      if (now === null) continue;
      const ids = byTarget.get(String(now));
      if (ids) ids.add(id);
      else byTarget.set(String(now), new Set([id]));
    }
    const stamp = stampIn(row);
    if (before && stampIn(before) === stamp) return;
    if (this.#stamps.length > 2 * this.rows.size + 1000) this.#compact();
    const last = this.#stamps.at(-1);
    if (last && last.stamp > stamp) this.#sorted = false;
    this.#stamps.push({ stamp, id });
  }

  remove(id: string): void {
    this.rows.delete(id);
    for (const byTarget of this.#lookups.values()) for (const ids of byTarget.values()) ids.delete(id);
  }

  #compact(): void {
    this.#stamps = this.#stamps.filter(({ stamp, id }) => this.rows.get(id)?.SystemModstamp === stamp);
  }

  *since(stamp: string): Iterable<Row> {
    if (!this.#sorted) {
      this.#stamps.sort((a, b) => (a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : 0));
      this.#sorted = true;
    }
    let low = 0;
    let high = this.#stamps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#stamps[middle]?.stamp ?? "") < stamp) low = middle + 1;
      else high = middle;
    }
    const seen = new Set<string>();
    for (let i = low; i < this.#stamps.length; i++) {
      const entry = this.#stamps[i];
      const row = entry && this.rows.get(entry.id);
      if (!entry || !row || row.SystemModstamp !== entry.stamp || seen.has(entry.id)) continue;
      seen.add(entry.id);
      yield row;
    }
  }

  *related(field: string, id: string): Iterable<Row> {
    const byTarget = this.#lookups.get(field);
    if (!byTarget) {
      for (const row of this.rows.values()) if (row[field] === id) yield row;
      return;
    }
    for (const child of [...(byTarget.get(id) ?? [])]) {
      const row = this.rows.get(child);
      if (row) yield row;
    }
  }
}

export class Rows implements Reader {
  readonly #tables = new Map<string, Table>();
  #table(object: SObject): Table {
    let table = this.#tables.get(object.name);
    if (!table) this.#tables.set(object.name, (table = new Table(object)));
    return table;
  }
  get(object: SObject, id: string): Row | undefined {
    return this.#table(object).rows.get(id);
  }
  scan(object: SObject): Iterable<Row> {
    return this.#table(object).rows.values();
  }
  since(object: SObject, stamp: string): Iterable<Row> {
    return this.#table(object).since(stamp);
  }
  related(object: SObject, field: string, id: string): Iterable<Row> {
    return this.#table(object).related(field, id);
  }
  put(object: SObject, row: Row): void {
    this.#table(object).put(row);
  }
  /** Gone for good, as from an emptied recycle bin. */
  remove(object: SObject, id: string): void {
    this.#table(object).remove(id);
  }
}
