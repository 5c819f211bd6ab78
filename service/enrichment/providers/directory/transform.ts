/** From rows of the directory to an answer. Pure. */
import type { DirectoryFields } from "../../../store/json.ts";
import { companyFields, personFields, type Field } from "../../fields.ts";
import type { Identity } from "../../identity.ts";
import type { FoundValue, ProviderAnswer } from "../../port.ts";

export interface DirectoryRow {
  rowKey: string;
  fields: DirectoryFields;
}

/** What the rows found by one key answer. Two that say different things are a doubt, and a doubt answers nothing. */
export function answerOf(
  rows: readonly DirectoryRow[],
  kind: Identity["kind"],
  confidence: number,
): ProviderAnswer | null {
  const [first, ...others] = rows;
  if (!first) return null;
  const said = (row: DirectoryRow) => JSON.stringify(Object.entries(row.fields).sort(([a], [b]) => (a < b ? -1 : 1)));
  if (others.some((row) => said(row) !== said(first)))
    return { found: false, reason: `${rows.length} different rows of the directory fit` };
  const known: readonly Field[] = kind === "person" ? personFields : companyFields;
  const values: Partial<Record<Field, FoundValue>> = {};
  for (const field of known) {
    const value = first.fields[field];
    if (value) values[field] = { value, confidence };
  }
  return { found: true, values };
}
