/** Similarities of plain strings, all in [0, 1], symmetric, 1 for equal ones. */

const flagsA = new Uint8Array(256);
const flagsB = new Uint8Array(256);

/** Jaro–Winkler with the usual prefix bonus of 0.1 for up to four letters. Only the first 256 characters count. */
export function jaroWinkler(left: string, right: string): number {
  if (left === right) return left === "" ? 0 : 1;
  // Letters are paired greedily, so the order of the two matters: always the same one makes the measure symmetric.
  const swap = left.length > right.length || (left.length === right.length && left > right);
  const a = (swap ? right : left).slice(0, 256);
  const b = (swap ? left : right).slice(0, 256);
  if (a === "" || b === "") return 0;
  const reach = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1);
  flagsA.fill(0, 0, a.length);
  flagsB.fill(0, 0, b.length);
  let matched = 0;
  for (let i = 0; i < a.length; i++) {
    const end = Math.min(b.length - 1, i + reach);
    const letter = a.charCodeAt(i);
    for (let j = Math.max(0, i - reach); j <= end; j++) {
      if (flagsB[j] === 0 && b.charCodeAt(j) === letter) {
        flagsA[i] = 1;
        flagsB[j] = 1;
        matched++;
        break;
      }
    }
  }
  if (matched === 0) return 0;
  let swapped = 0;
  for (let i = 0, j = 0; i < a.length; i++) {
    if (flagsA[i] === 0) continue;
    while (flagsB[j] === 0) j++;
    if (a.charCodeAt(i) !== b.charCodeAt(j)) swapped++;
    j++;
  }
  const jaro = (matched / a.length + matched / b.length + (matched - swapped / 2) / matched) / 3;
  let prefix = 0;
  while (prefix < 4 && prefix < a.length && prefix < b.length && a.charCodeAt(prefix) === b.charCodeAt(prefix))
    prefix++;
  return jaro + prefix * 0.1 * (1 - jaro);
}

/** Letters to put in, leave out or change to make one of the other, as a share of the longer: 1 for equal strings. */
export function editSimilarity(a: string, b: string): number {
  if (a === b) return a === "" ? 0 : 1;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return 1 - (row[b.length] ?? 0) / Math.max(a.length, b.length);
}

/** A text's trigrams with their weights, sorted so that two can be merged, and the length of the vector. */
export interface Grams {
  codes: Float64Array;
  weights: Float64Array;
  norm: number;
}

/** Trigrams of each word, padded with spaces, weighted by the word: what many names share weighs less. */
export function gramsOf(tokens: readonly string[], weightOf: (token: string) => number): Grams {
  const sums = new Map<number, number>();
  for (const token of tokens) {
    const padded = ` ${token} `;
    const weight = weightOf(token);
    for (let i = 0; i + 3 <= padded.length; i++) {
      const code = (padded.charCodeAt(i) * 65536 + padded.charCodeAt(i + 1)) * 65536 + padded.charCodeAt(i + 2);
      sums.set(code, (sums.get(code) ?? 0) + weight);
    }
  }
  const codes = Float64Array.from(sums.keys()).sort();
  const weights = codes.map((code) => sums.get(code) ?? 0);
  return { codes, weights, norm: Math.sqrt(weights.reduce((sum, w) => sum + w * w, 0)) };
}

/** Cosine of two trigram vectors. */
export function cosine(a: Grams, b: Grams): number {
  if (a.norm === 0 || b.norm === 0) return 0;
  let dot = 0;
  for (let i = 0, j = 0; i < a.codes.length && j < b.codes.length;) {
    const left = a.codes[i] ?? 0;
    const right = b.codes[j] ?? 0;
    if (left === right) {
      dot += (a.weights[i] ?? 0) * (b.weights[j] ?? 0);
      i++;
      j++;
    } else if (left < right) i++;
    else j++;
  }
  return Math.min(1, dot / (a.norm * b.norm));
}

/** Whether the strings differ by one letter put in, left out, changed, or swapped with its neighbour. */
export function oneSlip(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  const restA = a.slice(start);
  const restB = b.slice(start);
  if (restA.length === restB.length) {
    if (restA.slice(1) === restB.slice(1)) return true;
    return restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2);
  }
  return restA.length > restB.length ? restA.slice(1) === restB : restB.slice(1) === restA;
}
