/** What the org says about its objects, its versions and its limits. */
import type { Field, SObject } from "../engine/schema.ts";
import { isText } from "../engine/schema.ts";
import type { RestAnswer, RestContext } from "./context.ts";
import { objectOf } from "./context.ts";

function describeField(field: Field): Record<string, unknown> {
  const long = field.type === "textarea" && field.length > 255;
  return {
    name: field.name,
    label: field.label,
    type: field.type,
    soapType: isText(field.type)
      ? "xsd:string"
      : field.type === "reference" || field.type === "id"
        ? "tns:ID"
        : `xsd:${field.type}`,
    length: field.length,
    byteLength: field.length * 3,
    precision: field.type === "double" || field.type === "currency" ? field.precision : 0,
    scale: field.scale,
    custom: field.custom,
    createable: field.createable,
    updateable: field.updateable,
    nillable: !field.required && field.type !== "boolean" && field.type !== "id",
    defaultedOnCreate: field.default !== null || field.name === "OwnerId",
    defaultValue: field.default,
    unique: field.unique,
    externalId: field.externalId,
    idLookup: field.type === "id" || field.externalId,
    caseSensitive: false,
    calculated: false,
    autoNumber: field.autoNumber !== null,
    filterable: !long,
    sortable: !long,
    groupable: !long && field.type !== "datetime",
    nameField: field.name === "Name",
    namePointing: field.referenceTo.length > 1,
    polymorphicForeignKey: field.referenceTo.length > 1,
    referenceTo: field.referenceTo,
    relationshipName: field.relationshipName,
    cascadeDelete: field.cascade,
    restrictedPicklist: field.restricted,
    picklistValues: field.picklist.map((p) => ({
      active: true,
      defaultValue: p.isDefault,
      label: p.label,
      validFor: null,
      value: p.value,
    })),
  };
}

function summary(ctx: RestContext, object: SObject): Record<string, unknown> {
  const url = `/services/data/v${ctx.apiVersion}/sobjects/${object.name}`;
  const event = object.kind === "event";
  return {
    name: object.name,
    label: object.label,
    labelPlural: object.labelPlural,
    keyPrefix: object.keyPrefix,
    custom: object.kind !== "standard",
    customSetting: object.kind === "setting",
    createable: object.writable,
    updateable: object.writable && !event,
    deletable: object.writable && !event,
    undeletable: object.writable && !event,
    queryable: !event,
    retrieveable: !event,
    replicateable: !event,
    mergeable: object.mergeable,
    triggerable: object.writable,
    urls: { sobject: url, describe: `${url}/describe`, rowTemplate: `${url}/{ID}` },
  };
}

export function describeObject(ctx: RestContext): RestAnswer {
  const object = objectOf(ctx, ctx.params[0]);
  return {
    status: 200,
    body: {
      ...summary(ctx, object),
      fields: [...object.fields.values()].map(describeField),
      childRelationships: ctx.org.schema.children(object).map((c) => ({
        childSObject: c.object,
        field: c.field,
        relationshipName: c.name,
        cascadeDelete: false,
        deprecatedAndHidden: false,
      })),
      recordTypeInfos: [],
    },
  };
}

export const describeGlobal = (ctx: RestContext): RestAnswer => ({
  status: 200,
  body: { encoding: "UTF-8", maxBatchSize: 200, sobjects: ctx.org.schema.all().map((o) => summary(ctx, o)) },
});

export const objectInfo = (ctx: RestContext): RestAnswer => ({
  status: 200,
  body: { objectDescribe: summary(ctx, objectOf(ctx, ctx.params[0])), recentItems: [] },
});

export function resources(ctx: RestContext): RestAnswer {
  const at = (name: string) => `/services/data/v${ctx.apiVersion}/${name}`;
  return {
    status: 200,
    body: Object.fromEntries(
      ["sobjects", "query", "queryAll", "composite", "limits", "jobs"].map((name) => [name, at(name)]),
    ),
  };
}

export function limits(ctx: RestContext): RestAnswer {
  const allowed = Object.entries(ctx.allowances());
  return {
    status: 200,
    body: Object.fromEntries(
      allowed.map(([name, { max, used }]) => [name, { Max: max, Remaining: Math.max(0, max - used) }]),
    ),
  };
}
