/**
 * Whose turn it is. Pure.
 *
 * Every member stands somewhere in the pool's virtual time: `standing` (an offset, set when it joins or comes back) plus
 * one step of 1/weight for every turn it took. The pool's own time is the weighted mean of those who can take a turn
 * now. Next is, of the members that are not ahead of the mean, the one whose step would end first. Nobody is then ever a
 * whole turn away from the share of its weight, and after a full cycle everybody has exactly that share. With equal
 * weights it comes down to "whoever had least", so that max − min ≤ 1 at every moment, whoever joins, leaves or pauses.
 *
 * Members that cannot take a turn are carried along: back again, they are next in line at most, and owed nothing more.
 * Positions are compared as whole numbers over a common denominator, so nothing drifts.
 */
import type { SkippedMember } from "../store/json.ts";

/** `standing` counts millionths of virtual time. */
export const standingScale = 1_000_000;

export interface RotationMember {
  userId: string;
  name: string | null;
  /** Decides among equals, lowest first; then the user id. */
  position: number;
  /** Whole, at least 1. */
  weight: number;
  turns: number;
  standing: number;
}

/** Why a member cannot take a turn now; null when it can. */
export type Eligibility = (member: RotationMember) => string | null;

export interface Standing {
  userId: string;
  turns: number;
  standing: number;
}

export type NextTurn =
  | {
      member: RotationMember;
      /** Every member whose row this turn changes, the chosen one first. */
      changes: Standing[];
      skipped: SkippedMember[];
      /** How many could have taken this turn. */
      eligible: number;
    }
  | { none: SkippedMember[] };

/**
 * @param first takes this turn out of order when it is eligible; the turn counts, so the rotation evens it out.
 */
export function nextMember(members: readonly RotationMember[], eligibility: Eligibility, first?: string): NextTurn {
  const skipped: SkippedMember[] = [];
  const able: RotationMember[] = [];
  const waiting: RotationMember[] = [];
  for (const member of inOrder(members)) {
    const reason = eligibility(member);
    if (reason === null) able.push(member);
    else {
      waiting.push(member);
      skipped.push({ userId: member.userId, name: member.name, reason });
    }
  }
  const line = new Line(members);
  const chosen = able.find((m) => m.userId === first) ?? line.earliest(able);
  if (!chosen) return { none: skipped };
  const level = line.levelFor(able);
  const carried = waiting.flatMap((member) => {
    const floor = level(member.weight);
    return line.at(member) >= floor ? [] : [line.placed(member, floor)];
  });
  return {
    member: chosen,
    changes: [{ userId: chosen.userId, turns: chosen.turns + 1, standing: chosen.standing }, ...carried],
    skipped,
    eligible: able.length,
  };
}

/** The next `count` turns as they would come if nothing changed. */
export function upcoming(
  members: readonly RotationMember[],
  eligibility: Eligibility,
  count: number,
): RotationMember[] {
  let state = [...members];
  const out: RotationMember[] = [];
  for (let i = 0; i < count; i++) {
    const turn = nextMember(state, eligibility);
    if ("none" in turn) break;
    out.push(turn.member);
    state = applied(state, turn.changes);
  }
  return out;
}

/** The members after a turn. */
export function applied(members: readonly RotationMember[], changes: readonly Standing[]): RotationMember[] {
  const byId = new Map(changes.map((c) => [c.userId, c]));
  return members.map((m) => ({ ...m, ...byId.get(m.userId) }));
}

/**
 * The `standing` that puts a newcomer level with the mean of those who are there (0 in an empty pool). A member that
 * comes back after it was removed keeps its count of turns and starts level, too.
 */
export function levelStanding(there: readonly RotationMember[], newcomer: { weight: number; turns: number }): number {
  if (there.length === 0) return 0 - stepsOf(newcomer);
  const line = new Line([...there, { ...newcomer, ...nobody }]);
  return line.placed({ ...newcomer, ...nobody }, line.meanOf(there)).standing;
}

/** The `standing` after a change of weight: as far ahead of the others, or behind, in turns, as before. */
export function reweighedStanding(there: readonly RotationMember[], member: RotationMember, weight: number): number {
  const line = new Line([...there, { ...member, weight }]);
  const mean = line.meanOf(there);
  const lag = (mean - line.at(member)) * BigInt(member.weight);
  return line.placed({ ...member, weight }, mean - lag / BigInt(weight)).standing;
}

const nobody = { userId: "", name: null, position: 0, standing: 0 };
const stepsOf = (m: { weight: number; turns: number }): number => Math.floor((m.turns * standingScale) / m.weight);

const inOrder = (members: readonly RotationMember[]): RotationMember[] =>
  [...members].sort((a, b) => a.position - b.position || (a.userId < b.userId ? -1 : 1));

/** Exact places in virtual time: whole numbers, `unit` of them to one step of weight 1. */
class Line {
  readonly #common: bigint;
  constructor(members: readonly { weight: number }[]) {
    this.#common = members.reduce((all, m) => leastCommonMultiple(all, BigInt(m.weight)), 1n);
  }

  at(m: RotationMember): bigint {
    return BigInt(m.standing) * this.#common + BigInt(m.turns) * this.#step(m.weight);
  }

  /** Rounded up, so that a mean of nearly equal places never lies before the first of them. */
  meanOf(members: readonly RotationMember[]): bigint {
    const weights = members.reduce((sum, m) => sum + BigInt(m.weight), 0n);
    return ceilDivide(this.#weighted(members), weights);
  }

  /** Of those not ahead of the mean, the one whose turn would end first. `members` are in order of position. */
  earliest(members: readonly RotationMember[]): RotationMember | undefined {
    const weights = members.reduce((sum, m) => sum + BigInt(m.weight), 0n);
    const weighted = this.#weighted(members);
    let best: { member: RotationMember; ends: bigint } | undefined;
    for (const member of members) {
      if (this.at(member) * weights > weighted) continue;
      const ends = this.at(member) + this.#step(member.weight);
      if (!best || ends < best.ends) best = { member, ends };
    }
    return best?.member;
  }

  /** How far a waiting member of some weight may fall behind: not behind the last of `able`, nor a turn behind the mean. */
  levelFor(able: readonly RotationMember[]): (weight: number) => bigint {
    const mean = this.meanOf(able);
    const last = able.map((m) => this.at(m)).reduce((a, b) => (a < b ? a : b));
    return (weight) => {
      const oneTurnBehind = mean - this.#step(weight);
      return last > oneTurnBehind ? last : oneTurnBehind;
    };
  }

  /** The member with the standing that puts it at `place`. */
  placed(m: RotationMember, place: bigint): Standing {
    const standing = ceilDivide(place - BigInt(m.turns) * this.#step(m.weight), this.#common);
    return { userId: m.userId, turns: m.turns, standing: Number(standing) };
  }

  #step(weight: number): bigint {
    return (BigInt(standingScale) * this.#common) / BigInt(weight);
  }

  #weighted(members: readonly RotationMember[]): bigint {
    return members.reduce((sum, m) => sum + BigInt(m.weight) * this.at(m), 0n);
  }
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y > 0n) [x, y] = [y, x % y];
  return (a / x) * b;
}

function ceilDivide(a: bigint, b: bigint): bigint {
  const q = a / b;
  return a % b > 0n ? q + 1n : q;
}
