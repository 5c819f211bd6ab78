/** What the org knows about its objects: standard ones from standard-objects.ts, the package's from its metadata. */
import { PlatformError } from "./errors.ts";

export type Value = string | number | boolean | null;
/** One version of a record; never changed in place. */
export type Row = Readonly<Record<string, Value>>;

export type FieldType =
  | "id"
  | "string"
  | "textarea"
  | "email"
  | "phone"
  | "url"
  | "picklist"
  | "boolean"
  | "int"
  | "double"
  | "currency"
  | "percent"
  | "date"
  | "datetime"
  | "reference";

export interface PicklistValue {
  value: string;
  label: string;
  isDefault: boolean;
}

export interface Field {
  name: string;
  label: string;
  type: FieldType;
  /** Characters, for texts and ids; 0 otherwise. */
  length: number;
  precision: number;
  scale: number;
  custom: boolean;
  createable: boolean;
  updateable: boolean;
  required: boolean;
  unique: boolean;
  externalId: boolean;
  default: Value;
  picklist: PicklistValue[];
  restricted: boolean;
  referenceTo: string[];
  /** The name under which the parent is reached: `Owner`, `Pool__r`. */
  relationshipName: string | null;
  /** The name under which the parent reaches its children: `Members__r`. */
  childRelationship: string | null;
  /** Children go with their parent when it is deleted. */
  cascade: boolean;
  /** Display format of an auto-number name. */
  autoNumber: string | null;
}

export interface SObject {
  name: string;
  label: string;
  labelPlural: string;
  keyPrefix: string;
  kind: "standard" | "custom" | "setting" | "event";
  /** Whether the API may create, update and delete rows. */
  writable: boolean;
  mergeable: boolean;
  /** By name in lower case. */
  fields: Map<string, Field>;
}

export interface ChildRelationship {
  name: string;
  object: string;
  field: string;
}

export class Schema {
  readonly #objects = new Map<string, SObject>();
  readonly #prefixes = new Map<string, SObject>();
  add(object: SObject): void {
    this.#objects.set(object.name.toLowerCase(), object);
    this.#prefixes.set(object.keyPrefix, object);
  }
  find(name: string): SObject | undefined {
    return this.#objects.get(name.toLowerCase());
  }
  /** The object, or the platform's INVALID_TYPE. */
  get(name: string): SObject {
    const object = this.find(name);
    if (object) return object;
    throw new PlatformError(
      "INVALID_TYPE",
      `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
    );
  }
  ofId(id: string): SObject | undefined {
    return this.#prefixes.get(id.slice(0, 3));
  }
  all(): SObject[] {
    return [...this.#objects.values()];
  }
  children(parent: SObject): ChildRelationship[] {
    return this.all().flatMap((object) =>
      [...object.fields.values()]
        .filter((f) => f.childRelationship !== null && f.referenceTo.includes(parent.name))
        .map((f) => ({ name: f.childRelationship ?? "", object: object.name, field: f.name })),
    );
  }
}

export const isText = (type: FieldType): boolean =>
  type === "string" ||
  type === "textarea" ||
  type === "email" ||
  type === "phone" ||
  type === "url" ||
  type === "picklist";

/** A field with everything at its usual value. */
export function field(name: string, type: FieldType, facts: Partial<Field> = {}): Field {
  const lengths: Partial<Record<FieldType, number>> = {
    id: 18,
    reference: 18,
    string: 255,
    textarea: 255,
    email: 80,
    phone: 40,
    url: 255,
    picklist: 255,
  };
  return {
    name,
    label: name
      .replace(/__c$/, "")
      .replace(/_/g, " ")
      .replace(/([a-z])([A-Z])/g, "$1 $2"),
    type,
    length: lengths[type] ?? 0,
    precision: 18,
    scale: type === "currency" ? 2 : 0,
    custom: name.endsWith("__c"),
    createable: true,
    updateable: true,
    required: false,
    unique: false,
    externalId: false,
    default: type === "boolean" ? false : null,
    picklist: [],
    restricted: false,
    referenceTo: [],
    relationshipName: null,
    childRelationship: null,
    cascade: false,
    autoNumber: null,
    ...facts,
  };
}

const system = { createable: false, updateable: false };

/** The fields every object has. */
export function systemFields(owned: string[]): Field[] {
  const user = (name: string, relationshipName: string) =>
    field(name, "reference", { ...system, referenceTo: ["User"], relationshipName });
  return [
    field("Id", "id", { ...system, label: "Record ID" }),
    field("IsDeleted", "boolean", { ...system, label: "Deleted" }),
    field("CreatedDate", "datetime", system),
    user("CreatedById", "CreatedBy"),
    field("LastModifiedDate", "datetime", system),
    user("LastModifiedById", "LastModifiedBy"),
    field("SystemModstamp", "datetime", system),
    ...(owned.length > 0
      ? [field("OwnerId", "reference", { label: "Owner ID", referenceTo: owned, relationshipName: "Owner" })]
      : []),
  ];
}

export const fieldMap = (fields: Field[]): Map<string, Field> => new Map(fields.map((f) => [f.name.toLowerCase(), f]));
