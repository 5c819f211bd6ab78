/** One record by its URL: create, read, update, upsert, delete, with the conditional headers. */
import { deleteRow, fieldOf, insertRow, updateRow } from "../engine/dml.ts";
import { PlatformError } from "../engine/errors.ts";
import { normaliseId } from "../engine/ids.ts";
import type { Row, SObject, Value } from "../engine/schema.ts";
import { msOf } from "../engine/time.ts";
import type { Transaction } from "../engine/transaction.ts";
import { attributes } from "../soql/render.ts";
import type { RestAnswer, RestContext } from "./context.ts";
import { jsonObject, notFound, objectOf, readerOf, saveOptions, write } from "./context.ts";

const idOf = (object: SObject, given: string | undefined): string => {
  const id = normaliseId(given ?? "");
  if (id === undefined || !id.startsWith(object.keyPrefix))
    throw notFound(`Provided external ID field does not exist or is not accessible: ${given ?? ""}`);
  return id;
};

/** Body fields without `attributes`; an Id in the body of a single write is refused, as on the platform. */
function fieldsOf(body: unknown): Record<string, unknown> {
  const { attributes: _attributes, ...fields } = jsonObject(body);
  return fields;
}

const headerMs = (ctx: RestContext, name: string): number | undefined => {
  const ms = Date.parse(ctx.headers[name] ?? "");
  return Number.isNaN(ms) ? undefined : ms;
};

function checkUnmodified(ctx: RestContext, row: Row): void {
  const since = headerMs(ctx, "if-unmodified-since");
  if (since !== undefined && msOf(String(row.SystemModstamp)) > since)
    throw new PlatformError(
      "PRECONDITION_FAILED",
      "The resource has been modified since the date in If-Unmodified-Since.",
    );
}

function existing(ctx: RestContext, object: SObject, id: string): Row {
  const row = readerOf(ctx).get(object, id);
  if (!row) throw notFound();
  if (row.IsDeleted === true) throw new PlatformError("ENTITY_IS_DELETED", "entity is deleted");
  return row;
}

export function createRecord(ctx: RestContext): RestAnswer {
  const object = objectOf(ctx, ctx.params[0]);
  const fields = fieldsOf(ctx.body);
  const id =
    object.kind === "event"
      ? write(ctx, (tx) => publish(tx, object, fields))
      : write(ctx, (tx) => String(insertRow(tx, object, fields, saveOptions(ctx)).Id));
  return {
    status: 201,
    body: { id, success: true, errors: [] },
    headers: { Location: `/services/data/v${ctx.apiVersion}/sobjects/${object.name}/${id}` },
  };
}

/** Publishing an event by REST: sent after the transaction commits. */
export function publish(tx: Transaction, object: SObject, fields: Record<string, unknown>): string {
  for (const name of Object.keys(fields)) fieldOf(object, name);
  tx.events.push({ object, fields: fields as Record<string, Value> });
  return tx.org.ids.next(object.keyPrefix);
}

export function readRecord(ctx: RestContext): RestAnswer {
  const object = objectOf(ctx, ctx.params[0]);
  const id = idOf(object, ctx.params[1]);
  const row = existing(ctx, object, id);
  const asked = ctx.query.get("fields")?.split(",");
  const names = asked
    ? asked.map((n) => fieldOf(object, n.trim()).name)
    : [...object.fields.values()].map((f) => f.name);
  const modified = msOf(String(row.SystemModstamp));
  const since = headerMs(ctx, "if-modified-since");
  if (since !== undefined && modified <= since) return { status: 304 };
  checkUnmodified(ctx, row);
  return {
    status: 200,
    body: {
      attributes: attributes(ctx.apiVersion, object, id),
      ...Object.fromEntries([...new Set([...names, "Id"])].map((n) => [n, row[n] ?? null])),
    },
    headers: { "Last-Modified": new Date(modified).toUTCString() },
  };
}

export function updateRecord(ctx: RestContext): RestAnswer {
  const object = objectOf(ctx, ctx.params[0]);
  const id = idOf(object, ctx.params[1]);
  const fields = fieldsOf(ctx.body);
  checkUnmodified(ctx, existing(ctx, object, id));
  write(ctx, (tx) => updateRow(tx, object, id, fields, saveOptions(ctx)));
  return { status: 204 };
}

export function deleteRecord(ctx: RestContext): RestAnswer {
  const object = objectOf(ctx, ctx.params[0]);
  const id = idOf(object, ctx.params[1]);
  checkUnmodified(ctx, existing(ctx, object, id));
  write(ctx, (tx) => deleteRow(tx, object, id));
  return { status: 204 };
}

/** The live row whose external id is `value`, if there is one. */
export function byExternalId(tx: Transaction, object: SObject, name: string, value: string): Row | undefined {
  const field = object.fields.get(name.toLowerCase());
  if (!field?.externalId) throw notFound(`Provided external ID field does not exist or is not accessible: ${name}`);
  for (const row of tx.scan(object))
    if (row.IsDeleted !== true && String(row[field.name]).toLowerCase() === value.toLowerCase()) return row;
  return undefined;
}

export function upsertRecord(ctx: RestContext): RestAnswer {
  const object = objectOf(ctx, ctx.params[0]);
  const [, name = "", value = ""] = ctx.params;
  const fields = fieldsOf(ctx.body);
  const result = write(ctx, (tx) => {
    const found = byExternalId(tx, object, name, value);
    const row = found
      ? updateRow(tx, object, String(found.Id), fields, saveOptions(ctx))
      : insertRow(tx, object, { ...fields, [name]: value }, saveOptions(ctx));
    return { id: String(row.Id), created: !found };
  });
  return { status: result.created ? 201 : 200, body: { ...result, success: true, errors: [] } };
}
