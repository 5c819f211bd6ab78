/**
 * A user's own leads or accounts from CSV: usual header names are mapped. A row that cannot be used, and a cell that is
 * left out because it is no value of its field, are listed with their line; nothing is dropped in silence.
 */
import { openFile, readCsv } from "../../service/enrichment/read-csv.ts";
import { LanternError } from "../../service/errors.ts";
import type { Fields } from "./rows.ts";

export interface CsvRecord {
  /** Line of the file; the header is line 1. */
  line: number;
  fields: Fields;
}

export interface CsvRecords {
  records: CsvRecord[];
  bad: { line: number; message: string }[];
  /** Cells that are left out; their rows come in without them. */
  leftOut: { line: number; message: string }[];
  /** Header → Salesforce field. */
  columns: [string, string][];
  ignored: string[];
}

export type CsvKind = "Lead" | "Account";

/** Field → the headers it goes by, best first; compared without case, spaces and signs. */
const address = (prefix: string): [string, string][] => [
  [`${prefix}Street`, "street address address_1 address_line_1 street_address"],
  [`${prefix}City`, "city town"],
  [`${prefix}State`, "state province region"],
  [`${prefix}PostalCode`, "postal_code zip zip_code postcode"],
  [`${prefix}Country`, "country country_code"],
];
const synonyms: Record<CsvKind, [string, string][]> = {
  Lead: [
    ["FirstName", "first_name firstname given_name forename"],
    ["LastName", "last_name lastname surname family_name"],
    ["Name", "name full_name contact contact_name person director executive_director center_director"],
    ["Company", "company company_name organization organisation account account_name employer site site_name"],
    ["Title", "title job_title position role"],
    ["Email", "email e_mail email_address mail work_email"],
    ["Phone", "phone telephone tel phone_number work_phone"],
    ["MobilePhone", "mobile mobile_phone cell cell_phone"],
    ["Website", "website web url homepage domain"],
    ["Industry", "industry sector"],
    ["LeadSource", "lead_source leadsource"],
    ...address(""),
  ],
  Account: [
    ["Name", "name company company_name organization organisation account account_name site site_name"],
    ["Phone", "phone telephone tel phone_number"],
    ["Website", "website web url homepage domain"],
    ["Industry", "industry sector"],
    ...address("Billing"),
  ],
};

/** @throws LanternError when the file cannot be read or lacks the column everything hangs on. */
export async function readRecords(file: string, kind: CsvKind): Promise<CsvRecords> {
  const out: CsvRecords = { records: [], bad: [], leftOut: [], columns: [], ignored: [] };
  const csv = readCsv(await openFile(file), (line, message) => out.bad.push({ line, message }));
  let header: string[] | null = null;
  let plan = new Map<string, number[]>();
  for await (const { line, cells } of csv.rows) {
    if (header === null) {
      header = cells;
      plan = planColumns(kind, header, out);
      const needed = kind === "Lead" ? "Company" : "Name";
      if (!plan.has(needed))
        throw new LanternError(
          `${file} has no column for ${needed === "Company" ? "the company" : "the account's name"}. Its headers are: ${header.join(", ")}.`,
          { code: "bad_csv" },
        );
    } else if (cells.length !== header.length)
      out.bad.push({ line, message: `it has ${cells.length} cells and the header ${header.length}` });
    else {
      const fields = fieldsIn(plan, cells, (message) => out.leftOut.push({ line, message }));
      const read =
        kind === "Lead" ? leadOf(fields, (message) => out.leftOut.push({ line, message })) : accountOf(fields);
      if (typeof read === "string") out.bad.push({ line, message: read });
      else out.records.push({ line, fields: read });
    }
  }
  if (header === null) throw new LanternError(`${file} is empty.`, { code: "bad_csv" });
  return out;
}

/** Several headers may give one field (two directors, say): the first that is filled counts. */
function planColumns(kind: CsvKind, header: readonly string[], out: CsvRecords): Map<string, number[]> {
  const plan = new Map<string, number[]>();
  const taken = new Set<number>();
  for (const [field, names] of synonyms[kind])
    for (const name of names.split(" "))
      for (const [i, text] of header.entries()) {
        if (taken.has(i) || plain(text) !== plain(name)) continue;
        taken.add(i);
        plan.set(field, [...(plan.get(field) ?? []), i]);
        out.columns.push([text, field]);
      }
  out.ignored = header.filter((_, i) => !taken.has(i));
  return plan;
}

const plain = (header: string): string => header.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

function fieldsIn(
  plan: Map<string, number[]>,
  cells: readonly string[],
  leaveOut: (message: string) => void,
): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [field, columns] of plan) {
    const values = columns.map((i) => (cells[i] ?? "").trim()).filter((cell) => cell !== "");
    const value = values.find((cell) => problemOf(field, cell) === null);
    if (value !== undefined) fields[field] = value;
    else if (values[0] !== undefined) leaveOut(`“${values[0]}” ${problemOf(field, values[0]) ?? ""}`);
  }
  return fields;
}

/** The platform's own limits. */
const longest: Record<string, number> = {
  FirstName: 40,
  LastName: 80,
  Name: 255,
  Company: 255,
  Title: 128,
  Phone: 40,
  MobilePhone: 40,
  Website: 255,
};

/** Why the cell is no value of that field; null when it is one. */
function problemOf(field: string, cell: string): string | null {
  if (field === "Email" && !/^[^\s@,;]+@[^\s@,;]+\.[^\s@,;.]+$/.test(cell)) return "is not an e-mail address";
  const place = field.replace(/^Billing/, "");
  const most = longest[field] ?? { Street: 255, City: 40, State: 80, PostalCode: 20, Country: 80 }[place];
  return most !== undefined && cell.length > most ? `has more than ${most} characters` : null;
}

/** Files from many sources hold codes and addresses where a name should be. */
const isPersonName = (text: string): boolean => text.length <= 80 && !/[\d@/]|www\./i.test(text);

/** The fields, or why there can be no lead. */
function leadOf({ Name, ...given }: Record<string, string>, leaveOut: (message: string) => void): Fields | string {
  if (given["Company"] === undefined) return "it names no company";
  const fields: Fields = { ...given };
  if (Name !== undefined && !isPersonName(Name)) leaveOut(`“${Name}” is not a person's name`);
  else if (given["LastName"] === undefined && Name !== undefined) {
    const words = Name.split(/\s+/);
    fields["LastName"] = words.pop() ?? Name;
    const first = words.join(" ");
    if (first !== "" && first.length <= 40 && given["FirstName"] === undefined) fields["FirstName"] = first;
  }
  fields["LastName"] ??= "[unknown]";
  return fields;
}

const accountOf = (given: Record<string, string>): Fields | string =>
  given["Name"] === undefined ? "it has no name" : given;
