/** Parked work: what stopped, why, and letting it go on. */
import { and, asc, eq } from "drizzle-orm";
import { iso } from "../../service/clock.ts";
import { redrive } from "../../service/queue/queue.ts";
import { readArgs, tenant, UsageError, wholeNumber, withStore, type Command } from "./command.ts";
import { table } from "./table.ts";

export const listParked: Command = {
  name: "parked list",
  usage: "[--code CODE] [--limit N]",
  about: "lists work that stopped, by reason, oldest first",
  async run(argv, outside) {
    const { values } = readArgs(argv, {
      options: { code: { type: "string" }, limit: { type: "string", default: "50" } },
    });
    const limit = wholeNumber(values.limit, "--limit");
    await withStore(outside, async ({ store }) => {
      const rows = await store.read(async (tx) => {
        const { jobs } = tx.t;
        return tx.db
          .select()
          .from(jobs)
          .where(
            and(
              eq(jobs.tenantId, tenant),
              eq(jobs.state, "parked"),
              values.code === undefined ? undefined : eq(jobs.parkedCode, values.code),
            ),
          )
          .orderBy(asc(jobs.parkedAt), asc(jobs.key));
      });
      const { out } = outside.terminal;
      if (rows.length === 0) return out("Nothing is parked.");
      const counts = new Map<string, number>();
      for (const row of rows) counts.set(row.parkedCode ?? "?", (counts.get(row.parkedCode ?? "?") ?? 0) + 1);
      for (const line of table(
        ["code", "count"],
        [...counts].map(([code, count]) => [code, String(count)]),
      ))
        out(line);
      out("");
      const shown = rows
        .slice(0, limit)
        .map((row) => [
          row.parkedAt === null ? "-" : iso(row.parkedAt),
          row.kind,
          row.key,
          row.parkedCode ?? "?",
          row.parkedReason ?? "",
        ]);
      for (const line of table(["since", "kind", "key", "code", "why"], shown)) out(line);
      if (rows.length > limit) out(`… and ${rows.length - limit} more (--limit).`);
    });
  },
};

export const retryParked: Command = {
  name: "parked retry",
  usage: "--all | --code CODE | --key KEY",
  about: "lets parked work go on, its failed attempts forgotten",
  async run(argv, outside) {
    const { values } = readArgs(argv, {
      options: { all: { type: "boolean" }, code: { type: "string" }, key: { type: "string" } },
    });
    const { all, code, key } = values;
    if (!all && code === undefined && key === undefined)
      throw new UsageError("Say which: --code CODE, --key KEY, or --all.");
    await withStore(outside, async ({ store, ctx }) => {
      const filter = { tenant, ...(code === undefined ? {} : { code }), ...(key === undefined ? {} : { key }) };
      const count = await store.write((tx) => redrive(tx, filter, ctx.clock.now()));
      outside.terminal.out(
        count === 0 ? "Nothing that is parked fits this." : `${count} go on; the running service takes them up.`,
      );
    });
  },
};
