import { fold, words } from "./fold.ts";
import { jaroWinkler } from "./similarity.ts";
import { STREET_DIRECTIONS, STREET_ORDINALS, STREET_TYPES, UNIT_WORDS } from "./street-words.ts";

export interface StreetParts {
  number: string | null;
  /** The last number of "1710-1718 Loomis"; the same as `number` for a single house. */
  lastNumber: string | null;
  direction: string | null;
  /** The street's own name, without direction and type. */
  core: string;
  type: string | null;
}

const NUMBER = /^\d{1,6}[a-z]?$/;
const GLUED_TYPE = /^(.{3,})(strasse|str)$/;

/** Takes an address line apart: house number, direction, name, type; rooms and floors are dropped. */
export function parseStreet(value: string): StreetParts | null {
  const firstLine = value.split(/[\r\n]/)[0] ?? "";
  const range = /^\s*(\d+)\s*-\s*(\d+)/.exec(firstLine);
  const ranged = firstLine.replace(/^(\s*\d+)\s*-\s*\d+/, "$1").replace(/#.*$/, "");
  let tokens = words(fold(ranged)).map((word) => STREET_ORDINALS.get(word) ?? word);
  const unit = tokens.findIndex((word, i) => i > 1 && UNIT_WORDS.has(word));
  if (unit > 0) {
    tokens = tokens.slice(0, unit);
    // "10 W 35th St 15th Floor": the ordinal belonged to the floor.
    if (tokens.length > 3 && /^\d+(st|nd|rd|th)$/.test(tokens.at(-1) ?? "")) tokens = tokens.slice(0, -1);
  }
  if (tokens.length === 0) return null;
  let number: string | null = null;
  const [head] = tokens;
  const tail = tokens.at(-1);
  if (head !== undefined && NUMBER.test(head) && tokens.length > 1) {
    number = head;
    tokens = tokens.slice(1);
  } else if (tail !== undefined && NUMBER.test(tail) && tokens.length > 1) {
    number = tail;
    tokens = tokens.slice(0, -1);
  }
  const [, from = "", to = ""] = range ?? [];
  // "8938-40" ends at 8940.
  const lastNumber = range ? from.slice(0, Math.max(0, from.length - to.length)) + to : number;
  const parts: StreetParts = { number, lastNumber, direction: null, core: "", type: null };
  const core: string[] = [];
  tokens.forEach((word, i) => {
    const direction = STREET_DIRECTIONS.get(word);
    const type = STREET_TYPES.get(word);
    const alone = tokens.length === 1;
    if (direction !== undefined && !alone && parts.direction === null && (i === 0 || i === tokens.length - 1))
      parts.direction = direction;
    else if (
      type !== undefined &&
      !alone &&
      (i > 0 || tokens.length > 2) &&
      parts.type === null &&
      (core.length > 0 || i === 0)
    )
      parts.type = type;
    else {
      const glued = GLUED_TYPE.exec(word);
      if (glued?.[1] !== undefined) parts.type = "strasse";
      core.push(glued?.[1] ?? word);
    }
  });
  parts.core = core.join(" ");
  return parts.core === "" && parts.number === null ? null : parts;
}

export function streetText(parts: StreetParts): string {
  return [parts.number, parts.direction, parts.core, parts.type]
    .filter((part) => part !== null && part !== "")
    .join(" ");
}

const agreeOrMissing = (a: string | null, b: string | null) => a === null || b === null || a === b;

/**
 * 1 for the same house, a part may be missing on one side; 0.9–0.99 for a misspelt street at the same number; 0.6–0.8 for
 * another number on the same street, nearer being more; below 0.5 for elsewhere.
 */
export function streetSimilarity(a: StreetParts, b: StreetParts): number {
  const sameDirection = agreeOrMissing(a.direction, b.direction);
  const sameType = agreeOrMissing(a.type, b.type);
  const compactA = a.core.replaceAll(" ", "");
  const compactB = b.core.replaceAll(" ", "");
  const core = compactA === compactB ? 1 : containedName(a.core, b.core) ? 0.95 : jaroWinkler(compactA, compactB);
  // "79th" and "97th" are alike as text and other streets all the same.
  const numbered = /^\d/.test(a.core) || /^\d/.test(b.core);
  const sameCore = core === 1 || (core >= 0.88 && !numbered);
  if (!sameCore) return 0.45 * core;
  const sureness = (core === 1 ? 1 : 0.94) - (sameDirection ? 0 : 0.2) - (sameType ? 0 : 0.12);
  if (a.number === null || b.number === null) return a.number === b.number ? 0.9 * sureness : 0.7 * sureness;
  if (a.number === b.number) return sureness;
  if (covers(a, b) || covers(b, a)) return 0.99 * sureness;
  const distance = Math.abs(Number.parseInt(a.number, 10) - Number.parseInt(b.number, 10));
  return Math.max(0, (distance <= 10 ? 0.8 : distance <= 100 ? 0.7 : 0.55) * sureness);
}

/** "dr martin luther king" and "king": one is how people say the other. */
function containedName(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= 4 && ` ${long} `.includes(` ${short} `);
}

/** Whether the other's number lies in this address's range of houses. */
function covers(range: StreetParts, house: StreetParts): boolean {
  const at = Number.parseInt(house.number ?? "", 10);
  return (
    range.lastNumber !== range.number &&
    at >= Number.parseInt(range.number ?? "", 10) &&
    at <= Number.parseInt(range.lastNumber ?? "", 10)
  );
}
