/** The org's daily API allowance, as its answers tell it. Pure. */
import type { ApiBudget } from "./port.ts";

export const unknownBudget: ApiBudget = { used: 0, limit: 0, state: "ok" };

/** Reads `Sforce-Limit-Info: api-usage=18/15000`; other figures may stand beside it. */
export function parseLimitInfo(header: string | null): { used: number; limit: number } | undefined {
  const found = /(?:^|[\s;,])api-usage=(\d+)\/(\d+)/.exec(header ?? "");
  return found ? { used: Number(found[1]), limit: Number(found[2]) } : undefined;
}

/**
 * The budget after an answer. Warned from 80 %; essential from 95 % and until usage falls under 75 %, so that work put
 * off does not spend the last calls the moment the rolling day frees a few.
 */
export function nextBudget(before: ApiBudget, seen: { used: number; limit: number }): ApiBudget {
  const share = seen.limit > 0 ? seen.used / seen.limit : 0;
  if (share >= 0.95 || (before.state === "essential" && share >= 0.75)) return { ...seen, state: "essential" };
  return { ...seen, state: share >= 0.8 ? "warned" : "ok" };
}
