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
import type { OrgSettings, PolicyBody } from "../store/json.ts";
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

/** What is set refers to fields of the org: one that is not there would make every reading of the object fail. */
async function fieldProblem(salesforce: Salesforce, object: string, fields: readonly string[]): Promise<string | null> {
  let known: Set<string>;
  try {
    known = new Set([...(await salesforce.describe(object)).fields.keys()].map((name) => name.toLowerCase()));
  } catch (error) {
    if (error instanceof SalesforceError && (error.kind === "permanent" || error.kind === "follow"))
      return `There is no object ${object} that the integration user can see.`;
    throw error;
  }
  // A path leads to another object; only its beginning is this object's own.
  const missing = fields.filter((field) => !field.includes(".") && !known.has(field.toLowerCase()));
  return missing.length === 0
    ? null
    : `${object} has no field ${missing.join(", ")} that the integration user can see.`;
}

/** Watched fields that the org has; the others are named in the log and left out. */
export async function checkedWatch(
  salesforce: Salesforce,
  watch: OrgSettings["watch"],
  log: Context["log"],
): Promise<OrgSettings["watch"]> {
  const checked: OrgSettings["watch"] = {};
  for (const [object, fields] of Object.entries(watch)) {
    const whole = await fieldProblem(salesforce, object, []);
    if (whole !== null) {
      log.warn({ object, problem: whole }, "an object in Lantern_Watch__c cannot be watched");
      continue;
    }
    const problems = await Promise.all(fields.map((field) => fieldProblem(salesforce, object, [field])));
    checked[object] = fields.filter((_, i) => problems[i] === null);
    const told = problems.filter((problem) => problem !== null);
    if (told.length > 0) log.warn({ object, problems: told }, "a field in Lantern_Watch__c cannot be watched");
  }
  return checked;
}

export interface ReadPolicy {
  name: string;
  object: string;
  order: number;
  active: boolean;
  mode: "observe" | "act";
  body: PolicyBody;
  sfId: string;
  problem: string | null;
}

async function policyOf(salesforce: Salesforce, row: Row): Promise<ReadPolicy> {
  const read = readDefinition(textOrNull(row, "Definition__c"));
  const object = text(row, "Object__c");
  return {
    name: text(row, "Name"),
    object,
    order: numberOrNull(row, "Order__c") ?? 0,
    active: row["Active__c"] === true,
    mode: row["Mode__c"] === "act" ? "act" : "observe",
    body: read.body,
    sfId: text(row, "Id"),
    problem: read.problem ?? (await fieldProblem(salesforce, object, conditionFields(read.body))),
  };
}

/** The fields that a policy's conditions read. */
function conditionFields({ when }: PolicyBody): string[] {
  if (!when) return [];
  return ("all" in when ? when.all : when.any).map((condition) => condition.field);
}

export interface OrgConfig {
  pools: PoolFound[];
  members: MemberFound[];
  policies: ReadPolicy[];
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
    policies: await Promise.all(policies.map((row) => policyOf(salesforce, row))),
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

async function keepPolicies(tx: Tx, ctx: Context, orgId: string, found: readonly ReadPolicy[]): Promise<void> {
  const { policies } = tx.t;
  for (const { name, ...policy } of found) {
    const values = { ...policy, tenantId: ctx.tenant, updatedAt: ctx.clock.now() };
    await tx.db
      .insert(policies)
      .values({ orgId, name, ...values })
      .onConflictDoUpdate({ target: [policies.orgId, policies.name], set: values });
    if (policy.problem !== null)
      ctx.log.warn({ policy: name, problem: policy.problem }, "a policy in the org cannot be used");
  }
  const names = found.map((policy) => policy.name);
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
