import type { JsonValue, MirrorFields } from "../store/json.ts";
import { CONTRACT_FIELDS, isContractField } from "./kinds.ts";
import type { ContractField, FieldKind } from "./kinds.ts";
import { companyDomain } from "./normalise.ts";

export type MatchObject = "lead" | "contact" | "account";
/** What a request sends or a Salesforce row holds: names in any case, values as they came. */
export type FlatFields = Readonly<Record<string, JsonValue | undefined>>;

/** The object's name in lower case; undefined for an object that matching does not search. */
export function findMatchObject(name: string): MatchObject | undefined {
  const lower = name.toLowerCase();
  return lower === "lead" || lower === "contact" || lower === "account" ? lower : undefined;
}

const LINKEDIN = [
  "LinkedIn__c",
  "LinkedIn_URL__c",
  "LinkedIn_Url__c",
  "LinkedIn_Profile__c",
  "LinkedInUrl__c",
  "LinkedIn",
];

/** Which columns of a row hold a contract field, best first. `name` and `domain` are made up from several. */
const COLUMNS: Record<MatchObject, Partial<Record<ContractField, string[]>>> = {
  lead: {
    name: ["Name"],
    first_name: ["FirstName"],
    last_name: ["LastName"],
    email: ["Email"],
    phone: ["Phone", "MobilePhone"],
    company: ["Company"],
    website: ["Website"],
    street: ["Street"],
    city: ["City"],
    state: ["State", "StateCode"],
    postal_code: ["PostalCode"],
    country: ["Country", "CountryCode"],
    linkedin: LINKEDIN,
    title: ["Title"],
  },
  contact: {
    name: ["Name"],
    first_name: ["FirstName"],
    last_name: ["LastName"],
    email: ["Email"],
    phone: ["Phone", "MobilePhone", "HomePhone", "OtherPhone"],
    company: ["Account.Name"],
    website: ["Account.Website"],
    street: ["MailingStreet", "OtherStreet"],
    city: ["MailingCity", "OtherCity"],
    state: ["MailingState", "MailingStateCode", "OtherState"],
    postal_code: ["MailingPostalCode", "OtherPostalCode"],
    country: ["MailingCountry", "MailingCountryCode", "OtherCountry"],
    linkedin: LINKEDIN,
    title: ["Title"],
  },
  account: {
    name: ["Name"],
    company: ["Name"],
    email: ["PersonEmail"],
    phone: ["Phone"],
    website: ["Website"],
    street: ["BillingStreet", "ShippingStreet"],
    city: ["BillingCity", "ShippingCity"],
    state: ["BillingState", "BillingStateCode", "ShippingState"],
    postal_code: ["BillingPostalCode", "ShippingPostalCode"],
    country: ["BillingCountry", "BillingCountryCode", "ShippingCountry"],
    linkedin: LINKEDIN,
  },
};

/** How a candidate that is no Salesforce row may spell a field, beside the contract's own name. */
const SPELLINGS: Partial<Record<ContractField, string[]>> = {
  name: ["full_name", "fullname"],
  first_name: ["given_name"],
  last_name: ["surname", "family_name"],
  phone: ["mobile", "mobile_phone"],
  company: ["company_name", "account_name", "organization", "organisation"],
  website: ["url"],
  street: ["address"],
  postal_code: ["zip", "zip_code", "postcode"],
  linkedin: ["linkedin_url"],
  title: ["job_title"],
};

const kindByColumn = new Map<string, ContractField>();
for (const object of ["account", "contact", "lead"] as const) {
  for (const [field, columns] of Object.entries(COLUMNS[object])) {
    for (const column of columns) if (isContractField(field)) kindByColumn.set(column.toLowerCase(), field);
  }
}

/** What a field named in a rule holds, seen from the object that is searched: an account's `name` is a company. */
export function kindOf(object: MatchObject, field: string): FieldKind {
  const lower = field.toLowerCase();
  const kind = isContractField(lower) ? lower : (kindByColumn.get(lower) ?? "other");
  return object === "account" && kind === "name" ? "company" : kind;
}

