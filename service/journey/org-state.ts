import { eq } from "drizzle-orm";
import { NotFound } from "../errors.ts";
import type { Tx } from "../store/store.ts";
import type { OrgState } from "./journey.ts";

/** What the org's admins have set, as last read from it. */
export async function readOrgState(tx: Tx, orgId: string): Promise<OrgState> {
  const { orgs, policies } = tx.t;
  const [org] = await tx.db.select().from(orgs).where(eq(orgs.id, orgId));
  if (!org) throw new NotFound(`The org ${orgId} is not connected.`);
  return {
    settings: org.settings,
    policies: await tx.db.select().from(policies).where(eq(policies.orgId, orgId)),
    connectedAt: org.connectedAt,
    baselineDone: org.baselineDoneAt !== null,
  };
}
