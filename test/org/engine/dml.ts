/** Create, update, delete and undelete one record within a transaction, under every rule that applies to a save. */
import { coerce } from "./coerce.ts";
import { PlatformError } from "./errors.ts";
import { checkDuplicates, checkRowFault, checkValidation, mirrored, mirrorsOf } from "./rules.ts";
import type { Field, Row, SObject, Value } from "./schema.ts";
import type { ChangeKind, EffectKind, Transaction } from "./transaction.ts";
import { difference } from "./transaction.ts";

export interface SaveOptions {
  /** Run the active assignment rule. */
  assign?: boolean;
  /** Save in spite of an alerting duplicate rule. */
  allowDuplicates?: boolean;
  truncate?: boolean;
  /** Fields no caller may set, set by the platform itself (conversion, merge, seeding). */
  system?: Record<string, Value>;
  /** Saved without firing triggers, as re-parented and cascaded rows are. */
  silent?: boolean;
  /** Saved without asking required fields, validation and duplicate rules. */
  unchecked?: boolean;
  /** What the ledger calls it, when it is more than an update. */
  effect?: EffectKind;
}

export function fieldOf(object: SObject, name: string): Field {
  const field = object.fields.get(name.toLowerCase());
  if (field) return field;
  throw new PlatformError("INVALID_FIELD", `No such column '${name}' on sobject of type ${object.name}`);
}

/** The record as it lies there, or why it cannot be touched. */
export function liveRow(tx: Transaction, object: SObject, id: string): Row {
  const row = tx.get(object, id);
  if (!row) throw new PlatformError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", { status: 404 });
  if (row.IsDeleted === true) throw new PlatformError("ENTITY_IS_DELETED", "entity is deleted");
  return row;
}

