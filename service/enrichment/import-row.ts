/** One row of a CSV file as a row of the directory. Pure. */
import { createHash } from "node:crypto";
import type { DirectoryFields } from "../store/json.ts";
import { companyFields, personFields } from "./fields.ts";
import { companyIdentity, isPlaceholder, normalDomain, normalEmail, personIdentity } from "./identity.ts";
import type { ImportField, ImportKind } from "./import-columns.ts";
import { pair } from "./providers/directory/keys.ts";

export type ReadRow = { ok: true; row: DirectoryEntry } | { ok: false; message: string };

/** The columns of both directory tables; each kind uses its own. */
export interface DirectoryEntry {
  rowKey: string;
  email: string | null;
  nameCompany: string | null;
  nameDomain: string | null;
  domain: string | null;
  name: string | null;
  fields: DirectoryFields;
}

const longest = 1_000;

export function readRow(
  kind: ImportKind,
  columns: ReadonlyMap<ImportField, number>,
  cells: readonly string[],
): ReadRow {
  const values: Partial<Record<ImportField, string>> = {};
  for (const [field, index] of columns) {
    const value = cells[index]?.trim() ?? "";
    if (value.length > longest) return bad(`${field} has more than ${longest} characters`);
    // PostgreSQL keeps no such text.
    if (value.includes("\u0000")) return bad(`${field} holds a NUL character`);
    if (value !== "" && !isPlaceholder(value)) values[field] = value;
  }
  return kind === "people" ? readPerson(values) : readCompany(values);
}

function readPerson(values: Partial<Record<ImportField, string>>): ReadRow {
  const email = values.email === undefined ? null : normalEmail(values.email);
  if (values.email !== undefined && email === null) return bad(`“${values.email}” is not an e-mail address`);
  const { first, last } = nameOf(values);
  const person = personIdentity({
    ...{ email, firstName: first ?? null, lastName: last ?? null },
    ...{ company: values.company ?? null, website: values.website ?? null },
  });
  if (!person) return bad("neither an e-mail address nor a full name with a company or website");
  const { name, company, domain } = person;
  const kept = {
    ...values,
    ...(email ? { email } : {}),
    ...(first ? { first_name: first } : {}),
    ...(last ? { last_name: last } : {}),
  };
  return {
    ok: true,
    row: {
      // A second row for the same mailbox is another person when it has another name.
      rowKey: values.id ?? hashOf(["person", email, name, email === null ? (company ?? domain) : null]),
      email,
      nameCompany: name && company ? pair(name, company) : null,
      nameDomain: name && domain ? pair(name, domain) : null,
      domain,
      name,
      fields: only(personFields, kept),
    },
  };
}

function readCompany(values: Partial<Record<ImportField, string>>): ReadRow {
  if (values.website !== undefined && normalDomain(values.website) === null && values.company === undefined)
    return bad(`“${values.website}” is not a website, and there is no name`);
  const company = companyIdentity({ name: values.company ?? null, website: values.website ?? null });
  if (!company) return bad("neither a name nor a website");
  const { name, domain } = company;
  return {
    ok: true,
    row: {
      ...{ rowKey: values.id ?? hashOf(["company", domain, name]), domain, name },
      ...{ email: null, nameCompany: null, nameDomain: null },
      fields: only(companyFields, values),
    },
  };
}

/** "Ng, Alice" and "Alice Ng"; given first and last names count more. */
function nameOf(values: Partial<Record<ImportField, string>>): { first: string | undefined; last: string | undefined } {
  const { first_name: first, last_name: last, name } = values;
  if (last !== undefined || name === undefined) return { first, last };
  const [before, after] = name.split(",").map((part) => part.trim());
  if (after) return { first: first ?? after, last: before };
  const words = name.split(/\s+/);
  return words.length === 1
    ? { first, last: name }
    : { first: first ?? words.slice(0, -1).join(" "), last: words.at(-1) };
}

function only(fields: readonly ImportField[], values: Partial<Record<ImportField, string>>): DirectoryFields {
  return Object.fromEntries(fields.flatMap((field) => (values[field] ? [[field, values[field]] as const] : [])));
}

const hashOf = (parts: readonly (string | null)[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 22);

const bad = (message: string): ReadRow => ({ ok: false, message: `${message}.` });
