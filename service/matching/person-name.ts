import { fold, foldLetters, isPlaceholder, words } from "./fold.ts";
import { nameClasses, shareNameClass } from "./nicknames.ts";
import { editSimilarity, jaroWinkler } from "./similarity.ts";
import { NAME_PARTICLES, NAME_SUFFIXES, SALUTATIONS } from "./titles.ts";

export interface PersonName {
  /** Given names, in order. */
  first: string[];
  /** The family name, particles included, as one word. */
  last: string;
}

/** Given and family names of a whole name, "Family, Given" understood; salutations and suffixes dropped. */
export function parsePersonName(value: string): PersonName | null {
  // Dots stay apart here, unlike in companies: "J.P. Smith" has two initials.
  const text = foldLetters(value)
    .replaceAll(".", " ")
    .replace(/\(.*?\)/g, " ");
  const [left = "", right = "", ...more] = text.split(",");
  const family = withoutSalutations(words(fold(left)));
  const given = withoutSuffixes(withoutSalutations(words(fold(right))), 0);
  const turned = more.length === 0 && family.length > 0 && given.length > 0;
  const straight = withoutSuffixes(withoutSalutations(words(fold(text))), 2);
  const tokens = turned ? [...given, ...family] : straight;
  if (tokens.length === 0 || isPlaceholder(fold(text))) return null;
  let start = tokens.length - 1;
  while (start > 1 && NAME_PARTICLES.has(tokens[start - 1] ?? "")) start--;
  return { first: tokens.slice(0, start), last: tokens.slice(start).join("") };
}

function withoutSalutations(tokens: string[]): string[] {
  const first = tokens.findIndex((token, i) => !SALUTATIONS.has(token) || i === tokens.length - 1);
  return tokens.slice(Math.max(0, first));
}

function withoutSuffixes(tokens: string[], least: number): string[] {
  let end = tokens.length;
  while (end > least && NAME_SUFFIXES.has(tokens[end - 1] ?? "")) end--;
  return tokens.slice(0, end);
}

/** Given names: 1 equal, 0.95 by nickname class, 0.9 an initial, otherwise by spelling. */
export function firstNameSimilarity(a: string, b: string): number {
  if (a === b) return 1;
  if (a.length === 1 || b.length === 1) return a[0] === b[0] ? 0.9 : 0;
  if (shareNameClass(a, b)) return 0.95;
  return jaroWinkler(a, b) * 0.98;
}

function firstNames(a: readonly string[], b: readonly string[]): number {
  const [headA, ...restA] = a;
  const [headB, ...restB] = b;
  if (headA === undefined || headB === undefined) return headA === headB ? 1 : 0.8;
  let best = firstNameSimilarity(headA, headB);
  // People go by their second name, and "Anna Maria" is also "Annamaria".
  for (const other of restB) best = Math.max(best, 0.93 * firstNameSimilarity(headA, other));
  for (const other of restA) best = Math.max(best, 0.93 * firstNameSimilarity(other, headB));
  if (restA.length + restB.length > 0) best = Math.max(best, 0.97 * jaroWinkler(a.join(""), b.join("")));
  // Another middle name is another person more often than not; one that is merely left out says nothing.
  const strangers = Math.min(unmatched(restA, b), unmatched(restB, a));
  if (strangers > 0) best -= 0.26 * Math.min(2, strangers);
  return best;
}

function unmatched(names: readonly string[], among: readonly string[]): number {
  return names.filter((name) => !among.some((other) => firstNameSimilarity(name, other) >= 0.88)).length;
}

/** Family names: Jaro–Winkler alone forgives whole endings ("Lukashevich", "Lukashenko"), so edits count as much. */
export function familyNameSimilarity(a: string, b: string): number {
  if (a === b) return 1;
  const spelling = jaroWinkler(a, b);
  return spelling < 0.7 ? spelling * 0.9 : 0.5 * spelling + 0.5 * editSimilarity(a, b);
}

function ordered(a: PersonName, b: PersonName): number {
  const last = familyNameSimilarity(a.last, b.last);
  const first = firstNames(a.first, b.first);
  const both = 0.5 * last + 0.5 * first;
  // One half that is plainly another name outweighs any likeness of the other half.
  return Math.min(last, first) < 0.75 ? Math.min(both, 0.78) : both;
}

/** Likeness of two people's names: nickname classes, initials and swapped order are understood. */
export function personSimilarity(a: PersonName, b: PersonName): number {
  const straight = ordered(a, b);
  if (straight >= 0.95) return straight;
  const joined = jaroWinkler([...a.first, a.last].join(""), [...b.first, b.last].join(""));
  const asOneWord = joined >= 0.97 ? joined * 0.97 : 0;
  if (a.first.length === 0 || b.first.length === 0) return Math.max(straight, asOneWord);
  const swapped = Math.max(ordered(turn(a), b), ordered(a, turn(b)));
  return Math.max(straight, swapped * 0.97, asOneWord);
}

/** Family and first given name exchanged, as forms and lists often have them. */
function turn(name: PersonName): PersonName {
  return { first: [name.last, ...name.first.slice(1)], last: name.first[0] ?? "" };
}

/** Equal after normalisation: same family name, same or same-class given names, all of them where both have several. */
export function samePerson(a: PersonName, b: PersonName): boolean {
  if (a.last !== b.last) return false;
  const shared = Math.min(a.first.length, b.first.length);
  if (shared === 0) return a.first.length === b.first.length;
  for (let i = 0; i < shared; i++) {
    const left = a.first[i] ?? "";
    const right = b.first[i] ?? "";
    const initial = i > 0 && (left.length === 1 || right.length === 1) && left[0] === right[0];
    if (left !== right && !shareNameClass(left, right) && !initial) return false;
  }
  return true;
}

/** A name in one line, given names first, as `normalise` answers it. */
export function personText(name: PersonName): string {
  return [...name.first, name.last].join(" ");
}

/** The first given name and every full name it may stand for, at most three: what keys are made of. */
export function firstNameKeys(name: PersonName): string[] {
  const [head] = name.first;
  if (head === undefined) return [];
  return [...new Set([head, ...nameClasses(head)])].slice(0, 3);
}
