/** `query?columns=true`: what a query's columns are, without running it. The Salesforce CLI lays out its table by it. */
import type { Schema, SObject } from "../engine/schema.ts";
import type { ParsedQuery, Selected } from "./parse.ts";
import { parseSoql } from "./parse.ts";
import { resolvePath } from "./paths.ts";

interface Column {
  aggregate: boolean;
  apexType: string;
  booleanType: boolean;
  columnName: string;
  custom: boolean;
  displayName: string;
  foreignKeyName: string | null;
  insertable: boolean;
  joinColumns: Column[];
  numberType: boolean;
  textType: boolean;
  updatable: boolean;
}

const column = (columnName: string, more: Partial<Column> = {}): Column => ({
  aggregate: false,
  apexType: "Text",
  booleanType: false,
  columnName,
  custom: columnName.endsWith("__c"),
  displayName: columnName,
  foreignKeyName: null,
  insertable: false,
  joinColumns: [],
  numberType: false,
  textType: true,
  updatable: false,
  ...more,
});

export function columnsOf(schema: Schema, soql: string): Record<string, unknown> {
  const query = parseSoql(soql);
  const object = schema.get(query.object);
  return {
    columnMetadata: listed(schema, object, query),
    entityName: object.name,
    groupBy: query.groupBy.length > 0,
    idSelected: query.select.some((s) => s.kind === "field" && s.path.join(".").toLowerCase() === "id"),
    keyPrefix: object.keyPrefix,
  };
}

function listed(schema: Schema, object: SObject, query: ParsedQuery): Column[] {
  let unnamed = 0;
  const columns: Column[] = [];
  for (const item of query.select) {
    const made = one(schema, object, item, () => `expr${unnamed++}`);
    // Fields of one parent share a column.
    const shared = columns.find((c) => c.columnName === made.columnName && c.joinColumns.length > 0 && !c.aggregate);
    if (shared) shared.joinColumns.push(...made.joinColumns);
    else columns.push(made);
  }
  return columns;
}

function one(schema: Schema, object: SObject, item: Selected, unnamed: () => string): Column {
  if (item.kind === "aggregate") {
    const name = item.alias ?? unnamed();
    return column(name, {
      aggregate: true,
      displayName: item.alias ?? `${item.fn}(${item.path?.join(".") ?? ""})`,
      numberType: true,
      textType: false,
    });
  }
  if (item.kind === "children") {
    const child = schema.children(object).find((c) => c.name.toLowerCase() === item.relationship.toLowerCase());
    const joinColumns = child ? listed(schema, schema.get(child.object), item.query) : [];
    return column(child?.name ?? item.relationship, { aggregate: true, joinColumns });
  }
  const { hops, field } = resolvePath(schema, object, item.path);
  const own = column(field.name, {
    booleanType: field.type === "boolean",
    numberType: ["int", "double", "currency", "percent"].includes(field.type),
    insertable: field.createable,
    updatable: field.updateable,
  });
  return hops.reduceRight<Column>(
    (inner, hop) => column(hop.name, { foreignKeyName: hop.field.name, joinColumns: [inner] }),
    own,
  );
}
