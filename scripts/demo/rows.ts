/** Made-up companies and people as rows of Salesforce objects, and the policies of the demo. Pure. */
import type { JsonValue, PolicyBody } from "../../service/store/json.ts";
import type { Company, Person } from "./people.ts";

export type Fields = Record<string, JsonValue>;

export const accountRow = (company: Company): Fields => ({
  Name: company.name,
  Website: company.website,
  Phone: company.phone,
  Industry: company.industry,
  NumberOfEmployees: company.employees,
  BillingStreet: company.street,
  BillingCity: company.city,
  BillingState: company.state,
  BillingPostalCode: company.postalCode,
});

export const contactRow = (person: Person, accountId: string): Fields => ({
  AccountId: accountId,
  FirstName: person.firstName,
  LastName: person.lastName,
  Title: person.title,
  Email: person.email,
  Phone: person.phone,
});

export interface DemoPolicy {
  name: string;
  order: number;
  mode: "observe" | "act";
  body: PolicyBody;
}

const matchBoth: PolicyBody = {
  match: {
    contact: { mode: "grouped", groups: [{ all: ["email:eq"] }, { all: ["name:fuzzy0.88", "company:fuzzy0.85"] }] },
    account: {
      mode: "grouped",
      groups: [{ all: ["domain:eq"] }, { all: ["company:eq"] }, { all: ["company:fuzzy0.85"] }],
    },
    threshold: 0.9,
    review_threshold: 0.5,
  },
  on_match: { lead_to_contact: true, lead_to_account: true, survivorship: "fill_empty" },
};
const assignBy = (pool: string): PolicyBody => ({ assign: { matched_owner_first: true, pool } });

/** Whom sales wants at once is converted, others are routed and stay leads, bought lists are only looked at. */
export const demoPolicies = (pool: string): DemoPolicy[] => [
  {
    name: "Hot leads",
    order: 10,
    mode: "act",
    body: {
      when: { all: [{ field: "LeadSource", op: "in", value: ["Web", "Partner Referral"] }] },
      enrich: { effort: "low" },
      ...matchBoth,
      ...assignBy(pool),
      convert: true,
    },
  },
  {
    name: "Calls",
    order: 20,
    mode: "act",
    body: {
      when: { all: [{ field: "LeadSource", op: "eq", value: "Phone Inquiry" }] },
      enrich: { effort: "low" },
      ...matchBoth,
      ...assignBy(pool),
    },
  },
  {
    name: "Bought lists",
    order: 30,
    mode: "observe",
    body: {
      when: { all: [{ field: "LeadSource", op: "eq", value: "Purchased List" }] },
      enrich: { effort: "low" },
      ...matchBoth,
      ...assignBy(pool),
    },
  },
];

/** For leads of the user's own: every one is matched, owned and converted. */
export const everyLead = (pool: string): DemoPolicy[] => [
  {
    name: "Every lead",
    order: 10,
    mode: "act",
    body: { enrich: { effort: "low" }, ...matchBoth, ...assignBy(pool), convert: true },
  },
];

export const policyRow = ({ name, order, mode, body }: DemoPolicy): Fields => ({
  Name: name,
  Object__c: "Lead",
  Order__c: order,
  Active__c: true,
  Mode__c: mode,
  Definition__c: JSON.stringify(body, null, 2),
});
