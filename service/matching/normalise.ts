import { parsePhoneNumberFromString } from "libphonenumber-js";
import type { CountryCode } from "libphonenumber-js";
import { getDomain } from "tldts";
import { normaliseCompany } from "./company-name.ts";
import { fold, foldLetters, isPlaceholder, words } from "./fold.ts";
import { FREE_MAIL, SHARED_HOSTS } from "./free-mail.ts";
import type { FieldKind } from "./kinds.ts";
import { parsePersonName, personText } from "./person-name.ts";
import { isCountryCode, normaliseCountry, normaliseState } from "./places.ts";
import { parseStreet, streetText } from "./street.ts";
import { JOB_SPELLINGS, NAME_SUFFIXES, SALUTATIONS } from "./titles.ts";

export interface NormaliseOptions {
  /** ISO 3166 code for phone numbers without a country code. Default US. */
  country?: string;
}

/** The value as the field's own rule writes it; null when it says nothing (empty, a placeholder, not readable). */
export function normalise(kind: FieldKind, value: string, options: NormaliseOptions = {}): string | null {
  const trimmed = value.trim();
  if (trimmed === "") return null;
  switch (kind) {
    case "name": {
      const name = parsePersonName(trimmed);
      return name && personText(name);
    }
    case "first_name":
    case "last_name":
      return nameWords(trimmed);
    case "email":
      return normaliseEmail(trimmed);
    case "phone":
      return normalisePhone(trimmed, options.country ?? "US");
    case "domain":
    case "website":
      return normaliseDomain(trimmed);
    case "company":
      return normaliseCompany(trimmed);
    case "street": {
      const street = isPlaceholder(fold(trimmed)) ? null : parseStreet(trimmed);
      return street && streetText(street);
    }
    case "city":
      return city(fold(trimmed));
    case "state":
      return meaningful(normaliseState(fold(trimmed)));
    case "postal_code":
      return normalisePostalCode(trimmed);
    case "country":
      return meaningful(normaliseCountry(fold(trimmed)));
    case "linkedin":
      return normaliseLinkedIn(trimmed);
    case "title":
      return meaningful(
        words(fold(trimmed))
          .map((word) => JOB_SPELLINGS.get(word) ?? word)
          .join(" "),
      );
    case "other":
      return fold(trimmed) || null;
  }
}

const meaningful = (folded: string): string | null => (isPlaceholder(folded) ? null : folded);

function nameWords(value: string): string | null {
  const folded = fold(value.replaceAll(".", " "));
  if (isPlaceholder(folded)) return null;
  let tokens = words(folded);
  while (tokens.length > 1 && SALUTATIONS.has(tokens[0] ?? "")) tokens = tokens.slice(1);
  while (tokens.length > 1 && NAME_SUFFIXES.has(tokens.at(-1) ?? "")) tokens = tokens.slice(0, -1);
  return tokens.join(" ");
}

function normaliseEmail(value: string): string | null {
  const at = value.lastIndexOf("@");
  const local = value.slice(0, at).toLowerCase().split("+")[0]?.trim() ?? "";
  const domain = value
    .slice(at + 1)
    .toLowerCase()
    .trim();
  if (at < 1 || local === "" || !domain.includes(".") || /\s/.test(local + domain)) return null;
  return `${local}@${domain === "googlemail.com" ? "gmail.com" : domain}`;
}

/** The country a phone number is read in: what the record says, when that names a country. */
export function phoneCountry(country: string | null, fallback: string): string {
  const code = country === null ? null : normalise("country", country);
  return code !== null && isCountryCode(code) ? code.toUpperCase() : fallback;
}

function normalisePhone(value: string, country: string): string | null {
  const parsed = parsePhoneNumberFromString(value, country as CountryCode);
  if (parsed?.isPossible()) return parsed.number;
  const digits = value.replace(/\D/g, "");
  // Local numbers are kept as they are; "0000000" is how people skip a required field.
  return digits.length >= 7 && !/^(\d)\1+$/.test(digits) ? digits : null;
}

function normaliseDomain(value: string): string | null {
  const address = value.includes("@") ? value.slice(value.lastIndexOf("@") + 1) : value;
  return getDomain(address.trim().toLowerCase());
}

/** The registrable domain an e-mail address or website belongs to, when it is a company's own. */
export function companyDomain(value: string): string | null {
  const domain = normaliseDomain(value);
  return domain === null || FREE_MAIL.has(domain) || SHARED_HOSTS.has(domain) ? null : domain;
}

function city(folded: string): string | null {
  const tokens = words(folded).map((word, i) =>
    i === 0 && word === "st" ? "saint" : word === "ft" ? "fort" : word === "mt" ? "mount" : word,
  );
  return meaningful(tokens.join(" "));
}

function normalisePostalCode(value: string): string | null {
  const compact = foldLetters(value).replace(/[^\p{L}\p{N}]/gu, "");
  // ZIP+4: the first five digits say which place.
  const zip = /^\d{5}-?\s*\d{4}$/.test(value) ? compact.slice(0, 5) : compact;
  return zip === "" || /^0+$/.test(zip) ? null : meaningful(zip);
}

function normaliseLinkedIn(value: string): string | null {
  const url = /(?:^|linkedin\.com\/)((?:in|pub|company|school)\/[^/?#\s]+)/i.exec(value)?.[1];
  const path = url ?? (/^[\w-]{3,}$/.test(value) ? `in/${value}` : null);
  if (path === null) return null;
  return foldLetters(safeDecode(path)).replace(/^pub\//, "in/");
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