/** The columns a query must fetch so that this contract field can be read; the name itself for an API name. */
export function columnsOf(object: MatchObject, field: string): string[] {
  if (!isContractField(field)) return [field];
  const columns = COLUMNS[object];
  if (field === "domain") return [...(columns.website ?? []), ...(columns.email ?? [])];
  if (field === "name" && object !== "account") return ["Name", "FirstName", "LastName"];
  return (columns[field] ?? []).filter((column) => !LINKEDIN.includes(column));
}

/** A row or a candidate with its names looked up in any case. */
export class FieldReader {
  readonly #byName = new Map<string, string>();

  constructor(fields: FlatFields) {
    for (const [name, value] of Object.entries(fields)) {
      if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") continue;
      const text = String(value).trim();
      if (text !== "") this.#byName.set(name.toLowerCase(), text);
    }
  }

  /** The values found under these names, in their order, without repeats. */
  read(names: readonly string[]): string[] {
    const found = names.map((name) => this.#byName.get(name.toLowerCase())).filter((value) => value !== undefined);
    return [...new Set(found)];
  }
}

/** Every value of a field of a Salesforce row, best first: a contact has several phones. */
export function valuesOfRow(object: MatchObject, row: FieldReader, field: string): string[] {
  const name = field.toLowerCase();
  if (!isContractField(name)) return row.read([field]);
  return derived(name, object, row, (wanted) => row.read(COLUMNS[object][wanted] ?? []));
}

/** Under which names a candidate may give a contract field: the contract's, other spellings, any object's columns. */
const candidateNames = new Map<ContractField, readonly string[]>(
  CONTRACT_FIELDS.map((field) => {
    const columns = (["lead", "contact", "account"] as const).flatMap((object) => COLUMNS[object][field] ?? []);
    // "Name" is a person's where the candidate is one: as a company's it is read only when nothing else names one.
    const usable = columns.filter((column) => field !== "company" || column !== "Name");
    return [field, [...new Set([field, ...(SPELLINGS[field] ?? []), ...usable].map((name) => name.toLowerCase()))]];
  }),
);

/** Every value of a field of a candidate for `object`; it may use the contract's names or any object's API names. */
export function valuesOfCandidate(object: MatchObject, candidate: FieldReader, field: string): string[] {
  const name = field.toLowerCase();
  if (!isContractField(name)) {
    const own = candidate.read([field]);
    const kind = kindByColumn.get(name);
    return own.length > 0 || kind === undefined ? own : valuesOfCandidate(object, candidate, kind);
  }
  const read = (wanted: ContractField) => candidate.read(candidateNames.get(wanted) ?? [wanted]);
  if (object === "account" && (name === "name" || name === "company")) {
    const company = read("company");
    return company.length > 0 ? company : candidate.read(["name"]);
  }
  return derived(name, object, candidate, read);
}

function derived(
  field: ContractField,
  object: MatchObject,
  reader: FieldReader,
  read: (field: ContractField) => string[],
): string[] {
  if (field === "name" && object !== "account") {
    const parts = [...read("first_name").slice(0, 1), ...read("last_name").slice(0, 1)];
    return parts.length === 2 ? [parts.join(" ")] : [...read("name"), ...parts].slice(0, 1);
  }
  if (field === "domain") {
    const given = reader.read(["domain"]).map(companyDomain);
    const found = [...given, ...[...read("website"), ...read("email")].map(companyDomain)];
    return [...new Set(found.filter((domain) => domain !== null))];
  }
  if (field === "website") return [...read("website"), ...reader.read(["domain"])].slice(0, 1);
  const values = read(field);
  return field === "phone" || field === "email" ? values.slice(0, 4) : values.slice(0, 1);
}

/** The value a contract field or API name has in a Salesforce row; null when it is empty or not there. */
export function fieldOf(object: MatchObject, fields: MirrorFields, field: string): string | null {
  return valuesOfRow(object, new FieldReader(fields), field)[0] ?? null;
}