function read(
  tx: Transaction,
  object: SObject,
  input: Record<string, unknown>,
  create: boolean,
  truncate: boolean,
): Record<string, Value> {
  const values: Record<string, Value> = {};
  const refused: string[] = [];
  for (const [name, given] of Object.entries(input)) {
    const field = fieldOf(object, name);
    if (create ? !field.createable : !field.updateable) refused.push(field.name);
    else values[field.name] = coerce(tx.org.schema, field, given, truncate);
  }
  if (refused.length > 0)
    throw new PlatformError(
      "INVALID_FIELD_FOR_INSERT_UPDATE",
      `Unable to create/update fields: ${refused.join(", ")}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
      { fields: refused },
    );
  return values;
}

function checkReferences(tx: Transaction, object: SObject, row: Row, before: Row | undefined): void {
  for (const field of object.fields.values()) {
    const id = row[field.name];
    if (field.type !== "reference" || typeof id !== "string" || id === before?.[field.name]) continue;
    const target = tx.org.schema.ofId(id);
    const found = target && tx.get(target, id);
    if (!target || !found)
      throw new PlatformError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", { fields: [field.name] });
    if (found.IsDeleted === true)
      throw new PlatformError("ENTITY_IS_DELETED", "entity is deleted", { fields: [field.name] });
    if (field.name !== "OwnerId") continue;
    if (target.name === "User" && found.IsActive !== true)
      throw new PlatformError(
        "INACTIVE_OWNER_OR_USER",
        `operation performed with inactive user [${id}] as owner of ${object.label.toLowerCase()}`,
      );
    if (target.name === "Group" && !queueServes(tx, id, object.name))
      throw new PlatformError("INVALID_OPERATION", "Queue not associated with this SObject type", {
        fields: ["OwnerId"],
      });
  }
}
function queueServes(tx: Transaction, queueId: string, object: string): boolean {
  for (const row of tx.related(tx.org.schema.get("QueueSobject"), "QueueId", queueId))
    if (row.SobjectType === object) return true;
  return false;
}

function checkRequired(object: SObject, row: Row): void {
  const missing = [...object.fields.values()].filter((f) => f.required && row[f.name] === null).map((f) => f.name);
  if (missing.length > 0)
    throw new PlatformError("REQUIRED_FIELD_MISSING", `Required fields are missing: [${missing.join(", ")}]`, {
      fields: missing,
    });
}

function checkUnique(tx: Transaction, object: SObject, row: Row, before: Row | undefined): void {
  for (const field of object.fields.values()) {
    const value = row[field.name];
    if (!field.unique || value == null || value === before?.[field.name]) continue;
    for (const other of tx.scan(object))
      if (
        other.Id !== row.Id &&
        other.IsDeleted !== true &&
        String(other[field.name]).toLowerCase() === String(value).toLowerCase()
      )
        throw new PlatformError(
          "DUPLICATE_VALUE",
          `duplicate value found: ${field.name} duplicates value on record with id: ${String(other.Id)}`,
        );
  }
}

/** Values the platform works out by itself. */
function derived(object: SObject, row: Record<string, Value>): void {
  if (object.fields.has("lastname")) row.Name = [row.FirstName, row.LastName].filter((part) => part != null).join(" ");
  if (object.name === "Task") row.IsClosed = row.Status === "Completed";
  if (object.name === "Opportunity") {
    row.IsClosed = String(row.StageName).startsWith("Closed");
    row.IsWon = row.StageName === "Closed Won";
  }
}

function save(
  tx: Transaction,
  object: SObject,
  row: Record<string, Value>,
  before: Row | undefined,
  options: SaveOptions,
): Row {
  if (options.silent !== true) {
    checkRowFault(tx.org.rules, object, String(row.Id));
    for (const mirror of mirrorsOf(tx.org.rules, object, row, before))
      if (mirror.laterAs === undefined) row[mirror.to] = mirrored(object, mirror, row);
  }
  derived(object, row);
  if (options.silent !== true && options.unchecked !== true) {
    checkRequired(object, row);
    checkReferences(tx, object, row, before);
    checkUnique(tx, object, row, before);
    checkValidation(tx.org.rules, object, row, before);
    checkDuplicates(tx.org.schema, tx.org.rules, tx, object, row, before, options.allowDuplicates ?? false);
  }
  const owner = row.OwnerId ?? null;
  const ruled = options.assign === true ? tx.org.rules.assignment.get(object.name) : undefined;
  if (ruled !== undefined && "OwnerId" in row) row.OwnerId = ruled;
  Object.assign(row, { LastModifiedDate: tx.stamp, LastModifiedById: tx.userId, SystemModstamp: tx.stamp });
  tx.put(object, row);
  const kind = options.effect ?? (before ? "update" : "insert");
  const id = String(row.Id);
  const changes = difference(before, row);
  tx.effects.push({ kind, object: object.name, id, changes });
  const previous = before ? (before.OwnerId ?? null) : owner;
  const now = row.OwnerId ?? null;
  if (previous !== now)
    tx.effects.push({ kind: "owner", object: object.name, id, changes: { OwnerId: [previous, now] } });
  if (options.silent !== true)
    tx.changes.push({ kind: before ? "after_update" : "after_insert", object, id, before, after: row });
  return row;
}

/** Creates a record and answers with it. */
export function insertRow(
  tx: Transaction,
  object: SObject,
  input: Record<string, unknown>,
  options: SaveOptions = {},
): Row {
  if (!object.writable && options.system === undefined)
    throw new PlatformError("INVALID_TYPE_FOR_OPERATION", `entity type ${object.name} does not support create`);
  const given = read(tx, object, input, true, options.truncate ?? false);
  const row: Record<string, Value> = {};
  for (const field of object.fields.values()) row[field.name] = field.default;
  // A custom setting without an owner of its own is the org's default.
  if (object.kind === "setting") row.SetupOwnerId = tx.org.id;
  if (row.OwnerId === null) row.OwnerId = tx.userId;
  Object.assign(row, given, options.system);
  row.OwnerId ??= tx.userId;
  if (!object.fields.has("ownerid")) delete row.OwnerId;
  row.Id = tx.org.ids.next(object.keyPrefix);
  const format = object.fields.get("name")?.autoNumber;
  if (format) {
    const number = (tx.org.autoNumbers.get(object.name) ?? 0) + 1;
    tx.org.autoNumbers.set(object.name, number);
    row.Name = format.replace(/\{(0+)\}/, (_all, zeros: string) => String(number).padStart(zeros.length, "0"));
  } else if (object.kind === "custom" || object.kind === "setting") row.Name ??= row.Id;
  Object.assign(row, { CreatedDate: tx.stamp, CreatedById: tx.userId, IsDeleted: false });
  return save(tx, object, row, undefined, options);
}

/** Changes the given fields of a record and answers with its new version. */
export function updateRow(
  tx: Transaction,
  object: SObject,
  id: string,
  input: Record<string, unknown>,
  options: SaveOptions = {},
): Row {
  const before = liveRow(tx, object, id);
  if (!object.writable && options.system === undefined)
    throw new PlatformError("INVALID_TYPE_FOR_OPERATION", `entity type ${object.name} does not support update`);
  if (before.IsConverted === true && options.silent !== true)
    throw new PlatformError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead");
  const given = read(tx, object, input, false, options.truncate ?? false);
  return save(tx, object, { ...before, ...given, ...options.system }, before, options);
}

function mark(
  tx: Transaction,
  object: SObject,
  before: Row,
  system: Record<string, Value>,
  kind: ChangeKind,
  silent: boolean,
): void {
  const row = {
    ...before,
    ...system,
    LastModifiedDate: tx.stamp,
    LastModifiedById: tx.userId,
    SystemModstamp: tx.stamp,
  };
  const id = String(before.Id);
  tx.put(object, row);
  tx.effects.push({
    kind: kind === "after_delete" ? "delete" : "undelete",
    object: object.name,
    id,
    changes: difference(before, row),
  });
  if (!silent) tx.changes.push({ kind, object, id, before, after: row });
}

/** Puts a record and what belongs to it into the recycle bin; lookups to it are emptied. */
export function deleteRow(tx: Transaction, object: SObject, id: string, options: SaveOptions = {}): void {
  const before = liveRow(tx, object, id);
  if (!object.writable)
    throw new PlatformError("INVALID_TYPE_FOR_OPERATION", `entity type ${object.name} does not support delete`);
  mark(tx, object, before, { IsDeleted: true, ...options.system }, "after_delete", options.silent ?? false);
  const gone: { object: string; id: string }[] = [];
  for (const child of tx.org.schema.children(object)) {
    const childObject = tx.org.schema.get(child.object);
    const field = fieldOf(childObject, child.field);
    for (const row of tx.related(childObject, child.field, id)) {
      if (row.IsDeleted === true) continue;
      if (field.cascade) {
        gone.push({ object: child.object, id: String(row.Id) });
        deleteRow(tx, childObject, String(row.Id), { silent: true });
      } else if (field.custom) updateRow(tx, childObject, String(row.Id), { [child.field]: null }, { silent: true });
    }
  }
  tx.org.cascaded.set(id, gone);
}

/** Takes a record and what went with it out of the recycle bin; only the record itself fires triggers. */
export function undeleteRow(tx: Transaction, object: SObject, id: string, silent = false): void {
  const before = tx.get(object, id);
  if (before?.IsDeleted !== true)
    throw new PlatformError("UNDELETE_FAILED", "Entity is not in the recycle bin", { status: 400 });
  mark(tx, object, before, { IsDeleted: false }, "after_undelete", silent);
  for (const child of tx.org.cascaded.get(id) ?? []) undeleteRow(tx, tx.org.schema.get(child.object), child.id, true);
  tx.org.cascaded.delete(id);
}
