/**
 * Reads what admins set in the org (pools, members, policies, settings, users; the watched fields come with the records)
 * and keeps it here, so that a change there takes effect within one poll.
 */
import { and, eq, notInArray } from "drizzle-orm";
import type { Context } from "../context.ts";
import { readDefinition } from "./policy-schema.ts";
import { redrive } from "../queue/queue.ts";
import { syncPools, type MemberFound, type PoolFound, type UserFound } from "../routing/index.ts";
import { SalesforceError, soql, textOf, type QueryRequest, type Row, type Salesforce } from "../salesforce/index.ts";
import type { OrgSettings } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import { watchedByDefault } from "./fields.ts";

const text = (row: Row, field: string): string => textOf(row[field]) ?? "";
const textOrNull = (row: Row, field: string): string | null => (typeof row[field] === "string" ? row[field] : null);
const numberOrNull = (row: Row, field: string): number | null => (typeof row[field] === "number" ? row[field] : null);

export const configQueries: QueryRequest[] = [
  {
    soql: soql.select({ fields: ["Id", "Name", "Key__c", "Active__c"], from: "Lantern_Pool__c", orderBy: ["Key__c"] }),
  },
  {
    soql: soql.select({
      fields: [
        "Id",
        "Pool__c",
        "User__c",
        "Position__c",
        "Weight__c",
        "Active__c",
        "Paused_Until__c",
        "Pause_Reason__c",
      ],
      from: "Lantern_Pool_Member__c",
      orderBy: ["Pool__c", "Position__c", "Id"],
    }),
  },
  {
    soql: soql.select({
      fields: ["Id", "Name", "Object__c", "Order__c", "Active__c", "Mode__c", "Definition__c"],
      from: "Lantern_Policy__c",
      orderBy: ["Object__c", "Order__c", "Id"],
    }),
  },
  {
    soql: soql.select({
      fields: ["Id", "SetupOwnerId", "Enabled__c", "Convert_Enabled__c"],
      from: "Lantern_Settings__c",
    }),
  },
  { soql: soql.select({ fields: ["Id", "Name", "Email", "IsActive"], from: "User", orderBy: ["Id"] }) },
];

export const watchQuery: QueryRequest = {
  soql: soql.select({
    fields: ["Id", "Object__c", "Fields__c", "Active__c"],
    from: "Lantern_Watch__c",
    orderBy: ["Object__c"],
  }),
};

export interface OrgConfig {
  pools: PoolFound[];
  members: MemberFound[];
  policies: Row[];
  settings: Row[];
  users: UserFound[];
}

/** One composite call, and further pages where an org has many users or members. */
export async function readConfig(salesforce: Salesforce): Promise<OrgConfig> {
  const outcomes = await salesforce.queries(configQueries);
  const [pools = [], members = [], policies = [], settings = [], users = []] = await Promise.all(
    outcomes.map(async (outcome, i) => {
      if (!outcome.ok)
        throw new SalesforceError(
          "permanent",
          outcome.errors[0]?.statusCode ?? "UNKNOWN_EXCEPTION",
          `Salesforce did not answer “${configQueries[i]?.soql}”: ${outcome.errors[0]?.message ?? ""}. Is the Lantern package installed, and the integration user given its permission set?`,
        );
      const rows = [...outcome.page.rows];
      for (let page = outcome.page; !page.done && page.next !== null;) {
        page = await salesforce.queryMore(page.next);
        rows.push(...page.rows);
      }
      return rows;
    }),
  );
  return {
    pools: pools.map((row) => ({
      sfId: text(row, "Id"),
      key: textOrNull(row, "Key__c"),
      name: text(row, "Name"),
      active: row["Active__c"] === true,
    })),
    members: members.map((row) => ({
      sfId: text(row, "Id"),
      poolSfId: text(row, "Pool__c"),
      userId: textOrNull(row, "User__c"),
      position: numberOrNull(row, "Position__c"),
      weight: numberOrNull(row, "Weight__c"),
      active: row["Active__c"] === true,
      pausedUntil: typeof row["Paused_Until__c"] === "string" ? Date.parse(row["Paused_Until__c"]) : null,
      pauseReason: textOrNull(row, "Pause_Reason__c"),
    })),
    policies,
    settings,
    users: users.map((row) => ({
      userId: text(row, "Id"),
      name: text(row, "Name"),
      email: textOrNull(row, "Email"),
      active: row["IsActive"] === true,
    })),
  };
}

/** Keeps what was read; work that waited for somebody to be eligible tries again. */
export async function keepConfig(tx: Tx, ctx: Context, orgId: string, config: OrgConfig): Promise<void> {
  const { orgs } = tx.t;
  const synced = await syncPools(tx, { orgId, tenant: ctx.tenant, now: ctx.clock.now() }, config);
  for (const problem of synced.problems) ctx.log.warn({ problem }, "a pool in the org cannot be used");
  await redrive(tx, { tenant: ctx.tenant, code: "no_eligible_member" }, ctx.clock.now());
  await keepPolicies(tx, ctx, orgId, config.policies);
  const [org] = await tx.db.select({ settings: orgs.settings }).from(orgs).where(eq(orgs.id, orgId));
  if (org)
    await tx.db
      .update(orgs)
      .set({ settings: { ...org.settings, ...switchesOf(config.settings, orgId) }, settingsReadAt: ctx.clock.now() })
      .where(eq(orgs.id, orgId));
}

async function keepPolicies(tx: Tx, ctx: Context, orgId: string, rows: readonly Row[]): Promise<void> {
  const { policies } = tx.t;
  for (const row of rows) {
    const read = readDefinition(textOrNull(row, "Definition__c"));
    const values = {
      tenantId: ctx.tenant,
      object: text(row, "Object__c"),
      order: numberOrNull(row, "Order__c") ?? 0,
      active: row["Active__c"] === true,
      mode: row["Mode__c"] === "act" ? ("act" as const) : ("observe" as const),
      body: read.body,
      sfId: text(row, "Id"),
      problem: read.problem,
      updatedAt: ctx.clock.now(),
    };
    await tx.db
      .insert(policies)
      .values({ orgId, name: text(row, "Name"), ...values })
      .onConflictDoUpdate({ target: [policies.orgId, policies.name], set: values });
    if (read.problem !== null)
      ctx.log.warn({ policy: text(row, "Name"), problem: read.problem }, "a policy in the org cannot be used");
  }
  const names = rows.map((row) => text(row, "Name"));
  await tx.db
    .delete(policies)
    .where(and(eq(policies.orgId, orgId), names.length > 0 ? notInArray(policies.name, names) : undefined));
}

/** The org-wide row of the hierarchy setting; none means the defaults: on, as installed (policies begin in observe mode). */
function switchesOf(rows: readonly Row[], orgId: string): Pick<OrgSettings, "enabled" | "convertEnabled"> {
  const orgWide = rows.find((row) => row["SetupOwnerId"] === orgId);
  return { enabled: orgWide?.["Enabled__c"] !== false, convertEnabled: orgWide?.["Convert_Enabled__c"] !== false };
}

/** Which fields are watched, by object. An org without any `Lantern_Watch__c` row gets the package's own list. */
export function watchOf(rows: readonly Row[]): OrgSettings["watch"] {
  if (rows.length === 0) return watchedByDefault;
  return Object.fromEntries(
    rows
      .filter((row) => row["Active__c"] === true)
      .map((row) => [
        text(row, "Object__c"),
        text(row, "Fields__c")
          .split(/[\s,;]+/)
          .filter((field) => field !== ""),
      ]),
  );
}
