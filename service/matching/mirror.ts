/** The local copy of the fields that matching needs, with the keys it is found by. Rows in, rows out; no rules here. */
import { and, eq, inArray, sql } from "drizzle-orm";
import type { MirrorFields } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import { blockKeys } from "./block.ts";
import { findMatchObject } from "./fields.ts";
import { mirrorFields } from "./mirror-fields.ts";

/** A row as Salesforce answers it; parents are nested. */
export type SourceRow = { [field: string]: unknown };

/** The row's match fields as text, for the mirror and as a match candidate. */
export function matchFieldsOf(object: string, row: SourceRow): MirrorFields {
  const fields: MirrorFields = {};
  for (const path of mirrorFields[object] ?? []) {
    const value = row[path] ?? walk(row, path);
    fields[path] =
      value === null || value === undefined || value === ""
        ? null
        : typeof value === "string"
          ? value
          : JSON.stringify(value);
  }
  return fields;
}

const isRow = (value: unknown): value is SourceRow =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `Account.Name` → the name in the nested parent. */
function walk(row: SourceRow, path: string): unknown {
  return path.split(".").reduce<unknown>((at, part) => (isRow(at) ? at[part] : null), row);
}

export interface MirrorSource {
  object: string;
  row: SourceRow;
  /** SystemModstamp, ms. */
  modstamp: number;
}

/** Puts one record's newest version into the mirror, or takes it out when it is deleted or is a converted lead. */
export const mirrorRow = (tx: Tx, orgId: string, object: string, row: SourceRow, modstamp: number): Promise<void> =>
  mirrorRows(tx, orgId, [{ object, row, modstamp }]);

/** The same for many. Older versions than the mirror has change nothing; rows whose match fields did not change keep their keys. */
export async function mirrorRows(tx: Tx, orgId: string, sources: readonly MirrorSource[]): Promise<void> {
  const mirrored = sources.filter((source) => mirrorFields[source.object] !== undefined);
  for (let i = 0; i < mirrored.length; i += 250) await mirrorPart(tx, orgId, mirrored.slice(i, i + 250));
}

async function mirrorPart(tx: Tx, orgId: string, sources: readonly MirrorSource[]): Promise<void> {
  const { mirror, mirrorKeys } = tx.t;
  const idOf = (source: MirrorSource): string => String(source.row["Id"]);
  const ids = sources.map(idOf);
  const known = new Map(
    (
      await tx.db
        .select()
        .from(mirror)
        .where(and(eq(mirror.orgId, orgId), inArray(mirror.recordId, ids)))
    ).map((row) => [row.recordId, row]),
  );
  const gone = sources
    .filter((s) => s.row["IsDeleted"] === true || (s.object === "Lead" && s.row["IsConverted"] === true))
    .map(idOf);
  const present = sources
    .filter((source) => !gone.includes(idOf(source)) && (known.get(idOf(source))?.modstamp ?? 0) <= source.modstamp)
    .map((source) => ({ source, id: idOf(source), fields: matchFieldsOf(source.object, source.row) }));
  // Unchanged match fields have unchanged keys, and keys are most of the work.
  const rekeyed = present.filter(
    ({ id, fields }) => JSON.stringify(sorted(known.get(id)?.fields)) !== JSON.stringify(sorted(fields)),
  );
  const dropKeys = [
    ...gone.filter((id) => known.has(id)),
    ...rekeyed.filter(({ id }) => known.has(id)).map(({ id }) => id),
  ];
  if (dropKeys.length > 0)
    await tx.db.delete(mirrorKeys).where(and(eq(mirrorKeys.orgId, orgId), inArray(mirrorKeys.recordId, dropKeys)));
  if (gone.length > 0) await tx.db.delete(mirror).where(and(eq(mirror.orgId, orgId), inArray(mirror.recordId, gone)));
  if (present.length === 0) return;
  await tx.db
    .insert(mirror)
    .values(
      present.map(({ source, id, fields }) => ({
        orgId,
        recordId: id,
        object: source.object,
        fields,
        ownerId: textOf(source.row["OwnerId"]),
        accountId: textOf(source.row["AccountId"]),
        modstamp: source.modstamp,
      })),
    )
    .onConflictDoUpdate({
      target: [mirror.orgId, mirror.recordId],
      set: {
        fields: sql`excluded.fields`,
        ownerId: sql`excluded.owner_id`,
        accountId: sql`excluded.account_id`,
        modstamp: sql`excluded.modstamp`,
      },
    });
  const keys = rekeyed.flatMap(({ source, id, fields }) => {
    const object = findMatchObject(source.object);
    return object === undefined
      ? []
      : [...new Set(blockKeys(object, fields))].map((key) => ({ orgId, object: source.object, key, recordId: id }));
  });
  for (let i = 0; i < keys.length; i += 2_000)
    await tx.db
      .insert(mirrorKeys)
      .values(keys.slice(i, i + 2_000))
      .onConflictDoNothing();
}

const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
const sorted = (fields: MirrorFields | undefined) =>
  fields ? Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)) : null;
