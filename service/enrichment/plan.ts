/** What of an answer is written to the record. Pure. */
import type { EnrichmentAnswer, JsonValue } from "../store/json.ts";
import { isWanted, placesOf, type FieldPlace } from "./fields.ts";
import { fold, isPlaceholder } from "./identity.ts";

export interface PlanOptions {
  /** Replaces what is there, too; never what the record is recognised by. */
  overwrite?: boolean;
  /** API names or our own; absent: all. */
  fields?: readonly string[];
  /** The longest text of each field that may be written, from the org's describe; a field that is not in it is not written. */
  lengths?: Readonly<Record<string, number>>;
}

/** Field API name → value, only where it differs. A value that does not fit is left out, never cut. */
export function planChanges(
  object: string,
  row: Readonly<Record<string, unknown>>,
  answer: EnrichmentAnswer,
  options: PlanOptions = {},
): Record<string, string> {
  const places = placesOf(object).filter((place) => isWanted(place, options.fields));
  const elsewhere = !options.overwrite && isElsewhere(placesOf(object), row, answer);
  const changes: Record<string, string> = {};
  for (const place of places) {
    if (place.kind === "address" && elsewhere) continue;
    const value = fitting(place, answer[place.field]?.value, options.lengths);
    if (value === null) continue;
    const is = textIn(row, place.name);
    const writable = is === null || (options.overwrite === true && place.identity !== true);
    if (writable && is !== value) changes[place.name] = value;
  }
  return changes;
}

/** The fields, by API name, that an answer could still change: what is worth asking for. */
export function missingFields(
  object: string,
  row: Readonly<Record<string, unknown>>,
  options: Pick<PlanOptions, "overwrite" | "fields"> = {},
): string[] {
  return placesOf(object)
    .filter((place) => isWanted(place, options.fields))
    .filter((place) => textIn(row, place.name) === null || (options.overwrite === true && place.identity !== true))
    .map((place) => place.name);
}

/** A planned value in the type Salesforce keeps it in. */
export const fieldValue = (object: string, name: string, value: string): JsonValue =>
  placesOf(object).find((place) => place.name === name)?.kind === "number" ? Number(value) : value;

/** Half of one address and half of another is none: what the record says of its place must not contradict the answer. */
function isElsewhere(
  places: readonly FieldPlace[],
  row: Readonly<Record<string, unknown>>,
  answer: EnrichmentAnswer,
): boolean {
  return places.some((place) => {
    // States and countries are written as names or as codes; only what has one spelling can contradict.
    if (!["street", "city", "postal_code"].includes(place.field)) return false;
    const [is, found] = [textIn(row, place.name), answer[place.field]?.value];
    return is !== null && found !== undefined && fold(is) !== fold(found);
  });
}

function fitting(
  place: FieldPlace,
  value: string | undefined,
  lengths: Readonly<Record<string, number>> | undefined,
): string | null {
  const trimmed = value?.trim() ?? "";
  if (trimmed === "") return null;
  const longest = lengths ? lengths[place.name] : place.maxLength;
  if (longest === undefined) return null;
  if (place.kind !== "number") return trimmed.length <= Math.min(longest, place.maxLength) ? trimmed : null;
  const digits = trimmed.replace(/[\s,'’]/g, "");
  // "50-100" is no number, and more than eight digits do not fit a count of employees.
  return /^\d+(\.0+)?$/.test(digits) && Number(digits) < (place.field === "employees" ? 1e8 : 1e15)
    ? String(Number(digits))
    : null;
}

/** The field's value as text; null when it is empty or says that nothing is known. */
function textIn(row: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = row[name];
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value.trim() !== "" && !isPlaceholder(value) ? value : null;
}
