/**
 * Connects an org: a real call each way, then a baseline, free of charge, of what is there already. Only records that are
 * created or changed afterwards start a journey.
 */
import { and, eq } from "drizzle-orm";
import type { Context } from "../context.ts";
import { Conflict, LanternError } from "../errors.ts";
import { want } from "../queue/queue.ts";
import type { OrgIdentity, Salesforce } from "../salesforce/index.ts";
import type { Tx } from "../store/store.ts";
import { checkedWatch, keepConfig, readConfig, watchOf, watchQuery } from "./sync-config.ts";

export const baselineJob = "baseline";

export interface Connected {
  identity: OrgIdentity;
  /** Already connected: nothing was begun anew. */
  known: boolean;
}

/** @throws SalesforceError when the org does not answer; LanternError when the package is missing there. */
export async function connectOrg(ctx: Context, salesforce: Salesforce): Promise<Connected> {
  const identity = await salesforce.identify();
  const config = await readConfig(salesforce);
  const [watch] = await salesforce.queries([watchQuery]);
  if (!watch?.ok)
    throw new LanternError("The org has no Lantern_Watch__c; install the Lantern package there first.", {
      code: "package_missing",
    });
  const watched = await checkedWatch(salesforce, watchOf(watch.page.rows), ctx.log);
  // Stamps are whole seconds: what changes in this very second must count as changed after the connect.
  const connectedAt = Math.floor(salesforce.serverNow() / 1_000) * 1_000 - 1;
  return ctx.store.write(async (tx) => {
    const { orgs, watermarks } = tx.t;
    const [before] = await tx.db.select().from(orgs).where(eq(orgs.id, identity.orgId));
    if (before && before.tenantId !== ctx.tenant)
      throw new Conflict("This org is connected to another tenant.", { code: "org_taken" });
    const facts = {
      name: identity.name,
      instanceUrl: identity.instanceUrl,
      sandbox: identity.sandbox,
      integrationUserId: identity.userId,
    };
    if (before && before.state !== "disconnected") {
      await tx.db
        .update(orgs)
        .set({ ...facts, settings: { ...before.settings, watch: watched } })
        .where(eq(orgs.id, identity.orgId));
    } else {
      const fresh = {
        ...facts,
        state: "connecting" as const,
        connectedAt,
        baselineDoneAt: null,
        settings: { enabled: true, convertEnabled: true, watch: watched },
      };
      await tx.db
        .insert(orgs)
        .values({ id: identity.orgId, tenantId: ctx.tenant, ...fresh })
        .onConflictDoUpdate({ target: orgs.id, set: fresh });
      await tx.db.delete(watermarks).where(eq(watermarks.orgId, identity.orgId));
    }
    for (const object of Object.keys(watched)) await beginObject(tx, ctx, identity.orgId, object, connectedAt);
    await keepConfig(tx, ctx, identity.orgId, config);
    return { identity, known: before !== undefined && before.state !== "disconnected" };
  });
}

/** An object that is watched from now on gets its watermark and its own baseline. */
export async function beginObject(tx: Tx, ctx: Context, orgId: string, object: string, now: number): Promise<void> {
  const { watermarks } = tx.t;
  const [made] = await tx.db
    .insert(watermarks)
    .values({
      orgId,
      object,
      watermark: now,
      baselineDone: false,
      baselineCount: 0,
      recordsProcessed: 0,
      recoveredByPoll: 0,
    })
    .onConflictDoNothing()
    .returning({ object: watermarks.object });
  if (made)
    await want(tx, {
      kind: baselineJob,
      key: `${orgId}:${object}`,
      tenant: ctx.tenant,
      now: ctx.clock.now(),
      payload: { org: orgId, object },
    });
}

/** Whether every watched object of the org has its baseline. */
export async function baselineDone(tx: Tx, orgId: string): Promise<boolean> {
  const { watermarks } = tx.t;
  const rows = await tx.db
    .select({ object: watermarks.object })
    .from(watermarks)
    .where(and(eq(watermarks.orgId, orgId), eq(watermarks.baselineDone, false)))
    .limit(1);
  return rows.length === 0;
}
