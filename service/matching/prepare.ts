import { COMMON_WORDS, wordWeight } from "./company-words.ts";
import { FieldReader, kindOf, valuesOfCandidate, valuesOfRow } from "./fields.ts";
import type { FlatFields, MatchObject } from "./fields.ts";
import { words } from "./fold.ts";
import type { FieldKind } from "./kinds.ts";
import { normalise, phoneCountry } from "./normalise.ts";
import { parsePersonName } from "./person-name.ts";
import type { PersonName } from "./person-name.ts";
import { gramsOf } from "./similarity.ts";
import type { Grams } from "./similarity.ts";
import { parseStreet } from "./street.ts";
import type { StreetParts } from "./street.ts";

/** One value of a field with all that comparing it needs, worked out once. */
export interface Form {
  kind: FieldKind;
  raw: string;
  norm: string;
  tokens: string[];
  /** Without spaces: "tiny tots" and "tinytots" are one name. */
  compact: string;
  sorted: string;
  /** Words that say which one is meant. */
  distinctive: string[];
  grams?: Grams;
  weights?: number[];
  person?: PersonName;
  street?: StreetParts;
}

/** A record or a candidate whose values are normalised on first use and kept. */
export interface Prepared {
  object: MatchObject;
  /** The usable values of a field, best first; none when it is empty or says nothing. */
  forms(field: string): readonly Form[];
  /** The values as they came, for byte-exact comparison. */
  raw(field: string): readonly string[];
}

const NOTHING: readonly never[] = [];

function makeForm(kind: FieldKind, raw: string, country: string): Form | null {
  const norm = normalise(kind, raw, { country });
  if (norm === null || norm === "") return null;
  const tokens = words(norm);
  const form: Form = {
    kind,
    raw,
    norm,
    tokens,
    compact: tokens.join(""),
    sorted: tokens.toSorted().join(" "),
    distinctive: tokens,
  };
  if (kind === "company") {
    const own = tokens.filter((word) => !COMMON_WORDS.has(word) && (word.length > 1 || /\d/.test(word)));
    form.distinctive = own;
    form.weights = tokens.map(wordWeight);
    form.grams = gramsOf(tokens, wordWeight);
  } else if (kind === "name") {
    const person = parsePersonName(raw);
    if (person) form.person = person;
  } else if (kind === "street") {
    const street = parseStreet(raw);
    if (street) form.street = street;
  }
  return form;
}

function prepare(object: MatchObject, values: (field: string) => string[], fallbackCountry: string): Prepared {
  const raws = new Map<string, readonly string[]>();
  const forms = new Map<string, readonly Form[]>();
  const raw = (field: string) => {
    let known = raws.get(field);
    if (!known) raws.set(field, (known = values(field)));
    return known;
  };
  return {
    object,
    raw,
    forms(field) {
      const known = forms.get(field);
      if (known) return known;
      const given = raw(field);
      let made: readonly Form[] = NOTHING;
      if (given.length > 0) {
        const kind = kindOf(object, field);
        const country = kind === "phone" ? phoneCountry(raw("country")[0] ?? null, fallbackCountry) : fallbackCountry;
        made = given.map((value) => makeForm(kind, value, country)).filter((form) => form !== null);
      }
      forms.set(field, made);
      return made;
    },
  };
}

export interface PrepareOptions {
  /** ISO 3166 code for phone numbers of records that name no country. Default US. */
  country?: string;
}

// Keyed by the fields object itself: a record that meets many candidates is normalised once, and so is a candidate that
// is first looked up and then scored. Nobody changes such an object after it was read, so what is kept stays true.
const rows = new WeakMap<FlatFields, Map<string, Prepared>>();
const candidates = new WeakMap<FlatFields, Map<string, Prepared>>();

function kept(
  cache: WeakMap<FlatFields, Map<string, Prepared>>,
  object: MatchObject,
  fields: FlatFields,
  country: string,
  read: (reader: FieldReader, field: string) => string[],
): Prepared {
  let known = cache.get(fields);
  if (!known) cache.set(fields, (known = new Map<string, Prepared>()));
  const key = `${object}:${country}`;
  let prepared = known.get(key);
  if (!prepared) {
    const reader = new FieldReader(fields);
    known.set(key, (prepared = prepare(object, (field) => read(reader, field), country)));
  }
  return prepared;
}

/** A Salesforce row, ready to be compared; the same row object answers with the same preparation. */
export function prepareRow(object: MatchObject, fields: FlatFields, options: PrepareOptions = {}): Prepared {
  return kept(rows, object, fields, options.country ?? "US", (reader, field) => valuesOfRow(object, reader, field));
}

/** A candidate (a request's flat object, or a row of another object) seen as what it is searched among. */
export function prepareCandidate(object: MatchObject, fields: FlatFields, options: PrepareOptions = {}): Prepared {
  const country = options.country ?? "US";
  return kept(candidates, object, fields, country, (reader, field) => valuesOfCandidate(object, reader, field));
}
