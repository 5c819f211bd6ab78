import { wordWeight } from "./company-words.ts";
import { familyNameSimilarity, firstNameSimilarity, personSimilarity, samePerson } from "./person-name.ts";
import { shareNameClass } from "./nicknames.ts";
import type { Form, Prepared } from "./prepare.ts";
import type { Comparator } from "./rules.ts";
import { cosine, jaroWinkler, oneSlip } from "./similarity.ts";
import { streetSimilarity } from "./street.ts";

export interface Comparison {
  /** 0–1 by the field's own measure; 0 when either side has no value. */
  similarity: number;
  /** Equal after the field's own normalisation. */
  same: boolean;
  /** The words of one are all found, in order, in the other. */
  contained: boolean;
  /** The values compared, as they came; null when a side has none. */
  candidate: string | null;
  record: string | null;
  /** The normalised pair behind the best similarity. */
  forms?: [Form, Form];
}

const NOT_COMPARABLE = { similarity: 0, same: false, contained: false };

/** Compares a field of two records: the best pair where a side has several values. Null never matches null. */
export function compareField(a: Prepared, b: Prepared, field: string): Comparison {
  let best: Comparison | undefined;
  for (const left of a.forms(field)) {
    for (const right of b.forms(field)) {
      const similarity = similarityOf(left, right);
      if (best && similarity <= best.similarity) continue;
      const same = sameValue(left, right);
      best = {
        similarity: same ? 1 : Math.min(similarity, 0.999),
        same,
        contained: same || containsEither(left, right),
        candidate: left.raw,
        record: right.raw,
        forms: [left, right],
      };
      if (same) return best;
    }
  }
  return best ?? { ...NOT_COMPARABLE, candidate: a.raw(field)[0] ?? null, record: b.raw(field)[0] ?? null };
}

/** Whether the comparator holds for a field that was compared. */
export function holds(comparator: Comparator, a: Prepared, b: Prepared, field: string, seen: Comparison): boolean {
  switch (comparator.kind) {
    case "exact": {
      const values = b.raw(field);
      return a.raw(field).some((value) => values.includes(value));
    }
    case "eq":
      return seen.same;
    case "contains":
      return seen.contained;
    case "fuzzy":
      return seen.forms !== undefined && seen.similarity >= comparator.atLeast;
  }
}

function sameValue(a: Form, b: Form): boolean {
  if (a.norm === b.norm) return true;
  switch (a.kind) {
    case "company":
    case "city":
      return a.compact === b.compact;
    case "name":
      return a.person !== undefined && b.person !== undefined && samePerson(a.person, b.person);
    case "first_name":
      return shareNameClass(a.norm, b.norm);
    case "street":
      return a.street !== undefined && b.street !== undefined && streetSimilarity(a.street, b.street) === 1;
    default:
      return false;
  }
}

const SHORTEST_CONTAINED = 3;

function containsEither(a: Form, b: Form): boolean {
  const [short, long] = a.norm.length <= b.norm.length ? [a, b] : [b, a];
  if (short.compact.length < SHORTEST_CONTAINED) return false;
  if (a.kind === "email" || a.kind === "domain" || a.kind === "website" || a.kind === "other" || a.kind === "phone") {
    return long.norm.includes(short.norm);
  }
  // Whole words: "art" is not contained in "walmart".
  return ` ${long.norm} `.includes(` ${short.norm} `);
}

/** How alike two values of one kind are, by the measure made for that kind. */
export function similarityOf(a: Form, b: Form): number {
  if (a.norm === b.norm) return 1;
  switch (a.kind) {
    case "name":
      return a.person && b.person ? personSimilarity(a.person, b.person) : jaroWinkler(a.norm, b.norm);
    case "first_name":
      return firstNameSimilarity(a.norm, b.norm);
    case "last_name":
      return familyNameSimilarity(a.compact, b.compact);
    case "company":
      return companySimilarity(a, b);
    case "street":
      return a.street && b.street ? streetSimilarity(a.street, b.street) : jaroWinkler(a.norm, b.norm);
    case "email":
      return emailSimilarity(a.norm, b.norm);
    case "phone":
      return phoneSimilarity(a.norm, b.norm);
    case "postal_code":
      return a.norm.startsWith(b.norm) || b.norm.startsWith(a.norm)
        ? 0.9
        : oneSlip(a.norm, b.norm)
          ? 0.8
          : 0.3 * jaroWinkler(a.norm, b.norm);
    case "domain":
    case "website":
      return domainSimilarity(a.norm, b.norm);
    case "linkedin":
    case "country":
    case "state":
      return 0;
    default:
      return Math.max(jaroWinkler(a.norm, b.norm), jaroWinkler(a.sorted, b.sorted));
  }
}

