/** Shows every journey that ends, one line each. */
import { and, asc, eq, gte } from "drizzle-orm";
import { systemClock } from "../../service/clock.ts";
import type { RunData } from "../../service/store/json.ts";
import type { Store } from "../../service/store/store.ts";

/** What became of a run, as its row says. */
export interface EndedRun {
  id: string;
  recordId: string;
  object: string;
  heardBy: string;
  outcome: string | null;
  reason: string | null;
  data: RunData;
  finishedAt: number | null;
}

/** The name of a record or user of the org, for people to read. */
export type NameOf = (id: string) => string;

export interface Paint {
  dim: (text: string) => string;
  good: (text: string) => string;
  bad: (text: string) => string;
  strong: (text: string) => string;
}

const colour = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const plain = (text: string) => text;
/** Colours for a terminal; none for a file or a pipe. */
export const paintFor = (isTerminal: boolean): Paint =>
  isTerminal
    ? { dim: colour(2), good: colour(32), bad: colour(31), strong: colour(1) }
    : { dim: plain, good: plain, bad: plain, strong: plain };

/** Looks that found nothing to do are not worth a line. */
const silent = new Set(["echo", "baseline", "no_policy", "already_converted"]);

/** `10:01:02  stream   Ada Quill @ Kestrel Foods Inc · +Phone +Title · is account Kestrel Foods Inc (98 %) · …`. Pure. */
export function lineOf(run: EndedRun, nameOf: NameOf, paint: Paint): string | null {
  if (run.object !== "Lead" || run.outcome === null || silent.has(run.outcome)) return null;
  const { data } = run;
  const time = new Date(run.finishedAt ?? 0).toTimeString().slice(0, 8);
  const record = data.record ?? {};
  const text = (field: string) => (typeof record[field] === "string" ? record[field] : "");
  const who = `${text("FirstName")} ${text("LastName")}`.trim() || run.recordId;
  const filled = filledIn(data);
  const parts = [
    `${paint.strong(who)} @ ${text("Company")}`,
    filled.length > 0 ? filled.map((name) => `+${name}`).join(" ") : null,
    matched(data, nameOf),
    owned(data, nameOf),
    ended(run, nameOf, paint),
  ];
  return `${paint.dim(time)}  ${doorOf(run.heardBy).padEnd(8)}  ${parts.filter((part) => part !== null).join(paint.dim(" · "))}`;
}

/** `retry`: it changed while it was worked on, so it is looked at again without anybody saying so. */
const doorOf = (heardBy: string): string => (heardBy === "retry" ? "(again)" : heardBy);
const ofAddress = new Set(["Street", "City", "State", "PostalCode", "Country"]);

function filledIn({ changes = {} }: RunData): string[] {
  const fields = Object.keys(changes);
  const address = fields.filter((field) => ofAddress.has(field)).length > 2;
  return address ? [...fields.filter((field) => !ofAddress.has(field)), "address"] : fields;
}

const percent = (confidence: number): string => `${Math.round(confidence * 100)} %`;

function matched({ match }: RunData, nameOf: NameOf): string | null {
  if (!match) return null;
  const best = match.contact ?? match.account;
  if (best && match.decision === "match")
    return `is ${best.object.toLowerCase()} ${nameOf(best.recordId)} (${percent(best.confidence)})`;
  const [first] = match.candidates;
  if (match.decision === "review" && first)
    return `may be ${first.object.toLowerCase()} ${nameOf(first.recordId)} (${percent(first.confidence)})`;
  return "new";
}

function owned({ owner, policy }: RunData, nameOf: NameOf): string | null {
  if (!owner) return null;
  const why =
    owner.by === "turn"
      ? owner.sequence === undefined
        ? "next in turn"
        : `turn ${owner.sequence}`
      : owner.by === "matched_owner"
        ? "owns the match"
        : "stays";
  return `${policy?.mode === "observe" ? "would go to" : "→"} ${nameOf(owner.id)} (${why})`;
}

function ended({ outcome, reason, data }: EndedRun, nameOf: NameOf, paint: Paint): string {
  switch (outcome) {
    case "converted": {
      const { contactId, accountId } = data.converted ?? {};
      if (data.match?.contact) return paint.good(`merged into contact ${nameOf(contactId ?? "")}`);
      if (data.match?.account) return paint.good(`converted: new contact at ${nameOf(accountId ?? "")}`);
      return paint.good("converted: new account and contact");
    }
    case "observed":
      return paint.dim("observed only, nothing written");
    case "review":
      return paint.bad("a person must decide");
    case "superseded":
      return "edited meanwhile: looked at again";
    case "handled":
      return paint.dim("looked at again, nothing to change");
    case "assigned":
    case "enriched":
      return paint.good(outcome);
    default:
      return paint.bad(`${outcome ?? "?"}: ${reason ?? ""}`);
  }
}

/** Calls `show` with each line until stopped; `stop` shows what is left. */
export function watchJourneys(
  store: Store,
  nameOf: NameOf,
  paint: Paint,
  show: (line: string) => void,
): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  const seen = new Set<string>();
  let from = systemClock.now();
  const turn = async () => {
    const rows = await store.read(async (tx) => {
      const { runs } = tx.t;
      return tx.db
        .select()
        .from(runs)
        .where(and(eq(runs.state, "done"), gte(runs.finishedAt, from)))
        .orderBy(asc(runs.finishedAt), asc(runs.id));
    });
    for (const row of rows) {
      if (seen.has(row.id)) continue;
      seen.add(row.id);
      const line = lineOf(row, nameOf, paint);
      if (line !== null) show(line);
    }
    // Several runs may end in one millisecond, and one of them be seen before the other.
    from = Math.max(from, (rows.at(-1)?.finishedAt ?? from) - 2_000);
  };
  const forever = async () => {
    while (!stopping.signal.aborted) {
      await turn();
      await systemClock.sleep(150, stopping.signal).catch(() => undefined);
    }
    await turn();
  };
  const running = forever();
  return {
    stop: () => {
      stopping.abort(new Error("shown enough"));
      return running;
    },
  };
}
