/** The org and the four kinds of leads that crash runs tell: each kind takes other steps of the journey. */
import { pino } from "pino";
import { firstTenant } from "../../service/app.ts";
import { grant } from "../../service/credits/index.ts";
import { importDirectory } from "../../service/enrichment/index.ts";
import { scopes } from "../../service/http/index.ts";
import { randomIds } from "../../service/ids.ts";
import { createKey } from "../../service/keys/index.ts";
import type { PolicyBody } from "../../service/store/json.ts";
import type { StreamEvent } from "../../service/salesforce/index.ts";
import { startOrg, type StandInOrg } from "../org/start.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { beginLife, type Telling } from "./life.ts";

/** new: a turn, a new account and contact · account, contact: into what is there, with survivorship · assign: a turn, no conversion. */
export const kinds = ["new", "account", "contact", "assign"] as const;
export type Kind = (typeof kinds)[number];
export const doors = ["webhook", "stream", "poll"] as const;
export type Door = (typeof doors)[number];

const names: Record<Kind, string> = { new: "Newco", account: "Accco", contact: "Conco", assign: "Assco" };

const converting: PolicyBody = {
  enrich: {},
  match: {
    contact: { mode: "simple", by: ["email:eq"] },
    account: { mode: "simple", by: ["domain:eq"] },
    threshold: 0.8,
    review_threshold: 0.4,
  },
  on_match: {
    lead_to_contact: true,
    lead_to_account: true,
    survivorship: { Title: "lead_wins", Phone: "lead_wins" },
  },
  convert: true,
  assign: { pool: "emea", matched_owner_first: true },
};

/** An org with a database that is connected to it, and as many leads' worth of surroundings as asked for. */
export interface Place {
  databaseUrl: string;
  org: StandInOrg;
  clock: ManualClock;
  key: string;
  close(): Promise<void>;
}

export async function makePlace(databaseUrl: string, people: number): Promise<Place> {
  const clock = new ManualClock();
  const org = await startOrg({ clock });
  furnish(org, people);
  await clock.advance(1_000);
  const life = await beginLife({ databaseUrl, org, clock, name: "first", ending: "fall" });
  const log = pino({ level: "silent" });
  const base = { store: life.raw, clock, ids: randomIds, log, tenant: firstTenant } as const;
  await life.raw.write((tx) => grant(tx, base, 100_000_000, "start"));
  await life.work();
  const rows = Array.from({ length: people }, (_, i) =>
    kinds.map((kind) => `Pat,P${i},${names[kind]} ${i},p${i}@${domain(kind, i)},Head of ${i},+1415555${1000 + i}`),
  ).flat();
  const csv = ["first_name,last_name,company,email,title,phone", ...rows].join("\n");
  await importDirectory(base, { tenant: firstTenant, kind: "people", name: "people.csv", stream: contentOf(csv) });
  const { key } = await life.raw.write((tx) =>
    createKey(tx, base, {
      name: "crash",
      scopes: [...scopes],
      org_id: org.orgId,
      limits: { triggers: 1_000_000, general: 1_000_000 },
    }),
  );
  await life.end();
  await clock.advance(1_000);
  return { databaseUrl, org, clock, key, close: () => org.close() };
}

async function* contentOf(text: string): AsyncIterable<string> {
  yield text;
}

const domain = (kind: Kind, i: number): string => `${names[kind].toLowerCase()}${i}.com`;

function furnish({ control }: StandInOrg, people: number): void {
  const admin = control.as(control.users.adminUserId);
  const [pool] = admin.create("Lantern_Pool__c", [{ Name: "emea", Key__c: "emea" }]);
  for (const [i, name] of ["Alice Ng", "Bob Ray", "Cleo Diaz"].entries())
    admin.create("Lantern_Pool_Member__c", [
      { Pool__c: pool, User__c: control.createUser({ name }), Position__c: i + 1 },
    ]);
  kinds.forEach((kind, i) =>
    admin.create("Lantern_Policy__c", [
      {
        Name: kind,
        Object__c: "Lead",
        Order__c: i + 1,
        Active__c: true,
        Mode__c: "act",
        Definition__c: JSON.stringify({
          ...(kind === "assign" ? { enrich: {}, assign: { pool: "emea" } } : converting),
          when: { all: [{ field: "Company", op: "starts_with", value: names[kind] }] },
        }),
      },
    ]),
  );
  const dora = control.as(control.createUser({ name: "Dora Owner" }));
  const numbers = Array.from({ length: people }, (_, i) => i);
  dora.create(
    "Account",
    numbers.map((i) => ({ Name: `${names.account} ${i}`, Website: domain("account", i), Phone: "+49 30 111" })),
  );
  const accounts = dora.create(
    "Account",
    numbers.map((i) => ({ Name: `${names.contact} ${i}` })),
  );
  dora.create(
    "Contact",
    numbers.map((i) => ({
      AccountId: accounts[i],
      LastName: `P${i}`,
      Email: `p${i}@${domain("contact", i)}`,
      Title: "Boss",
    })),
  );
}

/** Somebody creates the i-th lead of its kind, a second ago: what is newer than that is not written yet. Answers its id. */
export async function createLead({ org, clock }: Place, kind: Kind, i: number): Promise<string> {
  const [id = ""] = org.control.as().create("Lead", [
    {
      FirstName: "Pat",
      LastName: `P${i}`,
      Company: `${names[kind]} ${i}`,
      Email: `p${i}@${domain(kind, i)}`,
      Phone: "+14155550100",
    },
  ]);
  await clock.advance(1_000);
  return id;
}

export function tellingOf({ org, key }: Place, door: Door, ids: string[]): Telling {
  if (door === "webhook") return { door, key, ids };
  if (door === "poll") return { door };
  const events: StreamEvent[] = org.control
    .events()
    .filter(({ data }) => ids.some((id) => String(data.payload["Record_Ids__c"]).includes(id)))
    .map((event) => ({
      channel: event.channel,
      replayId: String(event.replayId),
      eventUuid: event.data.event.EventUuid,
      payload: event.data.payload as StreamEvent["payload"],
    }));
  return { door, events };
}
