/** What the org says of its pools, put in order: one membership a user, whole weights, and a sentence for what is wrong. Pure. */

/** A row of Lantern_Pool__c. */
export interface PoolFound {
  sfId: string;
  key: string | null;
  name: string;
  active: boolean;
}

/** A row of Lantern_Pool_Member__c. */
export interface MemberFound {
  sfId: string;
  poolSfId: string;
  userId: string | null;
  position: number | null;
  weight: number | null;
  active: boolean;
  /** ms */
  pausedUntil: number | null;
  pauseReason: string | null;
}

/** A row of User. */
export interface UserFound {
  userId: string;
  name: string;
  email: string | null;
  active: boolean;
}

export interface PoolsFound {
  pools: readonly PoolFound[];
  members: readonly MemberFound[];
  users: readonly UserFound[];
}

export interface FoundMember {
  userId: string;
  position: number;
  weight: number;
  active: boolean;
  pausedUntil: number | null;
  pauseReason: string | null;
}

export interface CheckedPool {
  sfId: string;
  key: string;
  name: string;
  active: boolean;
  members: FoundMember[];
}

export interface PoolProblem {
  pool: string;
  sfId: string;
  /** no_key | key_taken | key_changed | no_user | twice | bad_weight */
  problem: string;
  message: string;
}

export function checkPools({ pools, members }: PoolsFound): { pools: CheckedPool[]; problems: PoolProblem[] } {
  const problems: PoolProblem[] = [];
  const checked = new Map<string, CheckedPool>();
  for (const { sfId, key, name, active } of [...pools].sort((a, b) => (a.sfId < b.sfId ? -1 : 1))) {
    const trimmed = key?.trim() ?? "";
    if (trimmed === "")
      problems.push({ pool: name, sfId, problem: "no_key", message: `Pool “${name}” has no key; give it one.` });
    else if ([...checked.values()].some((pool) => pool.key === trimmed))
      problems.push({
        ...{ pool: trimmed, sfId, problem: "key_taken" },
        message: `Two pools have the key “${trimmed}”; only the first is used.`,
      });
    else checked.set(sfId, { sfId, key: trimmed, name, active, members: [] });
  }

  for (const member of [...members].sort(byPosition)) {
    const pool = checked.get(member.poolSfId);
    if (!pool) continue;
    const report = (problem: string, message: string) =>
      problems.push({ pool: pool.key, sfId: member.sfId, problem, message });
    if (member.userId === null) {
      report("no_user", `A member of pool “${pool.key}” names no user; it gets no turns.`);
      continue;
    }
    if (pool.members.some((m) => m.userId === member.userId)) {
      report(
        "twice",
        `${member.userId} is twice in pool “${pool.key}”; the first membership counts, its weight is the share.`,
      );
      continue;
    }
    const weight = Math.round(member.weight ?? 1);
    if (weight < 1 || weight > 10_000 || (member.weight !== null && weight !== member.weight))
      report("bad_weight", `The weight ${member.weight} in pool “${pool.key}” is not a whole number from 1 to 10,000.`);
    pool.members.push({
      userId: member.userId,
      position: Math.round(member.position ?? 0),
      weight: Math.min(10_000, Math.max(1, weight)),
      active: member.active,
      pausedUntil: member.pausedUntil,
      pauseReason: member.pauseReason,
    });
  }
  return { pools: [...checked.values()].sort((a, b) => (a.key < b.key ? -1 : 1)), problems };
}

const byPosition = (a: MemberFound, b: MemberFound): number =>
  (a.position ?? 0) - (b.position ?? 0) || (a.sfId < b.sfId ? -1 : 1);
