/** What happened, in figures. Pure. */
import { counted, doubled, imbalance, lost, type Given } from "./checks.ts";
import type { Evidence } from "./evidence.ts";
import type { NameOf, Paint } from "./show.ts";

export interface Summary {
  lines: string[];
  /** Nothing lost, nothing doubled, and the ledger sums to zero. */
  sound: boolean;
}

export interface SummaryOptions extends Given {
  nameOf: NameOf;
  paint: Paint;
  /** Names of the pool's members that cannot take a turn. */
  inactive: readonly string[];
  /** Rows of the user's own that could not be used. */
  badRows: number;
  seconds: number;
}

const problemsShown = 20;

export function summarise(evidence: Evidence, options: SummaryOptions): Summary {
  const { created, nameOf, paint } = options;
  const leads = new Set(created);
  const runs = evidence.runs.filter((run) => leads.has(run.recordId) && run.state === "done");
  const ofLeads = (test: (run: (typeof runs)[number]) => boolean) =>
    new Set(runs.filter(test).map((run) => run.recordId)).size;
  const doors = counted(
    evidence.records.filter((record) => leads.has(record.recordId)).map((record) => record.firstHeardBy ?? "nobody"),
  );
  const converted = runs.filter((run) => run.outcome === "converted");
  const intoContact = converted.filter((run) => run.data.match?.contact).length;
  const intoAccount = converted.filter((run) => !run.data.match?.contact && run.data.match?.account).length;
  const enriched = new Set(
    evidence.routeLog
      .filter((entry) => entry.action === "enrich" && entry.mode === "act")
      .map((entry) => entry.objectId),
  ).size;
  const missing = lost(evidence, options);
  const twice = doubled(evidence, options);
  const off = imbalance(evidence);
  const [balance] = evidence.balances;
  const sound = missing.length === 0 && twice.length === 0 && off === 0;
  const row = (name: string, text: string) => `  ${name.padEnd(24)}${text}`;
  const verdict = (problems: readonly string[]) =>
    problems.length === 0 ? paint.good("0") : paint.bad(String(problems.length));
  return {
    sound,
    lines: [
      paint.strong(`After ${options.seconds} s:`),
      row(
        "leads in",
        `${created.length}${options.badRows > 0 ? ` (${options.badRows} rows could not be used, listed above)` : ""}`,
      ),
      row("first heard by", ["webhook", "stream", "poll"].map((door) => `${door} ${doors.get(door) ?? 0}`).join(", ")),
      row("enriched", String(enriched)),
      row(
        "matched",
        `${ofLeads((run) => run.data.match?.decision === "match")} (contact ${ofLeads((run) => run.data.match?.contact !== undefined)}, account ${ofLeads((run) => run.data.match?.account !== undefined)})`,
      ),
      row("converted", String(converted.length)),
      row(
        "  merged into existing",
        `${intoContact + intoAccount} (${intoContact} into a contact, ${intoAccount} into an account with a new contact)`,
      ),
      row("  new", `${converted.length - intoContact - intoAccount} (new account and contact)`),
      row("assigned by turn", rotation(evidence, options)),
      row(
        "  by owner of the match",
        String(ofLeads((run) => run.data.owner?.by === "matched_owner" && run.data.policy?.mode === "act")),
      ),
      row("for a person to decide", String(evidence.reviews.filter((review) => review.state === "open").length)),
      row("only observed", String(ofLeads((run) => run.outcome === "observed"))),
      row(
        "edited by people",
        `${options.edits.length} times, ${ofLeads((run) => run.outcome === "superseded")} while a journey was under way`,
      ),
      row(
        "credits",
        `${(balance?.spent ?? 0) / 100} spent, ${(balance?.reserved ?? 0) / 100} reserved, ${(balance?.available ?? 0) / 100} left; the ledger sums to ${off / 100}`,
      ),
      row(
        "calls to the org",
        `${evidence.calls.total}, ${(evidence.calls.total / Math.max(1, created.length)).toFixed(2)} a lead (polls included)`,
      ),
      row("lost", verdict(missing)),
      row("done twice", verdict(twice)),
      ...[...missing, ...twice].slice(0, problemsShown).map((problem) => paint.bad(`    ${problem}`)),
      ...(missing.length + twice.length > problemsShown
        ? [`    … and ${missing.length + twice.length - problemsShown} more`]
        : []),
    ],
  };

  function rotation({ turns, members }: Evidence, { inactive }: SummaryOptions): string {
    const taken = counted(turns.map((turn) => turn.ownerId));
    const eligible = members.filter((member) => !inactive.includes(nameOf(member.userId)));
    const counts = eligible.map((member) => taken.get(member.userId) ?? 0);
    const spread = counts.length === 0 ? 0 : Math.max(...counts) - Math.min(...counts);
    const each = eligible.map((member, i) => `${nameOf(member.userId)} ${counts[i]}`).join(", ");
    const out = inactive.length === 0 ? "" : `; ${inactive.join(", ")} is inactive and got none`;
    return `${turns.length} (${each}; max − min ${spread}${out})`;
  }
}
