/** Which span a reconcile looks at, and which of the org's rows the service has not seen. Pure. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** What the platform looks back at most, less an hour for the clocks. */
export const mostUpdatedMs = 30 * dayMs - hourMs;
export const mostDeletedMs = 15 * dayMs - hourMs;

const wholeMinute = (ms: number): number => Math.floor(ms / minuteMs) * minuteMs;

export interface SpanFacts {
  /** The org's clock, ms. */
  now: number;
  /** What lies before it is the baseline's, ms. */
  since: number;
  /** How far the last reconcile got; `since` before the first. */
  coveredTo: number;
}

/** At least the last 24 hours, from where the last one got to when that is longer ago; null when nothing is old enough. */
export function spanToReconcile({ now, since, coveredTo }: SpanFacts): { from: number; to: number } | null {
  const wanted = Math.min(now - dayMs, coveredTo);
  const from = wholeMinute(Math.max(wanted, since, now - mostUpdatedMs));
  const to = wholeMinute(now);
  return to - from >= minuteMs ? { from, to } : null;
}

/** Only what nobody can commit into any more, and what the poll has left behind it, can be called missed. */
export const sureUntil = (bounds: { updated: number; deleted: number; watermark: number }): number =>
  Math.min(bounds.updated, bounds.deleted, bounds.watermark);

export interface SeenVersion {
  id: string;
  /** SystemModstamp, ms. */
  modstamp: number;
}

/** Ids whose present version was not seen. */
export const unseenIn = (org: readonly SeenVersion[], seen: ReadonlyMap<string, number | null>): string[] =>
  org.filter(({ id, modstamp }) => seen.get(id) !== modstamp).map(({ id }) => id);
