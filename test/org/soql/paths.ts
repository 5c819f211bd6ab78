/** Field paths of a query (`Owner.Name`, `User__r.IsActive`) resolved against the schema, and read from rows. */
import { PlatformError } from "../engine/errors.ts";
import type { Reader } from "../engine/rows.ts";
import type { Field, Row, Schema, SObject, Value } from "../engine/schema.ts";
import { field } from "../engine/schema.ts";

/** One lookup on the way: the field that holds the id, and where it may lead. */
export interface Hop {
  name: string;
  field: Field;
  targets: SObject[];
}
export interface ResolvedPath {
  hops: Hop[];
  /** The last name; `Type` at the end of a polymorphic path names the parent's object. */
  field: Field;
  typeOfParent: boolean;
}

/** What may be asked of an owner or activity parent that can be one of several objects. */
const polymorphic = new Set([
  "id",
  "name",
  "type",
  "firstname",
  "lastname",
  "email",
  "username",
  "alias",
  "isactive",
  "phone",
  "title",
]);

export function resolvePath(schema: Schema, object: SObject, path: readonly string[]): ResolvedPath {
  const hops: Hop[] = [];
  let at = [object];
  // `Lead.Name` in a query on Lead means Name.
  const names = path.length > 1 && path[0]?.toLowerCase() === object.name.toLowerCase() ? path.slice(1) : path;
  names.slice(0, -1).forEach((name) => {
    const hop = at
      .flatMap((o) => [...o.fields.values()])
      .find((f) => f.relationshipName?.toLowerCase() === name.toLowerCase());
    if (!hop)
      throw new PlatformError(
        "INVALID_FIELD",
        `Didn't understand relationship '${name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
      );
    at = hop.referenceTo.map((target) => schema.get(target));
    hops.push({ name: hop.relationshipName ?? name, field: hop, targets: at });
  });
  const last = names.at(-1) ?? "";
  if (at.length > 1 && last.toLowerCase() === "type")
    return { hops, field: field("Type", "string"), typeOfParent: true };
  const found = at.map((o) => o.fields.get(last.toLowerCase())).find((f) => f !== undefined);
  if (!found || (at.length > 1 && !polymorphic.has(last.toLowerCase())))
    throw new PlatformError(
      "INVALID_FIELD",
      `No such column '${last}' on entity '${at.length > 1 ? "Name" : (at[0]?.name ?? "")}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
    );
  return { hops, field: found, typeOfParent: false };
}

/** The parent a lookup leads to, deleted or not. */
export function follow(schema: Schema, reader: Reader, row: Row, hop: Hop): { object: SObject; row: Row } | undefined {
  const id = row[hop.field.name];
  if (typeof id !== "string") return undefined;
  const object = schema.ofId(id);
  const parent = object && reader.get(object, id);
  return object && parent ? { object, row: parent } : undefined;
}

export function valueAt(schema: Schema, reader: Reader, path: ResolvedPath): (row: Row) => Value {
  const { hops, field: last, typeOfParent } = path;
  if (hops.length === 0) return (row) => row[last.name] ?? null;
  return (row) => {
    let at = row;
    let object: SObject | undefined;
    for (const hop of hops) {
      const parent = follow(schema, reader, at, hop);
      if (!parent) return null;
      at = parent.row;
      object = parent.object;
    }
    return typeOfParent ? (object?.name ?? null) : (at[last.name] ?? null);
  };
}
