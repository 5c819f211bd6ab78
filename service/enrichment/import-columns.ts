/** Which column of a CSV file is which of our fields. Pure. */
import { companyFields, personFields, type Field } from "./fields.ts";

export type ImportKind = "people" | "companies";
/** Beside the fields: the file's own id, and a full name that is split. */
export type ImportField = Field | "id" | "name";

export interface ColumnPlan {
  /** Field → index of its column. */
  columns: Map<ImportField, number>;
  /** Headers that nothing is known of; their values are not kept. */
  ignored: string[];
  /** Why the file cannot be imported so; null when it can. */
  problem: string | null;
}

const shared: [ImportField, string][] = [
  ["id", "id external_id externalid key record_id uid"],
  ["website", "website web url homepage domain company_website company_domain web_site site"],
  ["linkedin", "linkedin linkedin_url linkedin_profile"],
  [
    "street",
    "street address address1 address_1 address_line_1 street_address mailing_street billing_street strasse rue",
  ],
  ["city", "city town mailing_city billing_city ort ville"],
  ["state", "state province region state_province mailing_state billing_state bundesland"],
  ["postal_code", "postal_code postcode zip zip_code zipcode postal mailing_postal_code billing_postal_code plz"],
  ["country", "country country_code mailing_country billing_country land pays"],
];
const synonyms: Record<ImportKind, [ImportField, string][]> = {
  people: [
    ...shared,
    ["first_name", "first_name firstname given_name forename vorname prenom"],
    ["last_name", "last_name lastname surname family_name nachname nom"],
    ["name", "name full_name fullname contact contact_name"],
    ["email", "email e_mail email_address mail work_email business_email"],
    ["phone", "phone telephone tel phone_number work_phone business_phone direct_phone telefon"],
    ["mobile", "mobile mobile_phone cell cell_phone cellphone handy"],
    ["title", "title job_title position role jobtitle funktion"],
    ["department", "department dept abteilung"],
    ["company", "company company_name organization organisation employer account account_name firma"],
  ],
  companies: [
    ...shared,
    ["company", "company company_name name organization organisation account account_name legal_name firma"],
    ["company_phone", "company_phone phone telephone tel phone_number main_phone switchboard telefon"],
    ["industry", "industry sector branch branche"],
    ["employees", "employees number_of_employees employee_count headcount size company_size num_employees"],
    ["revenue", "revenue annual_revenue turnover sales umsatz"],
  ],
};

export const fieldsOf = (kind: ImportKind): readonly ImportField[] =>
  kind === "people" ? [...personFields, "id", "name"] : [...companyFields, "id"];

/** `mapping` names the header of a field where the usual names do not fit. */
export function planColumns(
  kind: ImportKind,
  header: readonly string[],
  mapping: Readonly<Record<string, string>> = {},
): ColumnPlan {
  const columns = new Map<ImportField, number>();
  const taken = new Set<number>();
  const problems: string[] = [];
  const put = (field: ImportField, index: number) => {
    columns.set(field, index);
    taken.add(index);
  };
  for (const [given, wanted] of Object.entries(mapping)) {
    const field = fieldsOf(kind).find((f) => f === given);
    const index = header.findIndex((h) => plain(h) === plain(wanted));
    if (!field) problems.push(`“${given}” is not a field of ${kind} (${fieldsOf(kind).join(", ")})`);
    else if (index < 0) problems.push(`the file has no column “${wanted}”`);
    else put(field, index);
  }
  for (const [field, names] of synonyms[kind]) {
    if (columns.has(field)) continue;
    // In the order of the names: "company" is preferred to "name" where both are there.
    for (const name of names.split(" ")) {
      const index = header.findIndex((h, i) => !taken.has(i) && plain(h) === plain(name));
      if (index < 0) continue;
      put(field, index);
      break;
    }
  }
  if (problems.length === 0 && !canIdentify(kind, columns))
    problems.push(
      kind === "people"
        ? "people need a column for the e-mail address, or for a name and the company or its website"
        : "companies need a column for the name or the website",
    );
  return {
    columns,
    ignored: header.filter((_, i) => !taken.has(i)),
    problem: problems.length === 0 ? null : `The file cannot be imported: ${problems.join("; ")}.`,
  };
}

function canIdentify(kind: ImportKind, columns: ReadonlyMap<ImportField, number>): boolean {
  const has = (field: ImportField) => columns.has(field);
  if (kind === "companies") return has("company") || has("website");
  return has("email") || ((has("name") || has("last_name")) && (has("company") || has("website")));
}

/** "E-Mail Address" is email_address, "FirstName" is first_name. */
const plain = (header: string): string => header.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
