import fc from "fast-check";
import { expect, it } from "vitest";
import { backoffMs } from "../../service/queue/backoff.ts";

it("a wait is at least 250 ms, at most 15 minutes, and its ceiling doubles with each attempt", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, chance) => {
      const wait = backoffMs(attempt, () => chance);
      expect(wait).toBeGreaterThanOrEqual(250);
      expect(wait).toBeLessThanOrEqual(Math.max(250, Math.min(15 * 60_000, 2_000 * 2 ** (attempt - 1))));
    }),
  );
  expect([1, 2, 3, 30].map((attempt) => backoffMs(attempt, () => 0.5))).toEqual([1_000, 2_000, 4_000, 450_000]);
});
