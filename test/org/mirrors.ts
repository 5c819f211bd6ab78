/** A customer's asynchronous flow: after the commit, in a transaction of its own, it copies a field into another. */
import { updateRow } from "./engine/dml.ts";
import { PlatformError } from "./engine/errors.ts";
import { mirrored, mirrorsOf } from "./engine/rules.ts";
import type { Transaction } from "./engine/transaction.ts";

export function runLaterMirrors(tx: Transaction): void {
  for (const change of tx.changes) {
    const { object, before, id } = change;
    if (change.kind !== "after_insert" && change.kind !== "after_update") continue;
    for (const mirror of mirrorsOf(tx.org.rules, object, change.after, before)) {
      const row = tx.org.rows.get(object, id);
      if (mirror.laterAs === undefined || !row || row.IsDeleted === true || row.IsConverted === true) continue;
      const value = mirrored(object, mirror, row);
      if ((row[mirror.to] ?? null) === value) continue;
      try {
        tx.org.transact(mirror.laterAs, (later) =>
          updateRow(later, object, id, {}, { system: { [mirror.to]: value } }),
        );
      } catch (error) {
        // A flow that fails tells its admin, never the caller whose save set it off.
        if (!(error instanceof PlatformError)) throw error;
      }
    }
  }
}
