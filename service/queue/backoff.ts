/** Exponential backoff with full jitter: attempt 1 waits 0–2 s, 2 0–4 s … at most `capMs`; never under 250 ms. Pure. */
export function backoffMs(attempt: number, random: () => number, baseMs = 2_000, capMs = 15 * 60_000): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.max(0, attempt - 1));
  return Math.max(250, Math.floor(random() * ceiling));
}
