/** Reads a record as it is now, with everything a journey needs of it. */
import { timeOf, type Row } from "../salesforce/index.ts";
import { readingFields } from "../orgs/fields.ts";
import type { JsonValue } from "../store/json.ts";
import { fingerprint } from "../orgs/fingerprint.ts";
import type { Journey, OrgState } from "./journey.ts";
import { fieldsOf } from "./policy.ts";

export interface Reading {
  row: Row;
  fingerprint: string;
  /** SystemModstamp, ms. */
  modstamp: number;
}

export const watchedFields = (state: OrgState, object: string): string[] => state.settings.watch[object] ?? [];

export function fieldsToRead(state: OrgState, object: string): string[] {
  const conditions = state.policies
    .filter((p) => p.object === object && p.problem === null)
    .flatMap((p) => fieldsOf(p.body));
  return readingFields(object, watchedFields(state, object), [...new Set(conditions)]);
}

export async function readNow(
  { org, state }: Pick<Journey, "org" | "state">,
  object: string,
  id: string,
): Promise<Reading | null> {
  const row = await org.gathered.read(object, id, fieldsToRead(state, object));
  if (row === null || row["IsDeleted"] === true) return null;
  return { row, fingerprint: fingerprint(row, watchedFields(state, object)), modstamp: timeOf(row["SystemModstamp"]) };
}

/** The row as it is kept with the run. */
export const kept = (row: Row): Record<string, JsonValue> =>
  JSON.parse(JSON.stringify(row)) as Record<string, JsonValue>;
