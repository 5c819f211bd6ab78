/** Who is asked about: a person or a company, normalised so that the same question is asked once. Pure. */
import { getDomain } from "tldts";

export interface PersonIdentity {
  kind: "person";
  email: string | null;
  /** First and last name, folded. */
  name: string | null;
  /** Folded, without its legal form. */
  company: string | null;
  /** The employer's registrable domain. */
  domain: string | null;
}

export interface CompanyIdentity {
  kind: "company";
  name: string | null;
  domain: string | null;
}

export type Identity = PersonIdentity | CompanyIdentity;

/** What is asked about one record; a part is null when the record says too little to recognise anybody by. */
export interface Question {
  object: string;
  person: PersonIdentity | null;
  company: CompanyIdentity | null;
}

/** The question a record's values pose. */
export function questionOf(object: string, row: Record<string, unknown>): Question {
  const said = (field: string): string | null => spoken(valueAt(row, field));
  if (object === "Lead") {
    const given = { email: said("Email"), company: said("Company"), website: said("Website") };
    return {
      object,
      person: personIdentity({ ...given, firstName: said("FirstName"), lastName: said("LastName") }),
      company: companyIdentity({ ...given, name: given.company }),
    };
  }
  if (object === "Contact")
    return {
      object,
      person: personIdentity({
        email: said("Email"),
        firstName: said("FirstName"),
        lastName: said("LastName"),
        company: said("Account.Name"),
        website: said("Account.Website"),
      }),
      company: null,
    };
  if (object === "Account")
    return { object, person: null, company: companyIdentity({ name: said("Name"), website: said("Website") }) };
  return { object, person: null, company: null };
}

export interface PersonSaid {
  email?: string | null;
  firstName?: string | null;
  lastName?: string | null;
  company?: string | null;
  website?: string | null;
}

/** Null unless there is an e-mail address, or a full name with an employer. */
export function personIdentity(said: PersonSaid): PersonIdentity | null {
  const email = normalEmail(said.email);
  const name = normalName(said.firstName, said.lastName);
  const company = normalCompany(said.company);
  const domain = domainOfEmail(email) ?? normalDomain(said.website);
  if (email === null && (name === null || (company === null && domain === null))) return null;
  return { kind: "person", email, name, company, domain };
}

/** Null unless there is a name or a domain. */
export function companyIdentity(said: {
  name?: string | null;
  website?: string | null;
  email?: string | null;
}): CompanyIdentity | null {
  const name = normalCompany(said.name);
  const domain = normalDomain(said.website) ?? domainOfEmail(normalEmail(said.email));
  return name === null && domain === null ? null : { kind: "company", name, domain };
}

/** The name a question goes by in the cache. */
export const identityKey = (identity: Identity): string => JSON.stringify(identity);

export function normalEmail(text: string | null | undefined): string | null {
  const email = text?.trim().toLowerCase() ?? "";
  return /^[^\s@<>,;"()]+@[^\s@.<>,;"()]+(\.[^\s@.<>,;"()]+)+$/.test(email) ? email : null;
}

/** The registrable domain of a URL or a bare host. */
export function normalDomain(text: string | null | undefined): string | null {
  const domain = text ? getDomain(text.trim().toLowerCase()) : null;
  return domain && !freeMail.has(domain) ? domain : null;
}

export function normalName(first: string | null | undefined, last: string | null | undefined): string | null {
  const [f, l] = [fold(first ?? ""), fold(last ?? "")];
  return f === "" || l === "" ? null : `${f} ${l}`;
}

export function normalCompany(text: string | null | undefined): string | null {
  const words = fold(
    (text ?? "").replace(/&/g, " and ").replace(/\b(?:\p{L}\.){2,}/gu, (s) => s.replace(/\./g, "")),
  ).split(" ");
  if (words.length > 1 && words[0] === "the") words.shift();
  while (words.length > 1 && legalForms.has(words.at(-1) ?? "")) words.pop();
  return words.join(" ") || null;
}

/** One case, no accents, no punctuation, single spaces. */
export const fold = (text: string): string =>
  text
    // Compatibility forms first: some of them decompose into capitals.
    .normalize("NFKD")
    .toLowerCase()
    .replace(/ß/g, "ss")
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replace(/['’]/g, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/** What forms and imports write where nothing is known. */
export const isPlaceholder = (text: string): boolean =>
  /^\[?\s*(not provided|unknown|none|n\/?a|not available|null|-+|\.+)\s*\]?$/i.test(text.trim());

function domainOfEmail(email: string | null): string | null {
  return email === null ? null : normalDomain(email.slice(email.indexOf("@") + 1));
}

const spoken = (value: unknown): string | null =>
  typeof value === "string" && value.trim() !== "" && !isPlaceholder(value) ? value : null;

/** `Account.Name`, nested as REST answers it or flat as the mirror keeps it. */
function valueAt(row: Record<string, unknown>, path: string): unknown {
  if (path in row) return row[path];
  return path
    .split(".")
    .reduce<unknown>((at, part) => (at !== null && typeof at === "object" ? Reflect.get(at, part) : undefined), row);
}

const legalForms = new Set(
  "inc incorporated corp corporation co company llc llp lp ltd limited plc gmbh ag kg ohg ug mbh sa sas sarl srl spa bv nv ab as asa aps oy oyj kk pty pte pvt sl sro doo".split(
    " ",
  ),
);

/** Addresses there belong to persons, not to an employer. */
const freeMail = new Set(
  (
    "gmail.com googlemail.com yahoo.com yahoo.co.uk ymail.com hotmail.com hotmail.co.uk outlook.com live.com msn.com aol.com icloud.com me.com " +
    "mac.com proton.me protonmail.com gmx.de gmx.net gmx.com web.de t-online.de mail.ru yandex.ru qq.com 163.com 126.com orange.fr free.fr " +
    "laposte.net libero.it comcast.net verizon.net att.net sbcglobal.net btinternet.com zoho.com fastmail.com mail.com naver.com uol.com.br"
  ).split(" "),
);
