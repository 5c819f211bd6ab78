/** Checks the org with real calls each way: what the package put there, what the integration user may do, the stream. */
import { LanternError, messageOf } from "../../service/errors.ts";
import { readConfig } from "../../service/config.ts";
import { readConfig as readOrgConfig, watchedByDefault, watchOf, watchQuery } from "../../service/orgs/index.ts";
import { openStream, soql, type Salesforce } from "../../service/salesforce/index.ts";
import { readArgs, type Command, type Outside } from "./command.ts";
import { logIn, textIn } from "./log-in.ts";

/** What a journey writes, by object; the user must be allowed to. */
const written: Record<string, string[]> = {
  Lead: ["OwnerId", "Email", "Phone", "Lantern_Run__c", "Lantern_Routed_At__c"],
  Contact: ["OwnerId", "Phone", "Lantern_Run__c"],
  Account: ["Phone", "Website", "Lantern_Run__c"],
  Opportunity: ["Lantern_Run__c"],
};
const streamWaitMs = 20_000;

/** A sentence when all is well; throws one that says what to do when not. */
type Check = (salesforce: Salesforce, outside: Outside) => Promise<string>;

const checks: [string, Check][] = [
  [
    "login",
    async (salesforce) => {
      const who = await salesforce.identify();
      return `${who.username} in ${who.name} (${who.orgId})${who.sandbox ? ", a sandbox" : ""} at ${who.instanceUrl}`;
    },
  ],
  [
    "package",
    async (salesforce) => {
      const { pools, members, policies } = await readOrgConfig(salesforce);
      return `${pools.length} pools, ${members.length} members, ${policies.length} policies are readable`;
    },
  ],
  [
    "watched fields",
    async (salesforce) => {
      const [watch] = await salesforce.queries([watchQuery]);
      if (!watch?.ok) throw new LanternError("Lantern_Watch__c cannot be read.", { code: "package_missing" });
      const watched = watchOf(watch.page.rows);
      const missing: string[] = [];
      for (const [object, fields] of Object.entries(watched)) {
        const described = await salesforce.describe(object);
        missing.push(...fields.filter((field) => !described.fields.has(field)).map((field) => `${object}.${field}`));
      }
      if (missing.length > 0)
        throw new LanternError(`These are not there, or hidden from the user: ${missing.join(", ")}.`, {
          code: "fields",
        });
      return `${Object.keys(watched).join(", ")}${watched === watchedByDefault ? " (the package's own list)" : ""}`;
    },
  ],
  [
    "user rights",
    async (salesforce) => {
      const refused: string[] = [];
      for (const [object, fields] of Object.entries(written)) {
        const described = await salesforce.describe(object);
        refused.push(
          ...fields.filter((field) => !described.fields.get(field)?.updateable).map((f) => `${object}.${f}`),
        );
      }
      if (refused.length > 0)
        throw new LanternError(
          `The user may not write ${refused.join(", ")}: assign the permission set Lantern Integration, and give it edit rights on the objects.`,
          { code: "rights" },
        );
      return "what journeys write may be written";
    },
  ],
  [
    "converting",
    async (salesforce) => {
      const where = soql.equals("IsConverted", true);
      const { rows } = await salesforce.query({
        soql: soql.select({ fields: ["ApiName"], from: "LeadStatus", where }),
      });
      if (rows.length === 0) throw new LanternError("No lead status counts as converted.", { code: "lead_status" });
      return `lead status “${textIn(rows[0], "ApiName")}”`;
    },
  ],
  ["stream", (salesforce, outside) => subscribes(salesforce, outside)],
  [
    "API calls",
    async (salesforce) => {
      const { used, limit, state } = salesforce.budget();
      if (state === "essential")
        throw new LanternError(`${used} of ${limit} calls of today are used.`, { code: "quota" });
      return `${used} of ${limit} of today`;
    },
  ],
];

/** The way back: the org accepts a subscription to the package's event. */
async function subscribes(salesforce: Salesforce, outside: Outside): Promise<string> {
  const stream = openStream({
    salesforce,
    apiVersion: readConfig(outside.env).salesforce.apiVersion,
    channel: "/event/Lantern_Change__e",
    log: outside.log,
    clock: outside.clock,
    random: Math.random,
    replayFrom: async () => null,
    onEvent: async () => undefined,
    onGap: async () => undefined,
  });
  try {
    for (const until = outside.clock.now() + streamWaitMs; outside.clock.now() < until;) {
      if (stream.report().state === "live") return "Lantern_Change__e can be subscribed to";
      await outside.clock.sleep(100);
    }
    throw new LanternError(
      `No subscription within ${streamWaitMs / 1_000} s: ${stream.report().reason ?? "the org did not say why"}. The user needs to read Lantern_Change__e.`,
      { code: "stream" },
    );
  } finally {
    await stream.stop();
  }
}

export const verifyOrg: Command = {
  name: "org verify",
  usage: "",
  about: "checks login, package, rights and stream with real calls, and says what is missing",
  async run(argv, outside) {
    readArgs(argv, {});
    const salesforce = await logIn(outside, readConfig(outside.env));
    let failed = 0;
    for (const [name, check] of checks)
      try {
        outside.terminal.out(`✓ ${name}: ${await check(salesforce, outside)}`);
      } catch (error) {
        failed++;
        outside.terminal.out(`✗ ${name}: ${messageOf(error)}`);
      }
    if (failed > 0) throw new LanternError(`${failed} of ${checks.length} checks failed.`, { code: "not_ready" });
  },
};
