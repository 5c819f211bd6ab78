/**
 * Dates in queries: ISO 8601, UTC unless an offset says otherwise. A date without a time is the start of its day; as an
 * end it includes that day. Pure.
 */
import { z } from "zod";

const dateOnly = z.iso.date();
const dateTime = z.iso.datetime({ offset: true, local: true });
const dayMs = 86_400_000;

const form = "A date (2026-11-23) or a time (2026-11-23T10:00:00.000Z), ISO 8601.";

/** The instant in ms, and whether it names a whole day; null when it is no date. */
function parse(given: string): { at: number; wholeDay: boolean } | null {
  // An offset's + arrives as a space where a caller did not encode it.
  const text = given.replace(/ (\d\d:\d\d)$/, "+$1");
  if (dateOnly.safeParse(text).success) return { at: Date.parse(`${text}T00:00:00.000Z`), wholeDay: true };
  if (!dateTime.safeParse(text).success) return null;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`;
  const at = Date.parse(zoned);
  return Number.isNaN(at) ? null : { at, wholeDay: false };
}

/** The first millisecond of a period that starts so. */
export const startOf = (text: string): number | null => parse(text)?.at ?? null;

/** The first millisecond after a period that ends so: an end includes the millisecond, or the day, that it names. */
export function endOf(text: string): number | null {
  const end = parse(text);
  return end === null ? null : end.at + (end.wholeDay ? dayMs : 1);
}

const field = z.string().refine((text) => parse(text) !== null, { error: form, params: { type: "date" } });

/** For a period's start and its end; both keep the text, `periodOf` gives the milliseconds. */
export const periodStart = field.meta({ description: `${form} A date alone is its start of day, UTC.` });
export const periodEnd = field.meta({ description: `${form} A date alone includes that day.` });

/** `[from, to)` in ms. Both texts must have passed the fields above; null when the end lies before the start. */
export function periodOf(start: string, end: string): { from: number; to: number } | null {
  const from = startOf(start);
  const to = endOf(end);
  return from === null || to === null || to <= from ? null : { from, to };
}
