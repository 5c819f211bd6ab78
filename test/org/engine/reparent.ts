/** Moves what hangs on one record to another, as conversion and merge do: no rules, no triggers, a new SystemModstamp. */
import type { Row, SObject, Value } from "./schema.ts";
import { updateRow } from "./dml.ts";
import type { Transaction } from "./transaction.ts";

export function move(tx: Transaction, object: SObject, row: Row, values: Record<string, Value>): void {
  updateRow(tx, object, String(row.Id), {}, { silent: true, system: values });
}

/** Live rows of `object` whose lookup `field` holds `id`. */
export function childrenOf(tx: Transaction, object: SObject, field: string, id: string): Row[] {
  return [...tx.related(object, field, id)].filter((row) => row.IsDeleted !== true);
}
