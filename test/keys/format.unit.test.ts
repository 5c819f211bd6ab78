import fc from "fast-check";
import { expect, it } from "vitest";
import { formatKey, isKeyId, newKeyParts, parseKey } from "../../service/keys/format.ts";

const modes = ["live", "test"] as const;

it("a key is read back as it was made", () => {
  for (const mode of modes)
    for (let i = 0; i < 200; i++) {
      const parts = newKeyParts(mode);
      expect(parseKey(formatKey(parts))).toEqual(parts);
      expect(isKeyId(parts.id)).toBe(true);
    }
});

it("a key with any one character changed is refused without asking anybody", () => {
  const key = formatKey(newKeyParts("live"));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: key.length - 1 }), fc.constantFrom(..."0aZ_-é "), (at, character) => {
      fc.pre(key[at] !== character);
      expect(parseKey(key.slice(0, at) + character + key.slice(at + 1))).toBeNull();
    }),
    { numRuns: 500 },
  );
});

it.each(["", "ltn_live_", "Bearer x", "ltn_prod_aaaaaaaaaaaa_b", "x".repeat(10_000)])("%.20j is no key", (text) => {
  expect(parseKey(text)).toBeNull();
});

it("secrets hold at least 160 bits and do not repeat", () => {
  const secrets = Array.from({ length: 1_000 }, () => newKeyParts("live").secret);
  expect(new Set(secrets).size).toBe(1_000);
  expect(Math.log2(62) * (secrets[0]?.length ?? 0)).toBeGreaterThan(160);
});
