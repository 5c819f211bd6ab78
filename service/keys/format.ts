/**
 * What an API key looks like: `ltn_<live|test>_<id>_<secret><crc>`. The id finds it, the secret (30 base62 characters,
 * 178 bits) proves it, the CRC32 lets a typo be refused without asking the database. Pure, but for the randomness.
 */
import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const idLength = 12;
const secretLength = 30;
const crcLength = 6;

export type KeyMode = "live" | "test";

export interface KeyParts {
  mode: KeyMode;
  id: string;
  secret: string;
}

const form = new RegExp(
  `^(ltn_(live|test)_([0-9A-Za-z]{${idLength}})_([0-9A-Za-z]{${secretLength}}))([0-9A-Za-z]{${crcLength}})$`,
);

/** The parts of a key, or null when it is no key or was mistyped. */
export function parseKey(presented: string): KeyParts | null {
  const match = form.exec(presented);
  if (!match) return null;
  const [, checked = "", mode, id = "", secret = "", crc] = match;
  if (checksum(checked) !== crc) return null;
  return { mode: mode === "live" ? "live" : "test", id, secret };
}

export const formatKey = ({ mode, id, secret }: KeyParts): string => {
  const checked = `ltn_${mode}_${id}_${secret}`;
  return checked + checksum(checked);
};

export const newKeyParts = (mode: KeyMode): KeyParts => ({
  mode,
  id: randomText(idLength),
  secret: randomText(secretLength),
});

export const isKeyId = (text: string): boolean => new RegExp(`^[0-9A-Za-z]{${idLength}}$`).test(text);

/** A plain hash is enough for a secret this long; nothing is gained by making it slow. */
export const hashSecret = (secret: string): string => createHash("sha256").update(secret).digest("hex");

function checksum(text: string): string {
  let left = crc32(text);
  let out = "";
  for (let i = 0; i < crcLength; i++) {
    out = base62.charAt(left % 62) + out;
    left = Math.floor(left / 62);
  }
  return out;
}

function randomText(length: number): string {
  let out = "";
  while (out.length < length)
    for (const byte of randomBytes(length))
      // 248 = 4 × 62: the bytes above it would make some characters likelier than others.
      if (byte < 248 && out.length < length) out += base62.charAt(byte % 62);
  return out;
}
