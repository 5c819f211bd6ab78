import { LanternError } from "../errors.ts";
import type { OrgConnection } from "../orgs/org.ts";
import { soql, textOf } from "../salesforce/index.ts";

const known = new WeakMap<OrgConnection["salesforce"], Promise<string[]>>();

/** The lead status that means converted: the wished one, or the org's first. Asked once per connection. */
export async function convertedStatus(org: OrgConnection, wished: string | undefined): Promise<string> {
  let statuses = known.get(org.salesforce);
  if (!statuses) {
    statuses = read(org);
    known.set(org.salesforce, statuses);
    statuses.catch(() => known.delete(org.salesforce));
  }
  const list = await statuses;
  if (wished !== undefined) {
    const found = list.find((status) => status.toLowerCase() === wished.toLowerCase());
    if (found) return found;
    throw new LanternError(`“${wished}” is not a converted lead status of this org; it has ${list.join(", ")}.`, {
      code: "bad_converted_status",
    });
  }
  const first = list[0];
  if (first === undefined)
    throw new LanternError("This org has no lead status that means converted.", { code: "no_converted_status" });
  return first;
}

async function read(org: OrgConnection): Promise<string[]> {
  const page = await org.salesforce.query({
    soql: soql.select({
      fields: ["ApiName", "MasterLabel"],
      from: "LeadStatus",
      where: soql.equals("IsConverted", true),
      orderBy: ["SortOrder"],
    }),
  });
  return page.rows.map((row) => textOf(row["ApiName"]) ?? textOf(row["MasterLabel"]) ?? "");
}
