/**
 * Matches real organisations: one record of each cluster is an account, all others are leads.
 * Usage: node --import tsx test/bench/match-chicago.ts --data <folder with records.csv> [--pick first|last|middle] [--show 20]
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { parse } from "csv-parse/sync";
import {
  blockKeys,
  DEFAULT_REVIEW_THRESHOLD,
  DEFAULT_THRESHOLD,
  defaultAccountRules,
  lookupKeys,
  matchAgainst,
  parseRules,
} from "../../service/matching/index.ts";
import type { MatchRecord } from "../../service/matching/index.ts";

const say = (line: string) => process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    pick: { type: "string", default: "first" },
    show: { type: "string", default: "0" },
  },
});
const file = join(values.data ?? ".", "records.csv");
if (values.data === undefined || !existsSync(file)) {
  say(
    `There is no data: give the folder that holds records.csv with --data (looked for ${file}). Nothing was measured.`,
  );
  process.exit(2);
}

type Row = Record<string, string>;
const rows = parse<Row>(readFileSync(file), { columns: true, skip_empty_lines: true });
const clusters = new Map<string, Row[]>();
for (const row of rows) clusters.set(row["cluster"] ?? "", [...(clusters.get(row["cluster"] ?? "") ?? []), row]);
const accounts: MatchRecord[] = [];
const clusterOf = new Map<string, string>();
const leads: Row[] = [];
for (const [cluster, members] of clusters) {
  const at =
    values.pick === "last" ? members.length - 1 : values.pick === "middle" ? Math.floor(members.length / 2) : 0;
  members.forEach((row, i) => {
    if (i !== at) return leads.push(row);
    const recordId = row["id"] ?? "";
    clusterOf.set(recordId, cluster);
    const fields = {
      Name: row["site_name"] ?? "",
      BillingStreet: row["address"] ?? "",
      BillingPostalCode: row["zip"] ?? "",
      Phone: row["phone"] ?? "",
    };
    return accounts.push({ recordId, object: "Account", fields });
  });
}

const parsed = parseRules(defaultAccountRules);
if (parsed.kind !== "rules") throw new Error("The default account rules do not parse.");
const { rules } = parsed;

const index = new Map<string, MatchRecord[]>();
for (const account of accounts) {
  for (const key of blockKeys("account", account.fields)) {
    const found = index.get(key);
    if (found) found.push(account);
    else index.set(key, [account]);
  }
}

const tally = {
  match: 0,
  review: 0,
  none: 0,
  right: 0,
  reviewHolds: 0,
  reviewBest: 0,
  missedByBlock: 0,
  pairs: 0,
  lookups: 0,
};
const byRule = new Map<string, { right: number; wrong: number }>();
const byReason = new Map<string, number>();
const bands = new Map<number, { sum: number; right: number; count: number }>();
const shown: string[] = [];
const started = performance.now();
for (const row of leads) {
  const lead = {
    Company: row["site_name"] ?? "",
    Street: row["address"] ?? "",
    PostalCode: row["zip"] ?? "",
    Phone: row["phone"] ?? "",
  };
  const keys = lookupKeys("account", rules, lead);
  tally.lookups += keys.length;
  const records = [...new Set(keys.flatMap((key) => index.get(key) ?? []))];
  tally.pairs += records.length;
  const truth = row["cluster"];
  const isTrue = (id: string) => clusterOf.get(id) === truth;
  if (!records.some((record) => isTrue(record.recordId))) tally.missedByBlock++;
  const outcome = matchAgainst({
    object: "account",
    candidate: lead,
    rules,
    records,
    threshold: DEFAULT_THRESHOLD,
    reviewThreshold: DEFAULT_REVIEW_THRESHOLD,
  });
  tally[outcome.decision]++;
  byReason.set(outcome.reason, (byReason.get(outcome.reason) ?? 0) + 1);
  const [best] = outcome.matches;
  if (best) {
    const band = Math.min(9, Math.floor(best.confidence * 10));
    const seen = bands.get(band) ?? { sum: 0, right: 0, count: 0 };
    bands.set(band, {
      sum: seen.sum + best.confidence,
      right: seen.right + Number(isTrue(best.recordId)),
      count: seen.count + 1,
    });
  }
  if (outcome.decision === "match" && best) {
    const good = isTrue(best.recordId);
    if (good) tally.right++;
    const seen = byRule.get(best.rule) ?? { right: 0, wrong: 0 };
    seen[good ? "right" : "wrong"]++;
    byRule.set(best.rule, seen);
    if (!good) shown.push(`WRONG ${lead.Company} | ${lead.Street} | ${lead.Phone}\n      ${best.explanation}`);
  } else if (outcome.decision === "review") {
    if (best && isTrue(best.recordId)) tally.reviewBest++;
    if (outcome.matches.some((match) => isTrue(match.recordId))) tally.reviewHolds++;
  } else {
    const account = accounts.find((record) => isTrue(record.recordId));
    shown.push(
      `MISSED ${outcome.reason} ${lead.Company} | ${lead.Street} | ${lead.Phone}\n      ${JSON.stringify(account?.fields)}`,
    );
  }
}
const seconds = (performance.now() - started) / 1000;

const precision = tally.right / tally.match;
const recall = tally.right / leads.length;
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
say(`${accounts.length} accounts, ${leads.length} leads, every lead has its account among them`);
say(
  `match ${tally.match}  review ${tally.review}  none ${tally.none}  (${[...byReason].map(([r, n]) => `${r} ${n}`).join(", ")})`,
);
say(
  `decided matches: precision ${precision.toFixed(4)}  recall ${recall.toFixed(4)}  F1 ${((2 * precision * recall) / (precision + recall)).toFixed(4)}`,
);
say(
  `matches and reviews: right account first ${percent(tally.right + tally.reviewBest, leads.length)}, among those shown ${percent(tally.right + tally.reviewHolds, leads.length)}`,
);
say(
  `never compared with their account (blocking): ${tally.missedByBlock} (${percent(tally.missedByBlock, leads.length)})`,
);
say(
  `${tally.pairs} pairs, ${(tally.pairs / leads.length).toFixed(1)} a lead, ${(tally.lookups / leads.length).toFixed(1)} keys a lead, ${Math.round(tally.pairs / seconds)} pairs/s, ${seconds.toFixed(2)} s`,
);
for (const [rule, { right, wrong }] of [...byRule].sort((a, b) => b[1].right - a[1].right))
  say(`  ${rule}: right ${right}, wrong ${wrong}`);
say("confidence of the best against how often it was right:");
for (const [, seen] of [...bands].sort((a, b) => a[0] - b[0])) {
  say(
    `  ${(seen.sum / seen.count).toFixed(3)} said, ${(seen.right / seen.count).toFixed(3)} right, ${seen.count} leads`,
  );
}
const wanted = Number(values.show);
for (const line of shown.filter((s) => s.startsWith("WRONG")).slice(0, wanted)) say(line);
for (const line of shown.filter((s) => s.startsWith("MISSED")).slice(0, wanted)) say(line);
