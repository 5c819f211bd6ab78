/** The route log's sentences about turns. Pure. */
import type { SkippedMember } from "../store/json.ts";

const reasons: Record<string, string> = {
  inactive_user: "inactive user",
  inactive_member: "switched off in the pool",
  inactive_pool: "the pool is inactive",
  paused: "paused",
  not_in_turn: "not in turn",
};

export const inWords = (reason: string): string => reasons[reason] ?? reason;

const named = (m: { userId: string; name: string | null }): string => m.name ?? m.userId;

/** "Bob was skipped: paused", at most three by name. */
export function skippedInWords(skipped: readonly SkippedMember[]): string {
  const told = skipped.slice(0, 3).map((s) => `${named(s)} was skipped: ${inWords(s.reason)}`);
  if (skipped.length > 3) told.push(`${skipped.length - 3} more were skipped`);
  return told.join("; ");
}

export interface TurnFacts {
  member: { userId: string; name: string | null };
  pool: string;
  sequence: number;
  skipped: readonly SkippedMember[];
  /** Why the record was routed at all, in the caller's words. */
  because?: string | undefined;
  placedAtTop: boolean;
}

/** "Alice Ng was next in pool emea (turn 12); Bob was skipped: inactive user." */
export function turnInWords({ member, pool, sequence, skipped, because, placedAtTop }: TurnFacts): string {
  const how = placedAtTop ? "was placed at the top of" : "was next in";
  const parts = [`${named(member)} ${how} pool ${pool} (turn ${sequence})`];
  if (because) parts.push(because);
  if (skipped.length > 0) parts.push(skippedInWords(skipped));
  return `${parts.join("; ")}.`;
}

/** Why there was nobody. */
export function nobodyInWords(pool: string, members: readonly SkippedMember[]): string {
  if (members.length === 0) return `Pool ${pool} has no members.`;
  const told = members.slice(0, 5).map((m) => `${named(m)}: ${inWords(m.reason)}`);
  if (members.length > 5) told.push(`${members.length - 5} more`);
  return `Nobody in pool ${pool} can take a turn now (${told.join("; ")}).`;
}
