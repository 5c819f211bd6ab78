/** Reads what the package declares (source format under force-app) into the schema: what it declares is what the org has. */
import { readFileSync, readdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { XMLParser } from "fast-xml-parser";
import { field, fieldMap, systemFields } from "./schema.ts";
import type { Field, FieldType, PicklistValue, Schema, SObject, Value } from "./schema.ts";

type Xml = { [name: string]: Xml[] | string | undefined };

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  // Every element but a leaf's text is a list, so that one and many read alike.
  isArray: (_name, _path, isLeaf) => !isLeaf,
});

function readXml(file: string, root: string): Xml {
  const parsed = parser.parse(readFileSync(file, "utf8")) as Record<string, Xml[] | undefined>;
  const element = parsed[root]?.[0];
  if (!element) throw new Error(`${file} holds no <${root}>.`);
  return element;
}
const text = (xml: Xml, name: string): string | undefined => (typeof xml[name] === "string" ? xml[name] : undefined);
const nested = (xml: Xml, name: string): Xml[] => (Array.isArray(xml[name]) ? xml[name] : []);
const is = (xml: Xml, name: string): boolean => text(xml, name) === "true";

const types: Record<string, FieldType> = {
  Text: "string",
  TextArea: "textarea",
  LongTextArea: "textarea",
  Email: "email",
  Phone: "phone",
  Url: "url",
  Picklist: "picklist",
  Checkbox: "boolean",
  Number: "double",
  Currency: "currency",
  Percent: "percent",
  Date: "date",
  DateTime: "datetime",
  Lookup: "reference",
  MasterDetail: "reference",
};

function readField(file: string): Field {
  const xml = readXml(file, "CustomField");
  const name = text(xml, "fullName") ?? "";
  const declared = text(xml, "type") ?? "";
  const type = types[declared];
  if (!type) throw new Error(`${file}: field type ${declared} is not known to the stand-in org.`);
  const picklist = nested(xml, "valueSet")
    .flatMap((set) => nested(set, "valueSetDefinition"))
    .flatMap((definition) => nested(definition, "value"))
    .map((v): PicklistValue => {
      const value = text(v, "fullName") ?? "";
      return { value, label: text(v, "label") ?? value, isDefault: is(v, "default") };
    });
  const given = text(xml, "defaultValue");
  let initial: Value = picklist.find((v) => v.isDefault)?.value ?? null;
  if (type === "boolean") initial = given === "true";
  else if (given !== undefined) initial = type === "double" ? Number(given) : given.replace(/^'(.*)'$/, "$1");
  const masterDetail = declared === "MasterDetail";
  const childName = text(xml, "relationshipName");
  return field(name, type, {
    label: text(xml, "label") ?? name,
    ...(text(xml, "length") === undefined ? {} : { length: Number(text(xml, "length")) }),
    ...(text(xml, "precision") === undefined ? {} : { precision: Number(text(xml, "precision")) }),
    scale: Number(text(xml, "scale") ?? 0),
    required: is(xml, "required") || masterDetail,
    updateable: !masterDetail,
    unique: is(xml, "unique"),
    externalId: is(xml, "externalId"),
    default: initial,
    picklist,
    restricted: nested(xml, "valueSet").some((set) => is(set, "restricted")),
    referenceTo: text(xml, "referenceTo") === undefined ? [] : [text(xml, "referenceTo") ?? ""],
    relationshipName: type === "reference" ? name.replace(/__c$/, "__r") : null,
    childRelationship: childName === undefined ? null : `${childName}__r`,
    cascade: masterDetail,
  });
}

function nameField(xml: Xml): Field {
  const given = nested(xml, "nameField")[0] ?? {};
  const auto = text(given, "type") === "AutoNumber";
  return field("Name", "string", {
    label: text(given, "label") ?? "Name",
    length: 80,
    autoNumber: auto ? (text(given, "displayFormat") ?? "{0}") : null,
    ...(auto ? { createable: false, updateable: false } : {}),
  });
}

function readObject(file: string, name: string, keyPrefix: string, detail: boolean): SObject {
  const xml = readXml(file, "CustomObject");
  const event = name.endsWith("__e");
  const setting = text(xml, "customSettingsType") !== undefined;
  const label = text(xml, "label") ?? name;
  const own = event
    ? [
        field("ReplayId", "string", { createable: false, updateable: false }),
        field("EventUuid", "string", { createable: false, updateable: false }),
      ]
    : setting
      ? [
          field("Name", "string", { length: 80 }),
          field("SetupOwnerId", "reference", { referenceTo: ["Organization", "User"], relationshipName: "SetupOwner" }),
        ]
      : [nameField(xml)];
  // A detail record has no owner of its own: its master's counts.
  return {
    name,
    label,
    labelPlural: text(xml, "pluralLabel") ?? `${label}s`,
    keyPrefix,
    kind: event ? "event" : setting ? "setting" : "custom",
    writable: true,
    mergeable: false,
    fields: fieldMap([...systemFields(event || setting || detail ? [] : ["User", "Group"]), ...own]),
  };
}

/** Adds the package's objects and fields to the schema. */
export function addPackage(schema: Schema, packageDir: string): void {
  const root = join(packageDir, "objects");
  let objects = 0;
  let events = 0;
  const prefix = (name: string) =>
    name.endsWith("__e") ? `e0${(events++).toString(36)}` : `a0${(objects++).toString(36).toUpperCase()}`;
  for (const name of readdirSync(root).sort()) {
    const folder = join(root, name, "fields");
    const fields = existsSync(folder)
      ? readdirSync(folder)
          .sort()
          .map((file) => readField(join(folder, file)))
      : [];
    const definition = join(root, name, `${name}.object-meta.xml`);
    if (existsSync(definition))
      schema.add(
        readObject(
          definition,
          name,
          prefix(name),
          fields.some((f) => f.cascade),
        ),
      );
    const object = schema.get(name);
    for (const f of fields) object.fields.set(f.name.toLowerCase(), f);
  }
}

/** Custom permissions that a permission set of the package grants. */
export function grantedPermissions(packageDir: string, permissionSet: string): string[] {
  const file = join(packageDir, "permissionsets", `${permissionSet}.permissionset-meta.xml`);
  if (!existsSync(file)) return [];
  return nested(readXml(file, "PermissionSet"), "customPermissions")
    .filter((p) => is(p, "enabled"))
    .map((p) => text(p, "name") ?? "");
}
