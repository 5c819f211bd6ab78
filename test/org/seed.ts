/** An org on its first day: its own row, the lead statuses, a handful of users, a lead queue. */
import { insertRow } from "./engine/dml.ts";
import type { Org } from "./engine/org.ts";
import type { Value } from "./engine/schema.ts";
import { grantedPermissions } from "./engine/metadata.ts";

export interface Seeded {
  integrationUserId: string;
  /** Who acts when the control API names nobody. */
  repUserId: string;
  adminUserId: string;
  leadQueueId: string;
}

export const integrationUsername = "lantern@standin.example";

/** Creates rows that no API caller could. */
export function systemInsert(org: Org, object: string, values: Record<string, Value>, userId = ""): string {
  return org.transact(userId, (tx) =>
    String(insertRow(tx, org.schema.get(object), {}, { system: values, silent: true }).Id),
  );
}

export function createUser(
  org: Org,
  user: { name: string; active?: boolean; username?: string; email?: string },
): string {
  const [first = "", ...rest] = user.name.split(" ");
  const last = rest.join(" ");
  const handle = user.name.toLowerCase().replace(/[^a-z0-9]+/g, ".");
  return systemInsert(org, "User", {
    FirstName: last === "" ? null : first,
    LastName: last === "" ? first : last,
    Username: user.username ?? `${handle}@standin.example`,
    Email: user.email ?? `${handle}@standin.example`,
    Alias: handle.slice(0, 8),
    UserType: "Standard",
    TimeZoneSidKey: "Europe/Berlin",
    IsActive: user.active ?? true,
  });
}

export function createQueue(org: Org, queue: { name: string; objects?: string[] }): string {
  const id = systemInsert(org, "Group", {
    Name: queue.name,
    DeveloperName: queue.name.replace(/\W+/g, "_"),
    Type: "Queue",
  });
  for (const SobjectType of queue.objects ?? ["Lead"]) systemInsert(org, "QueueSobject", { QueueId: id, SobjectType });
  return id;
}

export function seed(org: Org, packageDir: string): Seeded {
  org.id = systemInsert(org, "Organization", {
    Name: "Stand-in Org",
    OrganizationType: "Developer Edition",
    InstanceName: "LOCAL1",
    IsSandbox: false,
    TimeZoneSidKey: "Europe/Berlin",
    DefaultLocaleSidKey: "en_US",
  });
  const statuses = [
    ["Open - Not Contacted", true, false],
    ["Working - Contacted", false, false],
    ["Closed - Converted", false, true],
    ["Closed - Not Converted", false, false],
  ] as const;
  statuses.forEach(([label, IsDefault, IsConverted], i) =>
    systemInsert(org, "LeadStatus", { MasterLabel: label, ApiName: label, SortOrder: i + 1, IsDefault, IsConverted }),
  );
  const adminUserId = createUser(org, { name: "Ada Admin" });
  const integrationUserId = createUser(org, { name: "Lantern Integration", username: integrationUsername });
  const repUserId = createUser(org, { name: "Rita Rep" });
  org.permissions.set(integrationUserId, new Set(grantedPermissions(packageDir, "Lantern_Integration")));
  const leadQueueId = createQueue(org, { name: "Lead Queue" });
  org.resetLedger();
  return { integrationUserId, repUserId, adminUserId, leadQueueId };
}
