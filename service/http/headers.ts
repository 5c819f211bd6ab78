/** The request headers that carry meaning of their own, parsed. Pure. */
import { Invalid } from "../errors.ts";

/** The key of `Authorization: Bearer <key>`; null when there is none or another scheme. */
export function bearerOf(header: string | undefined): string | null {
  const match = /^Bearer +(\S+) *$/i.exec(header ?? "");
  return match?.[1] ?? null;
}

/**
 * `Idempotency-Key`, bare or quoted: 1–255 visible ASCII characters.
 * @throws Invalid when it is anything else.
 */
export function idempotencyKeyOf(header: string | undefined): string | null {
  if (header === undefined) return null;
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header.trim());
  const key = quoted?.[1] === undefined ? header.trim() : quoted[1].replace(/\\(["\\])/g, "$1");
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Invalid("Idempotency-Key must be 1 to 255 visible ASCII characters.", [
    { loc: ["header", "Idempotency-Key"], msg: "1 to 255 visible ASCII characters", type: "bad_idempotency_key" },
  ]);
}

const maxPairs = 20;

/**
 * `X-Lantern-Custom: key=value; key2=value2`, at most 20 pairs.
 * @throws Invalid when a pair is not of that form, or a key comes twice.
 */
export function customPairsOf(header: string | undefined): Record<string, string> {
  const pairs = new Map<string, string>();
  const refuse = (msg: string): never => {
    throw new Invalid("X-Lantern-Custom must be of the form key=value; key2=value2.", [
      { loc: ["header", "X-Lantern-Custom"], msg, type: "bad_custom" },
    ]);
  };
  for (const part of (header ?? "").split(";")) {
    if (part.trim() === "") continue;
    const match = /^\s*([A-Za-z][A-Za-z0-9_.-]{0,63})\s*=\s*(.{0,256}?)\s*$/.exec(part);
    const [, key, value] = match ?? [];
    if (key === undefined || value === undefined || key === "constructor" || key === "prototype")
      return refuse("A key is a letter and up to 63 letters, digits, _ . or -; a value has at most 256 characters.");
    if (pairs.has(key)) return refuse(`The key ${key} comes twice.`);
    pairs.set(key, value);
  }
  if (pairs.size > maxPairs) return refuse(`At most ${maxPairs} pairs.`);
  return Object.fromEntries(pairs);
}
