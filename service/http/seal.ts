/**
 * Seals an answer that holds a secret, for the day it waits to be asked for again: only whoever sends the same API key
 * and the same Idempotency-Key can open it, the database alone cannot. AES-256-GCM. Pure, but for the nonce.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const algorithm = "aes-256-gcm";

const keyFrom = (presentedKey: string, purpose: string) =>
  Buffer.from(hkdfSync("sha256", presentedKey, "lantern stored answer", purpose, 32));

export function seal(text: string, presentedKey: string, purpose: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv(algorithm, keyFrom(presentedKey, purpose), nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
}

/** The text, or null when it was sealed for another key or purpose. */
export function unseal(sealed: string, presentedKey: string, purpose: string): string | null {
  const bytes = Buffer.from(sealed, "base64");
  const open = createDecipheriv(algorithm, keyFrom(presentedKey, purpose), bytes.subarray(0, 12));
  open.setAuthTag(bytes.subarray(12, 28));
  try {
    return Buffer.concat([open.update(bytes.subarray(28)), open.final()]).toString("utf8");
  } catch {
    return null;
  }
}
