/**
 * Stands for the package's Apex triggers: which changes are announced, and what is published about them.
 * Nothing is when the acting user holds Lantern_Bypass or the master switch is off for them.
 */
import type { Row } from "./engine/schema.ts";
import type { Change, ChangeKind, Transaction } from "./engine/transaction.ts";

/** What is watched in an org that has no Lantern_Watch__c rows at all. */
const watchedByDefault: Record<string, string> = {
  Lead: "FirstName LastName Company Title Email Phone MobilePhone Website Street City State PostalCode Country LeadSource Industry",
  Contact:
    "FirstName LastName Title Email Phone MobilePhone AccountId MailingStreet MailingCity MailingState MailingPostalCode MailingCountry",
  Account:
    "Name Phone Website Industry NumberOfEmployees BillingStreet BillingCity BillingState BillingPostalCode BillingCountry",
  Opportunity: "Name StageName Amount AccountId",
};
const defaults = new Map(Object.entries(watchedByDefault).map(([object, fields]) => [object, fields.split(" ")]));

/** Ids that fit into Record_Ids__c with their commas. */
const idsPerEvent = 6500;

const live = function* (tx: Transaction, object: string): Iterable<Row> {
  for (const row of tx.scan(tx.org.schema.get(object))) if (row.IsDeleted !== true) yield row;
};

function watched(tx: Transaction): Map<string, string[]> {
  const rows = [...live(tx, "Lantern_Watch__c")];
  if (rows.length === 0) return defaults;
  return new Map(
    rows
      .filter((row) => row.Active__c === true)
      .map((row) => [
        String(row.Object__c),
        String(row.Fields__c ?? "")
          .split(",")
          .map((f) => f.trim()),
      ]),
  );
}

/** The user's own settings row, else the org's; without any, on. */
function enabled(tx: Transaction): boolean {
  const rows = [...live(tx, "Lantern_Settings__c")];
  const row = rows.find((r) => r.SetupOwnerId === tx.userId) ?? rows.find((r) => r.SetupOwnerId === tx.org.id);
  return row?.Enabled__c !== false;
}

function matters(change: Change, fields: readonly string[]): boolean {
  if (change.kind !== "after_update") return true;
  return fields.some((f) => (change.before?.[f] ?? null) !== (change.after[f] ?? null));
}

/** One announcement per object and kind of change. */
export interface Announcement {
  object: string;
  change: ChangeKind;
  ids: string[];
}

export function announcements(tx: Transaction): Announcement[] {
  if (tx.changes.length === 0 || tx.org.holds(tx.userId, "Lantern_Bypass") || !enabled(tx)) return [];
  const watch = watched(tx);
  const groups = new Map<string, Announcement & { seen: Set<string> }>();
  for (const change of tx.changes) {
    const fields = watch.get(change.object.name);
    if (!fields || !matters(change, fields)) continue;
    const key = `${change.object.name} ${change.kind}`;
    const group = groups.get(key) ?? {
      object: change.object.name,
      change: change.kind,
      ids: [],
      seen: new Set<string>(),
    };
    if (!group.seen.has(change.id)) group.ids.push(change.id);
    group.seen.add(change.id);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ object, change, ids }) => ({ object, change, ids }));
}

/** Runs at the end of a transaction; what it publishes leaves only when the transaction commits. */
export function packageTrigger(tx: Transaction): void {
  const event = tx.org.schema.get("Lantern_Change__e");
  for (const { object, change, ids } of announcements(tx))
    for (let at = 0; at < ids.length; at += idsPerEvent)
      tx.events.push({
        object: event,
        fields: { Object__c: object, Change__c: change, Record_Ids__c: ids.slice(at, at + idsPerEvent).join(",") },
      });
}
