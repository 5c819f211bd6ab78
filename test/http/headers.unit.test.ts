import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Invalid } from "../../service/errors.ts";
import { bearerOf, customPairsOf, idempotencyKeyOf } from "../../service/http/headers.ts";

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
  minLength: 1,
  maxLength: 255,
});

describe("Authorization", () => {
  it.each([
    ["Bearer abc", "abc"],
    ["bearer  abc ", "abc"],
    ["Basic abc", null],
    ["Bearer", null],
    ["Bearer a b", null],
    [undefined, null],
  ])("%s gives %s", (header, key) => expect(bearerOf(header)).toBe(key));
});

describe("Idempotency-Key", () => {
  it("any 1 to 255 visible ASCII characters are taken as they are, bare or quoted", () => {
    fc.assert(
      fc.property(
        visible.filter((key) => !/^".*"$/.test(key)),
        (key) => {
          expect(idempotencyKeyOf(key)).toBe(key);
          const quoted = `"${key.replaceAll(/["\\]/g, "\\$&")}"`;
          expect(idempotencyKeyOf(quoted)).toBe(key);
        },
      ),
    );
  });

  it.each(["", '""', "a b", "ä", "x".repeat(256), "a\tb"])("%j is refused", (header) => {
    expect(() => idempotencyKeyOf(header)).toThrow(Invalid);
  });

  it("is optional", () => expect(idempotencyKeyOf(undefined)).toBeNull());
});

describe("X-Lantern-Custom", () => {
  it("gives its pairs", () => {
    expect(customPairsOf("team=emea; campaign = spring = sale ;")).toEqual({ team: "emea", campaign: "spring = sale" });
    expect(customPairsOf(undefined)).toEqual({});
  });

  it.each(["team", "=x", "1a=x", "a=1; a=2", "__proto__=1", "constructor=1", `a=${"x".repeat(300)}`, manyPairs(21)])(
    "%.30s is refused",
    (header) => {
      expect(() => customPairsOf(header)).toThrow(Invalid);
    },
  );
});

function manyPairs(n: number): string {
  return Array.from({ length: n }, (_, i) => `k${i}=v`).join(";");
}
