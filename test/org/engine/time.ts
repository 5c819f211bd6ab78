/** Times as the platform writes them: `2026-11-23T10:00:00.000+0000` in records, `…Z` in events. */
export const stampOf = (ms: number): string =>
  `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}.000+0000`;

export const msOf = (stamp: string): number => Date.parse(stamp.replace("+0000", "Z"));

/** A date-time literal in any zone, whole seconds; undefined when it is none. */
export function parseDateTime(text: string): string | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(text)) return undefined;
  const ms = Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  return Number.isNaN(ms) ? undefined : stampOf(ms);
}

export const isDate = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
