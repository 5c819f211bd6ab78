/**
 * Record ids as the platform makes them: three characters of key prefix, the instance, a base-62 counter, and three
 * check characters that carry the case of the first fifteen.
 */
const checkAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The 18-character form of a 15-character id. */
export function to18(id15: string): string {
  let check = "";
  for (let block = 0; block < 3; block++) {
    let bits = 0;
    for (let j = 0; j < 5; j++) {
      const c = id15.charAt(block * 5 + j);
      if (c >= "A" && c <= "Z") bits |= 1 << j;
    }
    check += checkAlphabet.charAt(bits);
  }
  return id15 + check;
}

/** 15 or 18 characters in, 18 out; undefined when it cannot be an id. */
export function normaliseId(id: string): string | undefined {
  if (!/^[0-9A-Za-z]+$/.test(id)) return undefined;
  if (id.length === 15) return to18(id);
  if (id.length !== 18) return undefined;
  const full = to18(id.slice(0, 15));
  return full === id ? full : undefined;
}

/** Counts per prefix, so that ids sort by age within an object. */
export class IdMint {
  #counts = new Map<string, number>();
  next(prefix: string): string {
    const count = (this.#counts.get(prefix) ?? 0) + 1;
    this.#counts.set(prefix, count);
    let tail = "";
    for (let n = count; n > 0; n = Math.floor(n / 62)) tail = base62.charAt(n % 62) + tail;
    return to18(`${prefix}5e0000${tail.padStart(6, "0")}`);
  }
}
