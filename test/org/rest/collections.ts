/** Up to 200 rows in one call: HTTP 200 with one result a row, or nothing of it when allOrNone fails. */
import { deleteRow, fieldOf, insertRow, updateRow } from "../engine/dml.ts";
import { PlatformError, rowError } from "../engine/errors.ts";
import { normaliseId } from "../engine/ids.ts";
import type { SObject } from "../engine/schema.ts";
import type { Transaction } from "../engine/transaction.ts";
import { attributes } from "../soql/render.ts";
import type { RestAnswer, RestContext } from "./context.ts";
import { jsonObject, objectOf, readerOf, saveOptions } from "./context.ts";
import { byExternalId, publish } from "./sobjects.ts";

interface RowAnswer {
  id?: string;
  success: boolean;
  created?: boolean;
  errors: { statusCode: string; message: string; fields: string[] }[];
}

const rolledBack = {
  statusCode: "ALL_OR_NONE_OPERATION_ROLLED_BACK",
  message: "Record rolled back because not all records were valid and the request was using AllOrNone header",
  fields: [],
};

/** Each row on its own; with allOrNone one bad row takes the others with it. */
function each<T>(
  ctx: RestContext,
  allOrNone: boolean,
  items: T[],
  work: (tx: Transaction, item: T) => Omit<RowAnswer, "success" | "errors">,
): RestAnswer {
  const tx = ctx.tx ?? ctx.org.begin(ctx.userId);
  const before = tx.savepoint();
  const answers = items.map((item): RowAnswer => {
    try {
      return { ...tx.attempt(() => work(tx, item)), success: true, errors: [] };
    } catch (error) {
      if (error instanceof PlatformError) return { success: false, errors: [rowError(error)] };
      tx.rollback();
      throw error;
    }
  });
  const failed = allOrNone && answers.some((a) => !a.success);
  if (failed) {
    tx.rollbackTo(before);
    for (const answer of answers) if (answer.success) Object.assign(answer, { success: false, errors: [rolledBack] });
  }
  if (!ctx.tx) tx.commit();
  return { status: 200, body: answers };
}

function recordsOf(ctx: RestContext): {
  allOrNone: boolean;
  records: { object: SObject; fields: Record<string, unknown> }[];
} {
  const body = jsonObject(ctx.body);
  if (!Array.isArray(body.records))
    throw new PlatformError("JSON_PARSER_ERROR", "The request must hold a list named records.");
  checkCount(body.records.length);
  let chunks = 0;
  let last: string | undefined;
  const records = body.records.map((given: unknown) => {
    const { attributes: about, ...fields } = jsonObject(given);
    const type = (about as Record<string, unknown> | undefined)?.type;
    if (typeof type !== "string") throw new PlatformError("INVALID_TYPE", "Each record needs attributes with a type.");
    if (type !== last) chunks++;
    last = type;
    return { object: ctx.org.schema.get(type), fields };
  });
  if (chunks > 10)
    throw new PlatformError(
      "LIMIT_EXCEEDED",
      `Cannot have more than 10 chunks in a single operation: found ${chunks}. Rearrange the records by type.`,
    );
  return { allOrNone: body.allOrNone === true, records };
}

function checkCount(count: number, limit = 200): void {
  if (count > limit)
    throw new PlatformError(
      "EXCEEDED_ID_LIMIT",
      `record limit reached. cannot exceed ${limit} records per request: found ${count}`,
    );
}

export function createRecords(ctx: RestContext): RestAnswer {
  const { allOrNone, records } = recordsOf(ctx);
  return each(ctx, allOrNone, records, (tx, { object, fields }) => ({
    id:
      object.kind === "event"
        ? publish(tx, object, fields)
        : String(insertRow(tx, object, fields, saveOptions(ctx)).Id),
  }));
}

function splitId(object: SObject, fields: Record<string, unknown>): { id: string; rest: Record<string, unknown> } {
  const key = Object.keys(fields).find((name) => name.toLowerCase() === "id");
  const { [key ?? "id"]: given, ...rest } = fields;
  const text = typeof given === "string" ? given : JSON.stringify(given);
  if (given === undefined) throw new PlatformError("MISSING_ARGUMENT", "Id not specified in an update call");
  const id = normaliseId(text);
  if (id === undefined || !id.startsWith(object.keyPrefix))
    throw new PlatformError("MALFORMED_ID", `Record ID: id value of incorrect type: ${text}`, {
      fields: ["Id"],
    });
  return { id, rest };
}

export function updateRecords(ctx: RestContext): RestAnswer {
  const { allOrNone, records } = recordsOf(ctx);
  return each(ctx, allOrNone, records, (tx, { object, fields }) => {
    const { id, rest } = splitId(object, fields);
    updateRow(tx, object, id, rest, saveOptions(ctx));
    return { id };
  });
}

export function upsertRecords(ctx: RestContext): RestAnswer {
  const target = objectOf(ctx, ctx.params[0]);
  const name = ctx.params[1] ?? "";
  const { allOrNone, records } = recordsOf(ctx);
  return each(ctx, allOrNone, records, (tx, { object, fields }) => {
    if (object !== target) throw new PlatformError("INVALID_TYPE", `All records must be of type ${target.name}.`);
    const key = fieldOf(object, name).name;
    const given = Object.entries(fields).find(([n]) => n.toLowerCase() === key.toLowerCase());
    if (given === undefined) throw new PlatformError("MISSING_ARGUMENT", `${key} not specified`);
    const found = byExternalId(tx, object, key, String(given[1]));
    const { [given[0]]: _key, ...rest } = fields;
    const row = found
      ? updateRow(tx, object, String(found.Id), rest, saveOptions(ctx))
      : insertRow(tx, object, fields, saveOptions(ctx));
    return { id: String(row.Id), created: !found };
  });
}

export function deleteRecords(ctx: RestContext): RestAnswer {
  const ids = (ctx.query.get("ids") ?? "").split(",").filter((id) => id !== "");
  checkCount(ids.length);
  return each(ctx, ctx.query.get("allOrNone") === "true", ids, (tx, given) => {
    const id = normaliseId(given);
    const object = id === undefined ? undefined : ctx.org.schema.ofId(id);
    if (id === undefined || !object) throw new PlatformError("MALFORMED_ID", `malformed id ${given}`);
    deleteRow(tx, object, id);
    return { id };
  });
}

/** Rows by id, in order; null where there is none. */
export function retrieveRecords(ctx: RestContext): RestAnswer {
  const object = objectOf(ctx, ctx.params[0]);
  const listed = (name: string): string[] => {
    const given = ctx.method === "GET" ? ctx.query.get(name)?.split(",") : jsonObject(ctx.body)[name];
    if (!Array.isArray(given))
      throw new PlatformError("JSON_PARSER_ERROR", `The request must hold a list named ${name}.`);
    return given.map(String);
  };
  const ids = listed("ids");
  checkCount(ids.length, 2000);
  const names = [...new Set([...listed("fields").map((n) => fieldOf(object, n).name), "Id"])];
  const reader = readerOf(ctx);
  const rows = ids.map((given) => {
    const id = normaliseId(given);
    if (id === undefined) throw new PlatformError("MALFORMED_ID", `malformed id ${given}`);
    const row = reader.get(object, id);
    if (!row || row.IsDeleted === true) return null;
    return {
      attributes: attributes(ctx.apiVersion, object, id),
      ...Object.fromEntries(names.map((n) => [n, row[n] ?? null])),
    };
  });
  return { status: 200, body: rows };
}
