/** The org: connect it, and see how it fares. Checking it is org-verify.ts. */
import { asc, eq } from "drizzle-orm";
import { iso } from "../../service/clock.ts";
import { connectOrg } from "../../service/orgs/index.ts";
import { readArgs, tenant, withStore, type Command } from "./command.ts";
import { logIn } from "./log-in.ts";
import { table } from "./table.ts";

export const connectOrgCommand: Command = {
  name: "org connect",
  usage: "",
  about: "connects the org of the configured credentials; its baseline is taken by the running service",
  details:
    "What is in the org already costs nothing: only records created or changed afterwards start a journey. `npm start` connects the org by itself, too.",
  async run(argv, outside) {
    readArgs(argv, {});
    await withStore(outside, async ({ store, config, ctx }) => {
      const salesforce = await logIn(outside, config);
      await store.write((tx) =>
        tx.db
          .insert(tx.t.tenants)
          .values({ id: tenant, name: "first", createdAt: ctx.clock.now() })
          .onConflictDoNothing(),
      );
      const { identity, known } = await connectOrg(ctx, salesforce);
      const { out } = outside.terminal;
      out(
        `${identity.name} (${identity.orgId})${identity.sandbox ? ", a sandbox," : ""} is ${known ? "connected already" : "connected"}.`,
      );
      out(`Lantern acts there as ${identity.username}.`);
      if (!known) out("Start the service (npm start): it takes the baseline of what is there, free of charge.");
    });
  },
};

export const orgStatus: Command = {
  name: "org status",
  usage: "",
  about: "shows the connected orgs: baseline, poll, stream, switches",
  async run(argv, outside) {
    readArgs(argv, {});
    await withStore(outside, async ({ store, ctx }) => {
      const { out } = outside.terminal;
      const when = (at: number | null) =>
        at === null ? "never" : `${iso(at)} (${Math.round((ctx.clock.now() - at) / 1_000)} s ago)`;
      const found = await store.read(async (tx) => {
        const { orgs, watermarks, streams, policies } = tx.t;
        return {
          orgs: await tx.db.select().from(orgs).where(eq(orgs.tenantId, tenant)).orderBy(asc(orgs.id)),
          marks: await tx.db.select().from(watermarks).orderBy(asc(watermarks.object)),
          streams: await tx.db.select().from(streams),
          policies: await tx.db.select().from(policies).orderBy(asc(policies.object), asc(policies.order)),
        };
      });
      if (found.orgs.length === 0) return out("No org is connected.");
      for (const org of found.orgs) {
        out(`${org.name}  ${org.id}  ${org.instanceUrl}  ${org.state}${org.sandbox ? "  sandbox" : ""}`);
        out(`  journeys   ${org.settings.enabled ? "on" : "OFF in Lantern Settings"}`);
        out(`  converting ${org.settings.convertEnabled ? "on" : "OFF in Lantern Settings"}`);
        out(`  baseline   ${org.baselineDoneAt === null ? "being taken" : `done ${iso(org.baselineDoneAt)}`}`);
        out(`  last poll  ${when(org.lastPollAt)}`);
        for (const stream of found.streams.filter((s) => s.orgId === org.id))
          out(
            `  stream     ${stream.state}, last contact ${when(stream.lastContactAt)}, ${stream.eventsSeen} events, ${stream.gaps} gaps${stream.lastError === null ? "" : `: ${stream.lastError}`}`,
          );
        const marks = found.marks
          .filter((mark) => mark.orgId === org.id)
          .map((mark) => [
            `  ${mark.object}`,
            String(mark.baselineCount) + (mark.baselineDone ? "" : " …"),
            iso(mark.watermark),
            String(mark.recoveredByPoll),
          ]);
        for (const line of table(["  object", "in the baseline", "read up to", "found by the poll alone"], marks))
          out(line);
        for (const policy of found.policies.filter((p) => p.orgId === org.id))
          out(
            `  policy     ${policy.object} ${policy.order} “${policy.name}”: ${policy.active ? policy.mode : "inactive"}${policy.problem === null ? "" : `, CANNOT BE USED: ${policy.problem}`}`,
          );
      }
    });
  },
};
