/** Text as comparisons see it: one case, no accents, no punctuation, single spaces. */

/** Letters that Unicode does not decompose into a base letter and a mark. */
const PLAIN_LETTERS: Record<string, string> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  þ: "th",
  ı: "i",
  ħ: "h",
  ŧ: "t",
  ĸ: "k",
  ŋ: "n",
  ə: "e",
};

const MARKS = /\p{M}+/gu;
const SPECIAL = /[ßæœøłđðþıħŧĸŋə]/gu;
// A question mark between letters is what broken encodings leave of an apostrophe: "Children?s".
const APOSTROPHES = /['’‘`´ʼ]|(?<=\p{L})\?(?=s\b)/gu;
const DOTTED = /(?<![\p{L}\p{N}])(?:\p{L}\.){2,}\p{L}?(?![\p{L}\p{N}])/gu;
// Zero-width spaces, soft hyphens and control characters come along with pasted text; line breaks and tabs separate.
const INVISIBLE = /\p{Cf}|(?!\s)\p{Cc}/gu;
const SEPARATORS = /[^\p{L}\p{N}]+/gu;
const ASCII_ONLY = /^[\x20-\x7e]*$/;

/** Lower case without accents; punctuation stays. */
export function foldLetters(text: string): string {
  const lower = text.toLowerCase();
  if (ASCII_ONLY.test(lower)) return lower;
  return lower
    .normalize("NFKD")
    .replace(INVISIBLE, "")
    .replace(MARKS, "")
    .replace(SPECIAL, (letter) => PLAIN_LETTERS[letter] ?? letter);
}

/** Words of letters and digits, one space apart. Dotted abbreviations close up: "S.p.A." is "spa". */
export function fold(text: string): string {
  return foldLetters(text)
    .replace(APOSTROPHES, "")
    .replace(DOTTED, (dotted) => dotted.replaceAll(".", ""))
    .replace(SEPARATORS, " ")
    .trim();
}

/** The words of a folded text; none for an empty one. */
export function words(folded: string): string[] {
  return folded === "" ? [] : folded.split(" ");
}

/** What forms hold when nobody knew: such a value says nothing and never matches another of its kind. */
const PLACEHOLDERS = new Set(
  (
    "unknown|not known|not provided|not available|not applicable|not specified|not given|none|null|nil|n a|na|n k|tbd|tba|tbc|" +
    "test|testing|asdf|xxx|xx|x|no name|noname|no company|no last name|no lastname|undefined|unbekannt|inconnu|desconocido|" +
    "sconosciuto|onbekend|nieznany|ukendt|okand|keine angabe|k a|sin nombre|lead|anonymous|default|blank|empty|other|please update"
  ).split("|"),
);

export function isPlaceholder(folded: string): boolean {
  return folded === "" || PLACEHOLDERS.has(folded);
}
