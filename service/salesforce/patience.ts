/** How long the stream waits before it starts again. Pure. */

/** now: nothing is wrong any more · soon: a network's or a server's hiccup · minutes: limits, rights, logins. */
export type Haste = "now" | "soon" | "minutes";

/**
 * Milliseconds to wait. `failures` counts starts that came to nothing since the stream last held; `random` in [0, 1).
 * Soon is spread over the whole span, so that services which lost the same org do not return at the same moment.
 */
export function restartDelayMs(haste: Haste, failures: number, random: number): number {
  if (haste === "now") return 0;
  const doubled = 2 ** Math.min(failures, 10);
  if (haste === "soon") return Math.round(random * Math.min(60_000, 2_000 * doubled));
  return Math.round((0.5 + random / 2) * Math.min(15 * 60_000, 60_000 * doubled));
}
