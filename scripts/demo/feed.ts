/** Made-up people at work: leads come in by all three doors, some are edited, some while they are being worked on. */
import { systemClock } from "../../service/clock.ts";
import { messageOf } from "../../service/errors.ts";
import type { StandInOrg } from "../../test/org/start.ts";
import { madeUp, type Company, type MadeUp, type Person } from "./people.ts";
import { accountRow, contactRow, type Fields } from "./rows.ts";
import type { Rep } from "./world.ts";

/** How the org tells of it. `nothing`: callout and event are lost, and only the poll can find it. */
type Door = "callout" | "event" | "both" | "nothing";

export interface PlannedLead {
  fields: Fields;
  door: Door;
  /** A person changes it so long after creating it (ms). */
  edit: { afterMs: number; field: string; value: string } | null;
}

interface Known {
  company: Company;
  people: Person[];
}

export interface Plan {
  known: Known[];
  leads: PlannedLead[];
  /** What the tenant's directory knows, as CSV. */
  directory: string;
}

const knownCompanies = 12;
export const madeUpLeads = 60;

/** The same leads for the same seed. Pure. */
export function planLeads(seed: number): Plan {
  const made = madeUp(seed);
  const known = Array.from({ length: knownCompanies }, () => {
    const company = made.company();
    return { company, people: [made.person(company), made.person(company)] };
  });
  const directory: [Person, Company][] = [];
  const leads: PlannedLead[] = [];
  let fresh = made.company();
  for (let i = 0; i < madeUpLeads; i++) {
    // The second person of a new company comes right behind the first: they must not make two accounts.
    if (i % 12 !== 1) fresh = isNew(i) ? made.company() : fresh;
    const fields = leadFields(i, made, known, fresh, directory);
    leads.push({ fields, door: doorOf(i), edit: editOf(i) });
  }
  return { known, leads, directory: csvOf(directory) };
}

const isNew = (i: number): boolean => [0, 4, 6, 9].includes(i % 12);

function leadFields(
  i: number,
  made: MadeUp,
  known: readonly Known[],
  fresh: Company,
  directory: [Person, Company][],
): Fields {
  const at = made.oneOf(known);
  const newcomer = (company: Company, source: string, listed: boolean): Fields => {
    const person = made.person(company);
    if (listed) directory.push([person, company]);
    const { firstName: FirstName, lastName: LastName, email: Email } = person;
    return { FirstName, LastName, Company: company.name, Email, LeadSource: source };
  };
  switch (i % 12) {
    // A new company that the directory knows, and a colleague right behind.
    case 0:
      return newcomer(fresh, "Web", true);
    case 1:
      return newcomer(fresh, "Web", true);
    case 2:
    case 8: {
      // Somebody who is a contact already asks again.
      const person = made.oneOf(at.people);
      const { firstName: FirstName, lastName: LastName, email: Email } = person;
      return { FirstName, LastName, Email, Company: at.company.name, LeadSource: "Web", Title: person.title };
    }
    case 3:
    case 10:
      // A new face at a company that is an account.
      return {
        ...newcomer(at.company, i % 12 === 3 ? "Partner Referral" : "Web", i % 2 === 1),
        Phone: at.company.phone,
      };
    case 5:
      return newcomer(at.company, "Phone Inquiry", true);
    case 7:
      return newcomer(at.company, "Purchased List", true);
    case 11: {
      // The name alone says too little: the same first word, another trade.
      const person = made.person(at.company);
      const company = at.company.name.split(" ")[0] ?? "";
      return { FirstName: person.firstName, LastName: person.lastName, Company: company, LeadSource: "Web" };
    }
    case 6:
      return newcomer(fresh, "Phone Inquiry", true);
    default:
      return newcomer(fresh, i % 2 === 0 ? "Partner Referral" : "Web", i % 3 === 0);
  }
}

const doorOf = (i: number): Door =>
  i % 10 === 9 ? "nothing" : i % 4 === 2 ? "callout" : i % 8 === 5 ? "both" : "event";

