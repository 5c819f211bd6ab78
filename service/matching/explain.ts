import type { FieldEvidence } from "../store/json.ts";

const WORDS: Record<string, string> = {
  email: "e-mail address",
  phone: "phone number",
  mobilephone: "phone number",
  name: "name",
  first_name: "first name",
  last_name: "last name",
  company: "company name",
  domain: "web domain",
  website: "website",
  street: "street address",
  city: "city",
  state: "state",
  postal_code: "postal code",
  country: "country",
  linkedin: "LinkedIn profile",
  title: "job title",
};

const word = (field: string) => WORDS[field.toLowerCase()] ?? field;

function agreement(row: FieldEvidence): string {
  const value =
    row.candidate === row.record ? `“${row.record ?? ""}”` : `“${row.candidate ?? ""}” / “${row.record ?? ""}”`;
  if (row.similarity >= 1) return `same ${word(row.field)} (${value})`;
  if (row.comparator === "contains") return `one ${word(row.field)} is part of the other (${value})`;
  return `${row.similarity >= 0.85 ? "almost the same" : "similar"} ${word(row.field)} (${value})`;
}

/** One or two sentences for the person who decides: what speaks for it, what against, how sure. */
export function explain(fields: readonly FieldEvidence[], confidence: number): string {
  const ordered = fields.toSorted((a, b) => b.weight - a.weight);
  const speaking = ordered.filter((row) => row.weight > 0.4).map(agreement);
  const against = ordered
    .filter((row) => row.weight < -0.4)
    .reverse()
    .map((row) => `the ${word(row.field)} differs (“${row.candidate ?? ""}” / “${row.record ?? ""}”)`);
  const first = speaking.length > 0 ? list(speaking) : "Nothing speaks clearly for it";
  const second = against.length > 0 ? `, but ${list(against)}` : "";
  return `${first.charAt(0).toUpperCase()}${first.slice(1)}${second}: ${percent(confidence)} sure.`;
}

function list(parts: string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1) ?? ""}`;
}

/** Never “100 %”: nobody is. */
function percent(confidence: number): string {
  return confidence > 0.99 ? "more than 99 %" : `${Math.round(confidence * 100)} %`;
}
