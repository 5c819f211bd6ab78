/** Fills a sandbox, a Developer Edition org or the stand-in with made-up accounts, contacts, a pool and policies. */
import { LanternError } from "../../service/errors.ts";
import { sentence, soql, type Salesforce } from "../../service/salesforce/index.ts";
import { madeUp, type Company } from "../demo/people.ts";
import { accountRow, contactRow, demoPolicies, policyRow, type Fields } from "../demo/rows.ts";
import { readConfig } from "../../service/config.ts";
import { readArgs, wholeNumber, type Command } from "./command.ts";
import { logIn, textIn } from "./log-in.ts";

const pool = "lantern-demo";
/** There are not more company names. */
const mostAccounts = 40;

export const demoData: Command = {
  name: "demo-data",
  usage: "[--accounts N] [--seed N]",
  about: "fills the org with made-up accounts, contacts, a pool and policies in observe mode; refuses production",
  details:
    "Observe mode: Lantern decides and logs, and writes nothing, until an admin sets a policy's mode to act.\nThe user must be allowed to create accounts, contacts and Lantern's own objects (permission set Lantern Admin).",
  async run(argv, outside) {
    const { values } = readArgs(argv, {
      options: { accounts: { type: "string", default: "20" }, seed: { type: "string", default: "1" } },
    });
    const count = Math.min(mostAccounts, wholeNumber(values.accounts, "--accounts"));
    const salesforce = await logIn(outside, readConfig(outside.env));
    await refuseProduction(salesforce);
    await refuseTwice(salesforce);
    const { out } = outside.terminal;
    const made = madeUp(wholeNumber(values.seed, "--seed"));
    const companies = Array.from({ length: count }, () => made.company());
    const accountIds = await createAll(salesforce, "Account", companies.map(accountRow));
    const contacts = companies.flatMap((company: Company, i) =>
      [made.person(company), made.person(company)].map((person) => contactRow(person, accountIds[i] ?? "")),
    );
    const contactIds = await createAll(salesforce, "Contact", contacts);
    out(`${accountIds.length} accounts and ${contactIds.length} contacts.`);
    const [poolId = ""] = await createAll(salesforce, "Lantern_Pool__c", [
      { Name: "Lantern demo", Key__c: pool, Active__c: true },
    ]);
    const users = await people(salesforce);
    await createAll(
      salesforce,
      "Lantern_Pool_Member__c",
      users.map((User__c, i) => ({ Pool__c: poolId, User__c, Position__c: i + 1, Weight__c: 1, Active__c: true })),
    );
    out(`The pool ${pool} with ${users.length} members.`);
    const policies = demoPolicies(pool).map((policy) => policyRow({ ...policy, mode: "observe" }));
    await createAll(salesforce, "Lantern_Policy__c", policies);
    out(`${policies.length} policies, all in observe mode.`);
  },
};

async function refuseProduction(salesforce: Salesforce): Promise<void> {
  const { sandbox, name, instanceUrl } = await salesforce.identify();
  const { rows } = await salesforce.query({
    soql: soql.select({ fields: ["OrganizationType"], from: "Organization" }),
  });
  const edition = textIn(rows[0], "OrganizationType");
  const local = ["localhost", "127.0.0.1"].includes(new URL(instanceUrl).hostname);
  if (!sandbox && !local && edition !== "Developer Edition")
    throw new LanternError(
      `${name} is a production org (${edition}). Made-up data goes into a sandbox, a Developer Edition org or the stand-in only.`,
      { code: "production" },
    );
}

async function refuseTwice(salesforce: Salesforce): Promise<void> {
  const { rows } = await salesforce.query({
    soql: soql.select({ fields: ["Id"], from: "Lantern_Pool__c", where: soql.equals("Key__c", pool) }),
  });
  if (rows.length > 0)
    throw new LanternError(`The pool ${pool} is there already: the demo data was put into this org before.`, {
      code: "already_there",
    });
}

/** Up to five people who can take a turn. */
async function people(salesforce: Salesforce): Promise<string[]> {
  const { userId } = await salesforce.identify();
  const { rows } = await salesforce.query({
    soql: soql.select({
      fields: ["Id"],
      from: "User",
      where: [soql.equals("IsActive", true), soql.equals("UserType", "Standard"), soql.compare("Id", "!=", userId)],
      orderBy: ["Id"],
      limit: 5,
    }),
  });
  return rows.map((row) => textIn(row, "Id"));
}

/** @throws LanternError with the first refusal and how many there were; what was created stays. */
async function createAll(salesforce: Salesforce, object: string, rows: readonly Fields[]): Promise<string[]> {
  const results = await salesforce.create(object, rows);
  const refused = results.flatMap((result) => (result.ok ? [] : [result]));
  const [first] = refused;
  if (first)
    throw new LanternError(
      `Salesforce refused ${refused.length} of ${rows.length} ${object} records: ${sentence(first.errors)}`,
      { code: "refused" },
    );
  return results.flatMap((result) => (result.ok ? [result.id] : []));
}
