/** Which value survives when a lead becomes an existing contact or account. The platform fills empty fields only. Pure. */
import type { Row } from "../salesforce/port.ts";
import type { JsonValue, Survivorship } from "../store/json.ts";

/** Lead field → field of the record it becomes. */
export const leadTo: Record<"Contact" | "Account", Record<string, string>> = {
  Contact: {
    FirstName: "FirstName",
    LastName: "LastName",
    Title: "Title",
    Email: "Email",
    Phone: "Phone",
    MobilePhone: "MobilePhone",
    Street: "MailingStreet",
    City: "MailingCity",
    State: "MailingState",
    PostalCode: "MailingPostalCode",
    Country: "MailingCountry",
  },
  Account: {
    Phone: "Phone",
    Website: "Website",
    Industry: "Industry",
    NumberOfEmployees: "NumberOfEmployees",
    Street: "BillingStreet",
    City: "BillingCity",
    State: "BillingState",
    PostalCode: "BillingPostalCode",
    Country: "BillingCountry",
  },
};

export interface SurvivorInput {
  object: "Contact" | "Account";
  lead: Row;
  record: Row;
  rule: Survivorship | Record<string, Survivorship> | undefined;
  /** Whether the lead was changed later than the record (for `newest`). */
  leadIsNewer: boolean;
}

/** What to write onto the record, only where it differs. */
export function survivors({ object, lead, record, rule, leadIsNewer }: SurvivorInput): Record<string, JsonValue> {
  const out: Record<string, JsonValue> = {};
  for (const [from, to] of Object.entries(leadTo[object])) {
    const theirs = lead[from] ?? null;
    const ours = record[to] ?? null;
    if (empty(theirs) || theirs === ours) continue;
    const ruleHere = typeof rule === "object" ? (rule[to] ?? rule[from] ?? "fill_empty") : (rule ?? "fill_empty");
    if (empty(ours) || wins(ruleHere, theirs, ours, leadIsNewer)) out[to] = theirs as JsonValue;
  }
  return out;
}

function wins(rule: Survivorship, theirs: unknown, ours: unknown, leadIsNewer: boolean): boolean {
  switch (rule) {
    case "fill_empty":
      return false;
    case "lead_wins":
      return true;
    case "newest":
      return leadIsNewer;
    case "longest":
      return String(theirs).length > String(ours).length;
  }
}

/** `[unknown]` is what a form without a name leaves; it never displaces anything. */
const empty = (value: unknown): boolean =>
  value === null || value === undefined || value === "" || value === "[unknown]";