function editOf(i: number): PlannedLead["edit"] {
  // At once, while the journey is under way; and later, when it is done.
  if (i % 12 === 6) return { afterMs: 60, field: "Title", value: "Managing Director" };
  if (i % 12 === 5) return { afterMs: 4_000, field: "City", value: "Springfield" };
  return null;
}

function csvOf(rows: readonly [Person, Company][]): string {
  const cell = (text: string | number) => `"${String(text).replaceAll('"', '""')}"`;
  const lines = rows.map(([p, c]) =>
    [p.firstName, p.lastName, p.email, p.phone, p.title, c.name, c.website, c.street, c.city, c.state, c.postalCode]
      .map(cell)
      .join(","),
  );
  return ["first_name,last_name,email,phone,title,company,website,street,city,state,postal_code", ...lines].join("\n");
}

/** Puts the companies and people that sales knows already into the org. */
export function furnishOrg({ control }: StandInOrg, reps: readonly Rep[], known: readonly Known[]): void {
  const active = reps.filter((rep) => rep.active);
  for (const [i, { company, people }] of known.entries()) {
    const owner = control.as(active[i % active.length]?.id);
    const [accountId = ""] = owner.create("Account", [accountRow(company)]);
    owner.create(
      "Contact",
      people.map((person) => contactRow(person, accountId)),
    );
  }
}

export interface Fed {
  created: string[];
  edits: { id: string; field: string; value: string }[];
}

export interface FeedOptions {
  url: string;
  apiKey: string;
  /** Over how long the leads come (ms). */
  overMs: number;
  signal: AbortSignal;
}

/** Creates and edits the planned leads, one after another. */
export async function feedLeads(
  org: StandInOrg,
  leads: readonly PlannedLead[],
  { url, apiKey, overMs, signal }: FeedOptions,
): Promise<Fed> {
  const fed: Fed = { created: [], edits: [] };
  const { control } = org;
  const edits: Promise<void>[] = [];
  for (const [i, { fields, door, edit }] of leads.entries()) {
    // What the package would do: post the ids at once, publish the event. A lost one is published and never arrives.
    control.aimWebhook(door === "callout" || door === "both" ? { url, apiKey } : undefined);
    control.bus.lose = door === "event" || door === "both" ? 0 : 1;
    // Forms leave their leads with the queue, people key theirs in.
    const queued = i % 3 === 0 ? { OwnerId: control.users.leadQueueId } : {};
    const [id = ""] = control.as().create("Lead", [{ ...fields, ...queued }]);
    control.aimWebhook(undefined);
    control.bus.lose = 0;
    fed.created.push(id);
    if (edit) edits.push(later(org, fed, id, edit, signal));
    await systemClock.sleep(overMs / leads.length, signal);
  }
  await Promise.all(edits);
  return fed;
}

async function later(
  org: StandInOrg,
  fed: Fed,
  id: string,
  edit: NonNullable<PlannedLead["edit"]>,
  signal: AbortSignal,
) {
  const { afterMs, field, value } = edit;
  await systemClock.sleep(afterMs, signal);
  // A converted lead is read-only, for people as well.
  if (org.control.record(id)?.["IsConverted"] === true) return;
  org.control.as().update("Lead", [{ Id: id, [field]: value }]);
  fed.edits.push({ id, field, value });
}

export interface GivenRow {
  line: number;
  fields: Fields;
}

/** Creates rows of the user's own; a row that Salesforce refuses is told and passed over, the others stay. */
export function createGiven(
  org: StandInOrg,
  object: string,
  rows: readonly GivenRow[],
  userOf: (i: number) => string | undefined,
  refused: (line: number, why: string) => void,
): string[] {
  const made: string[] = [];
  for (const [i, { line, fields }] of rows.entries())
    try {
      made.push(...org.control.as(userOf(i)).create(object, [fields]));
    } catch (error) {
      refused(line, messageOf(error));
    }
  return made;
}
