import { kindOf } from "./fields.ts";
import type { FlatFields, MatchObject } from "./fields.ts";
import { firstNameKeys } from "./person-name.ts";
import { prepareCandidate, prepareRow } from "./prepare.ts";
import type { Form, Prepared, PrepareOptions } from "./prepare.ts";
import type { ParsedRules, Rule } from "./rules.ts";

/** The most keys a record has; past it the least telling are left out. */
export const MAX_KEYS = 24;

const MAX_TOKENS = 4;
const GRAM_TOKENS = 2;
const GRAM_LENGTH = 7;

/**
 * Keys under which a record of the object is found: two records that share one are compared. Most telling first:
 * `email: linkedin: phone: domain: name: company: street: zipname: ctok: pgram: cgram:`.
 */
export function blockKeys(object: MatchObject, fields: FlatFields, options: PrepareOptions = {}): string[] {
  return allKeys(prepareRow(object, fields, options)).slice(0, MAX_KEYS);
}

/** Keys to look a candidate up by: those that could lead to a record for which one of the groups holds. */
export function lookupKeys(
  object: MatchObject,
  rules: ParsedRules,
  candidate: FlatFields,
  options: PrepareOptions = {},
): string[] {
  const prepared = prepareCandidate(object, candidate, options);
  const keys = new Set<string>();
  // Groups name the same fields again and again.
  const known = new Map<string, string[]>();
  const keysOf = (field: string, equal: boolean) => {
    const id = `${field}:${equal ? "equal" : "alike"}`;
    const made = known.get(id) ?? keysFor(prepared, field, equal);
    known.set(id, made);
    return made;
  };
  for (const group of rules.groups) {
    if (!canHold(prepared, group)) continue;
    for (const key of groupKeys(keysOf, () => allKeys(prepared), group)) keys.add(key);
  }
  return [...keys];
}

/** A group with a rule on a field that the candidate does not have holds for nobody. */
function canHold(candidate: Prepared, group: Rule[]): boolean {
  return group.every((rule) => rule.fields.every((field) => candidate.raw(field).length > 0));
}

function groupKeys(
  keysOf: (field: string, equal: boolean) => string[],
  everything: () => string[],
  group: Rule[],
): string[] {
  const perRule = group.flatMap((rule) =>
    rule.fields.map((field) => {
      const equal = rule.comparator.kind === "exact" || rule.comparator.kind === "eq";
      return { equal, keys: keysOf(field, equal) };
    }),
  );
  // All rules of a group must hold, so one that asks for equality finds every record the group can hold for.
  const complete = perRule.filter((rule) => rule.equal && rule.keys.length > 0);
  const [fewest] = complete.toSorted((a, b) => telling(a.keys) - telling(b.keys));
  if (fewest) return fewest.keys;
  const found = perRule.flatMap((rule) => rule.keys);
  // Nothing in the group can be looked up (a city, a field of the org's own): what else is known must do.
  return found.length > 0 ? found : everything();
}

const ORDER = [
  "email",
  "linkedin",
  "phone",
  "domain",
  "name",
  "company",
  "street",
  "zipname",
  "ctok",
  "pgram",
  "cgram",
];
const telling = (keys: string[]) => Math.min(...keys.map((key) => ORDER.indexOf(key.slice(0, key.indexOf(":")))));

function allKeys(of: Prepared): string[] {
  const person = of.object !== "account";
  const keys = [
    ...keysFor(of, "email", true),
    ...keysFor(of, "linkedin", true),
    ...keysFor(of, "phone", true),
    ...keysFor(of, "domain", true),
    ...(person ? keysFor(of, "name", true) : []),
    ...keysFor(of, "company", true),
    ...keysFor(of, "street", true),
    ...zipNames(of),
    ...of.forms("company").flatMap(companyTokens),
    ...(person ? of.forms("name").flatMap(personGrams) : []),
    ...of.forms("company").flatMap(companyGrams),
  ];
  return [...new Set(keys)];
}

/** The keys a field's values give; with `equal` only those that equal values are sure to share. */
function keysFor(of: Prepared, field: string, equal: boolean): string[] {
  const forms = of.forms(field);
  switch (kindOf(of.object, field)) {
    case "email":
      return forms.map((form) => `email:${form.norm}`);
    case "linkedin":
      return forms.map((form) => `linkedin:${form.norm}`);
    case "phone":
      // The last seven digits: with and without country and area code are one key.
      return [...new Set(forms.map((form) => `phone:${form.norm.slice(-7)}`))];
    case "domain":
    case "website":
      return of.forms("domain").map((form) => `domain:${form.norm}`);
    case "company": {
      const keys = forms.map((form) => `company:${form.compact}`);
      return equal ? keys : [...keys, ...forms.flatMap(companyTokens), ...forms.flatMap(companyGrams), ...zipNames(of)];
    }
    case "name": {
      const keys = forms.flatMap(nameKeys);
      return equal ? keys : [...keys, ...forms.flatMap(personGrams), ...zipNames(of)];
    }
    case "last_name":
      return equal ? [] : of.forms("name").flatMap(personGrams);
    case "street":
      return forms.flatMap(streetKeys);
    default:
      return [];
  }
}

/** The words of a person's name in order of the alphabet, once for each full name a nickname may stand for. */
function nameKeys(form: Form): string[] {
  const { person } = form;
  if (!person) return [];
  const firsts = firstNameKeys(person);
  if (firsts.length === 0) return [`name:${person.last}`];
  return firsts.map((first) => `name:${[first, person.last].toSorted().join(" ")}`);
}

function streetKeys(form: Form): string[] {
  const { street } = form;
  if (!street || street.core === "") return [];
  const head = street.core.replaceAll(" ", "").slice(0, 4);
  const numbers = new Set([street.number ?? "", street.lastNumber ?? ""]);
  return [...numbers].map((number) => `street:${number}${head}`);
}

function zipNames(of: Prepared): string[] {
  const [zip] = of.forms("postal_code");
  if (!zip) return [];
  const word =
    of.object === "account"
      ? (of.forms("company")[0]?.distinctive[0] ?? of.forms("company")[0]?.tokens[0])
      : of.forms("name")[0]?.person?.last;
  return word === undefined ? [] : [`zipname:${zip.norm.slice(0, 5)}${word.slice(0, 4)}`];
}

/** The company's own words, longest first since they are rarest; common ones only where it has no other. */
function companyTokens(form: Form): string[] {
  const own = form.distinctive.filter((token) => token.length >= 3);
  const chosen = own.length > 0 ? own : form.tokens.filter((token) => token.length >= 3);
  return [...new Set(chosen)]
    .toSorted((a, b) => b.length - a.length)
    .slice(0, MAX_TOKENS)
    .map((token) => `ctok:${token}`);
}

function companyGrams(form: Form): string[] {
  const own = form.distinctive.filter((token) => token.length >= 4);
  return own.slice(0, GRAM_TOKENS).flatMap((token) => deletions(token).map((cut) => `cgram:${cut}`));
}

function personGrams(form: Form): string[] {
  const { person } = form;
  if (!person || person.last.length < 3) return [];
  const initial = person.first[0]?.[0] ?? "";
  return deletions(person.last).map((cut) => `pgram:${initial}${cut}`);
}

/** The word cut at seven letters, and that with each letter left out: words one slip apart share one of them. */
function deletions(token: string): string[] {
  const cut = token.slice(0, GRAM_LENGTH);
  const keys = new Set([cut]);
  if (cut.length > 3) for (let i = 0; i < cut.length; i++) keys.add(cut.slice(0, i) + cut.slice(i + 1));
  return [...keys];
}
