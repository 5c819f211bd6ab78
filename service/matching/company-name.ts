import { COMPANY_SPELLINGS } from "./company-words.ts";
import { fold, isPlaceholder, words } from "./fold.ts";
import { LEADING_FORMS, LONGEST_FORM, TRAILING_FORMS } from "./legal-forms.ts";

/** Values of a company field that name no company. */
const NO_COMPANY = new Set(
  "self|self employed|selfemployed|freelance|freelancer|individual|private|privat|personal|student|retired|unemployed|home|independent|company|household".split(
    "|",
  ),
);

/** A company's name without case, accents, punctuation, legal form and "the"; common abbreviations written out. */
export function normaliseCompany(value: string): string | null {
  const folded = fold(value.replace(/[&+]/g, " and "));
  if (isPlaceholder(folded) || NO_COMPANY.has(folded)) return null;
  let tokens = joinInitials(words(folded));
  tokens = dropLegalForms(tokens);
  if (tokens.length > 1 && tokens[0] === "the") tokens = tokens.slice(1);
  if (tokens.length > 1 && tokens.at(-1) === "the") tokens = tokens.slice(0, -1);
  const spelt = tokens.flatMap((token) => (COMPANY_SPELLINGS.get(token) ?? token).split(" "));
  return spelt.join(" ");
}

/** "j p morgan" and "jp morgan" are one name. */
function joinInitials(tokens: string[]): string[] {
  const out: string[] = [];
  let open = false;
  for (const token of tokens) {
    const single = token.length === 1 && /\p{L}/u.test(token);
    if (single && open) out[out.length - 1] = `${out.at(-1) ?? ""}${token}`;
    else out.push(token);
    open = single;
  }
  return out;
}

function dropLegalForms(given: string[]): string[] {
  let tokens = given;
  for (;;) {
    const shorter = withoutLastForm(tokens);
    if (shorter === tokens) break;
    tokens = shorter;
  }
  const [first, ...rest] = tokens;
  // A name that still has its form at the end keeps the word in front: "AB Volvo" loses it, "AB Testing Ltd" does not.
  if (first !== undefined && rest.length > 0 && tokens.length === given.length && LEADING_FORMS.has(first)) return rest;
  return tokens;
}

function withoutLastForm(tokens: string[]): string[] {
  for (let length = Math.min(LONGEST_FORM, tokens.length - 1); length > 0; length--) {
    if (!TRAILING_FORMS.has(tokens.slice(-length).join(""))) continue;
    const kept = tokens.slice(0, -length);
    while (kept.length > 1 && (kept.at(-1) === "and" || kept.at(-1) === "und")) kept.pop();
    return kept;
  }
  return tokens;
}
