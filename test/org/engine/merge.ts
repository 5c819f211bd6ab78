/** Merge: one master, one or two losers of the same object, within one transaction. */
import { deleteRow, liveRow, updateRow } from "./dml.ts";
import { PlatformError } from "./errors.ts";
import { normaliseId } from "./ids.ts";
import { childrenOf, move } from "./reparent.ts";
import type { SObject } from "./schema.ts";
import type { Transaction } from "./transaction.ts";

export interface MergeRequest {
  object: SObject;
  masterId: string;
  /** Set on the master; a loser's values are never taken over by themselves. */
  fields: Record<string, unknown>;
  loserIds: string[];
}
export interface Merged {
  id: string;
  mergedRecordIds: string[];
  updatedRelatedIds: string[];
}

export function merge(
  tx: Transaction,
  given: MergeRequest,
  options: { allowDuplicates: boolean; truncate: boolean },
): Merged {
  const { object } = given;
  if (!object.mergeable)
    throw new PlatformError("INVALID_TYPE_FOR_OPERATION", `entity type ${object.name} does not support merge`);
  if (given.loserIds.length < 1 || given.loserIds.length > 2)
    throw new PlatformError(
      "INVALID_NUM_ARGS",
      `recordToMergeIds takes one or two ids: found ${given.loserIds.length}`,
    );
  const idIn = (id: string): string => {
    const full = normaliseId(id);
    if (full === undefined || !full.startsWith(object.keyPrefix))
      throw new PlatformError(
        "MALFORMED_ID",
        `id value of incorrect type: ${id}. Only records of ${object.name} can be merged with each other.`,
      );
    return full;
  };
  const masterId = idIn(given.masterId);
  const losers = [...new Set(given.loserIds.map(idIn))];
  if (losers.includes(masterId)) throw new PlatformError("MERGE_FAILED", "A record cannot be merged into itself.");
  for (const id of [masterId, ...losers])
    if (liveRow(tx, object, id).IsConverted === true)
      throw new PlatformError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead");

  const related = losers.flatMap((loser) => reparent(tx, object, loser, masterId));
  for (const loser of losers) deleteRow(tx, object, loser, { system: { MasterRecordId: masterId } });
  updateRow(tx, object, masterId, given.fields, { ...options, effect: "merge" });
  return { id: masterId, mergedRecordIds: losers, updatedRelatedIds: [...new Set(related)] };
}

/** Every lookup to the loser now leads to the master; a second membership of one campaign is dropped. */
function reparent(tx: Transaction, object: SObject, loser: string, masterId: string): string[] {
  const moved: string[] = [];
  for (const childObject of tx.org.schema.all()) {
    if (childObject.kind === "event" || !childObject.writable) continue;
    for (const field of childObject.fields.values()) {
      if (field.type !== "reference" || !field.createable || !field.referenceTo.includes(object.name)) continue;
      for (const row of childrenOf(tx, childObject, field.name, loser)) {
        const id = String(row.Id);
        const twice =
          childObject.name === "CampaignMember" &&
          childrenOf(tx, childObject, field.name, masterId).some((other) => other.CampaignId === row.CampaignId);
        if (twice) deleteRow(tx, childObject, id, { silent: true });
        // A parent merged into its own child must not become its own parent.
        else move(tx, childObject, row, { [field.name]: id === masterId ? null : masterId });
        moved.push(id);
      }
    }
  }
  return moved;
}
