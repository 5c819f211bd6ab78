/** Loads the tenant's own reference table of people or companies. */
import { LanternError } from "../../service/errors.ts";
import { importDirectory } from "../../service/enrichment/index.ts";
import { readArgs, tenant, UsageError, withStore, type Command } from "./command.ts";
import { showProgress } from "./progress.ts";

export const importDirectoryCommand: Command = {
  name: "directory import",
  usage: "FILE --kind people|companies [--map field=header]… [--dry-run]",
  about: "loads people or companies from CSV; a file imported again updates, never doubles",
  details: "Usual header names are known. --dry-run reads and checks everything and stores nothing.",
  async run(argv, outside) {
    const { values, positionals } = readArgs(argv, {
      options: {
        kind: { type: "string" },
        map: { type: "string", multiple: true, default: [] },
        "dry-run": { type: "boolean", default: false },
      },
      words: 1,
    });
    const { kind, map } = values;
    if (kind !== "people" && kind !== "companies") throw new UsageError("--kind is people or companies.");
    const mapping = Object.fromEntries(map.map(pairOf));
    const { terminal } = outside;
    await withStore(outside, async ({ store, ctx }) => {
      const progress = showProgress(terminal, `Reading ${positionals[0]}`);
      const result = await importDirectory(
        { store, clock: ctx.clock, ids: ctx.ids },
        {
          tenant,
          kind,
          file: positionals[0] ?? "",
          mapping,
          dryRun: values["dry-run"],
          onProgress: ({ bytes, totalBytes }) => progress.at(bytes, totalBytes),
        },
      ).finally(() => progress.end());
      const columns = Object.entries(result.columns).map(([field, header]) => `${header} → ${field}`);
      terminal.out(`Columns: ${columns.join(", ")}.`);
      if (result.ignored.length > 0) terminal.out(`Not known and left out: ${result.ignored.join(", ")}.`);
      for (const { row, message } of result.errors) terminal.err(`line ${row}: ${message}`);
      if (result.rejected > result.errors.length)
        terminal.err(`… and ${result.rejected - result.errors.length} more rows that cannot be used.`);
      terminal.out(
        values["dry-run"]
          ? `${result.rows} rows: ${result.stored} can be imported, ${result.rejected} cannot. Nothing was stored.`
          : `${result.rows} rows: ${result.stored} stored, ${result.rejected} left out.`,
      );
      if (result.rows > 0 && result.stored === 0)
        throw new LanternError("Not one row could be used.", { code: "nothing_imported" });
    });
  },
};

function pairOf(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--map takes field=header, not “${text}”.`);
  return [text.slice(0, at), text.slice(at + 1)];
}