/** Trigram cosine and Jaro–Winkler in equal parts, lowered where both names have a word of their own the other lacks. */
function companySimilarity(a: Form, b: Form): number {
  if (a.compact === b.compact) return 1;
  const grams = a.grams && b.grams ? cosine(a.grams, b.grams) : 0;
  const joined = jaroWinkler(a.compact, b.compact);
  // Names that share next to nothing need no closer look: most pairs of a block are such.
  if (grams < FEW_GRAMS) return 0.5 * grams + 0.5 * joined;
  const spelling =
    a.tokens.length > 1 || b.tokens.length > 1 ? Math.max(joined, jaroWinkler(a.sorted, b.sorted)) : joined;
  const agreed = 0.5 * grams + 0.5 * spelling;
  if (agreed < 0.4) return agreed;
  const apart = contradict(a, b) ? MARKED_APART : 1;
  const left = unmatchedWeight(a, b);
  const right = unmatchedWeight(b, a);
  // Word for word the same but for slips: short words have too few trigrams to show it.
  if (left === 0 && right === 0 && a.tokens.length === b.tokens.length)
    return Math.max(agreed, 0.98 * spelling) * apart;
  // "Easter Seals Near South" and "Easter Seals Gilchrist" share most letters and are two places: what each says that
  // the other contradicts counts. A name that merely says more contradicts nothing.
  return agreed * (1 - 0.6 * Math.min(left, right)) * apart;
}

const FEW_GRAMS = 0.15;
const MARKED_APART = 0.8;

/** The share of a name, by what its words say, that has no counterpart in the other. */
function unmatchedWeight(a: Form, b: Form): number {
  let total = 0;
  let unmatched = 0;
  for (const [i, token] of a.tokens.entries()) {
    const weight = a.weights?.[i] ?? wordWeight(token);
    total += weight;
    if (!b.compact.includes(token) && !b.tokens.some((other) => alikeWord(token, other))) unmatched += weight;
  }
  return total === 0 ? 0 : unmatched / total;
}

function alikeWord(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.length < 3 || b.length < 3) return a[0] === b[0] && (a.length === 1 || b.length === 1);
  // Numbers name things: "Store 12" is not a misspelt "Store 14".
  if (isDigit(a) || isDigit(b) || Math.abs(a.length - b.length) > 3) return false;
  if (a.length >= 5 && oneSlip(a, b)) return true;
  return (a[0] === b[0] || a.at(-1) === b.at(-1)) && jaroWinkler(a, b) >= 0.87;
}

const isDigit = (word: string) => word.charCodeAt(0) >= 48 && word.charCodeAt(0) <= 57;

/** Words that tell sister places apart: each class says which one of several is meant. */
const MARKERS = [/^\d+$|^(?:ii|iii|iv|vi|vii|viii)$/, /^(?:north|south|east|west|northern|southern|eastern|western)$/];

/** Whether both names carry a mark of one class ("II" and "III", "East" and "West") and the marks differ. */
export function contradict(a: Form, b: Form): boolean {
  return MARKERS.some((marker) => {
    const left = a.tokens.filter((token) => marker.test(token));
    if (left.length === 0) return false;
    const right = b.tokens.filter((token) => marker.test(token));
    return right.length > 0 && !left.some((token) => right.includes(token));
  });
}

function emailSimilarity(a: string, b: string): number {
  const [localA = "", domainA = ""] = a.split("@");
  const [localB = "", domainB = ""] = b.split("@");
  if (localA === localB) return domainSimilarity(domainA, domainB) >= 0.9 ? 0.95 : 0.8;
  if (domainA === domainB)
    return oneSlip(localA, localB) && localA.length > 5 ? 0.9 : 0.5 * jaroWinkler(localA, localB);
  return 0.4 * jaroWinkler(a, b);
}

function domainSimilarity(a: string, b: string): number {
  if (a === b) return 1;
  const [nameA = ""] = a.split(".");
  const [nameB = ""] = b.split(".");
  if (nameA === nameB) return nameA.length > 3 ? 0.9 : 0.6;
  return oneSlip(a, b) && a.length > 8 ? 0.9 : 0.6 * jaroWinkler(nameA, nameB);
}

const LOCAL_DIGITS = 7;

function phoneSimilarity(a: string, b: string): number {
  const left = a.replace("+", "");
  const right = b.replace("+", "");
  const [short, long] = left.length <= right.length ? [left, right] : [right, left];
  // One of them came without its country or area code.
  if (long.length !== short.length && long.endsWith(short.replace(/^0/, "")) && short.length >= LOCAL_DIGITS)
    return 0.95;
  return oneSlip(left, right) ? 0.85 : 0.5 * jaroWinkler(left, right);
}
