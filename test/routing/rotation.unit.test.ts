import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applied,
  levelStanding,
  nextMember,
  reweighedStanding,
  standingScale,
  upcoming,
  type RotationMember,
} from "../../service/routing/rotation.ts";

const member = (userId: string, more: Partial<RotationMember> = {}): RotationMember => ({
  userId,
  name: null,
  position: 0,
  weight: 1,
  turns: 0,
  standing: 0,
  ...more,
});
const all = () => null;
const pool = (weights: number[]) => weights.map((weight, i) => member(`u${i}`, { weight, position: i }));

/** Takes a turn and answers who had it, with the pool after it. */
function turn(members: RotationMember[], out: ReadonlySet<string> = new Set(), first?: string) {
  const next = nextMember(members, (m) => (out.has(m.userId) ? "paused" : null), first);
  if ("none" in next) return null;
  return { who: next.member.userId, members: applied(members, next.changes), next };
}

describe("the rotation", () => {
  it("goes round in the order of positions, then of user ids", () => {
    const members = [member("b", { position: 1 }), member("c", { position: 2 }), member("a", { position: 1 })];
    expect(upcoming(members, all, 6).map((m) => m.userId)).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  it("spreads a heavy member's turns over the cycle", () => {
    expect(upcoming(pool([3, 1]), all, 8).map((m) => m.userId)).toEqual([
      "u0",
      "u1",
      "u0",
      "u0",
      "u0",
      "u1",
      "u0",
      "u0",
    ]);
  });

  it("answers with each member's reason when nobody can take the turn", () => {
    const members = [member("a", { name: "Ann" }), member("b")];
    expect(nextMember(members, (m) => (m.userId === "a" ? "inactive_user" : "paused"))).toEqual({
      none: [
        { userId: "a", name: "Ann", reason: "inactive_user" },
        { userId: "b", name: null, reason: "paused" },
      ],
    });
    expect(nextMember([], all)).toEqual({ none: [] });
  });

  it("gives a turn out of order to the one named, and lets it wait longer afterwards", () => {
    const after = turn(pool([1, 1, 1]), new Set(), "u2");
    expect(after?.who).toBe("u2");
    expect(upcoming(after?.members ?? [], all, 5).map((m) => m.userId)).toEqual(["u0", "u1", "u0", "u1", "u2"]);
  });

  it("does not give the turn to a named member that cannot take it", () => {
    expect(turn(pool([1, 1]), new Set(["u1"]), "u1")?.who).toBe("u0");
  });

  it("with any weights gives everybody its exact share after each full cycle, and is less than one turn off inside it", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 9 }), (weights) => {
        const total = weights.reduce((a, b) => a + b, 0);
        let members = pool(weights);
        for (let t = 1; t <= 3 * total; t++) {
          members = turn(members)?.members ?? [];
          for (const m of members) {
            const off = m.turns * total - t * m.weight;
            expect(Math.abs(off)).toBeLessThanOrEqual(total);
            if (t % total === 0) expect(off).toBe(0);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  /** What happens to a pool of equal weights: turns, members that pause and come back, join and leave. */
  const happening = fc.oneof(
    { weight: 6, arbitrary: fc.constant({ kind: "turn" as const, who: 0 }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("pause" as const, "resume" as const), who: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("join" as const, "leave" as const), who: fc.nat(7) }) },
  );

  it("with equal weights keeps max − min ≤ 1 at every moment, whoever joins, leaves, pauses and comes back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 2, max: 5 }),
        fc.array(happening, { minLength: 20, maxLength: 200 }),
        (weight, size, happenings) => {
          // Two members are always there; the others come and go.
          let members = Array.from({ length: size }, (_, i) => member(`u${i}`, { weight, position: i }));
          const paused = new Set<string>();
          let joined = size;
          for (const { kind, who } of happenings) {
            const other = members[2 + (who % Math.max(1, members.length - 2))];
            if (kind === "join")
              members.push(
                member(`u${joined}`, {
                  weight,
                  position: joined++,
                  standing: levelStanding(
                    members.filter((m) => !paused.has(m.userId)),
                    { weight, turns: 0 },
                  ),
                }),
              );
            else if (kind === "leave" && other) members = members.filter((m) => m !== other);
            else if (kind === "pause" && other) paused.add(other.userId);
            else if (kind === "resume" && other) paused.delete(other.userId);
            else members = turn(members, paused)?.members ?? [];
            const always = members.slice(0, 2).map((m) => m.turns);
            expect(Math.max(...always) - Math.min(...always)).toBeLessThanOrEqual(1);
            // Counted from where each of them stands, newcomers and returners are level with the rest, too.
            const places = members
              .filter((m) => !paused.has(m.userId))
              .map((m) => (m.standing / standingScale) * weight + m.turns);
            expect(Math.max(...places) - Math.min(...places)).toBeLessThan(1.001);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("does not owe a member that was away the turns it missed", () => {
    let members = pool([1, 1, 1]);
    for (let i = 0; i < 30; i++) members = turn(members, new Set(["u2"]))?.members ?? [];
    expect(members.map((m) => m.turns)).toEqual([15, 15, 0]);
    const back: string[] = [];
    for (let i = 0; i < 6; i++) {
      const next = turn(members);
      back.push(next?.who ?? "");
      members = next?.members ?? [];
    }
    expect(back.filter((who) => who === "u2")).toHaveLength(2);
  });

  it("does not owe a heavy member a burst either, when it comes back among light ones", () => {
    let members = pool([10, 1, 1]);
    for (let i = 0; i < 37; i++) members = turn(members, new Set(["u0"]))?.members ?? [];
    const order = upcoming(members, all, 24).map((m) => m.userId);
    expect(order.filter((who) => who === "u0").length).toBeLessThanOrEqual(21);
    expect(order.slice(0, 12).filter((who) => who === "u0").length).toBeLessThanOrEqual(11);
  });

  it("lets a joiner start level with the mean, not at zero", () => {
    const members = [member("a", { turns: 100 }), member("b", { turns: 101, position: 1 })];
    const joiner = member("c", { position: 2, standing: levelStanding(members, { weight: 1, turns: 0 }) });
    expect(joiner.standing).toBe(100.5 * standingScale);
    expect(upcoming([...members, joiner], all, 6).map((m) => m.userId)).toEqual(["a", "c", "a", "b", "c", "a"]);
  });

  it("keeps the turns of a member that was removed and comes back, and starts it level", () => {
    const members = [member("a", { turns: 50 }), member("b", { turns: 50 })];
    const back = { weight: 2, turns: 7 };
    expect(levelStanding(members, back) / standingScale + back.turns / back.weight).toBe(50);
  });

  it("starts a new pool's members all at the same place", () => {
    expect(levelStanding([], { weight: 3, turns: 0 })).toBe(0);
  });

  it("changes a weight without giving or taking turns", () => {
    const members = [member("a", { turns: 10 }), member("b", { turns: 9 }), member("c", { turns: 9 })];
    const standing = reweighedStanding(members, members[0] ?? member("a"), 5);
    const changed = [member("a", { turns: 10, weight: 5, standing }), ...members.slice(1)];
    const order = upcoming(changed, all, 14).map((m) => m.userId);
    expect(order.filter((who) => who === "a").length).toBeGreaterThanOrEqual(9);
    expect(order.filter((who) => who === "a").length).toBeLessThanOrEqual(11);
  });

  it("decides the same whatever order the members are read in", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
        fc.nat(30),
        (weights, n) => {
          let members = pool(weights);
          for (let i = 0; i < n; i++) members = turn(members)?.members ?? [];
          expect(turn([...members].reverse())?.who).toBe(turn(members)?.who);
        },
      ),
    );
  });

  it("stays exact after thousands of millions of turns", () => {
    const members = [
      member("a", { weight: 7, turns: 7_000_000_000 }),
      member("b", { weight: 13, turns: 13_000_000_000, position: 1 }),
    ];
    const order = upcoming(members, all, 20).map((m) => m.userId);
    expect(order.filter((who) => who === "a")).toHaveLength(7);
  });
});
