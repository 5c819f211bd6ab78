/**
 * Real organisations through the whole journey: `npm run bench:journeys -- --data <folder>`
 *
 * The folder holds `records.csv` (id, site_name, address, zip, phone, executive_director, center_director, website,
 * email_address, cluster): the first record of each cluster becomes an account of the stand-in org, every other one a
 * lead. Prints how many leads ended in an account, new or for review, precision and recall against the clusters, API
 * calls a lead, and leads a second.
 */
import { parse } from "csv-parse/sync";
import { eq } from "drizzle-orm";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultAccountRules } from "../../service/matching/index.ts";
import { openSqlite } from "../../service/store/sqlite.ts";
import { makeWorld } from "../support/world.ts";

interface Site {
  id: string;
  site_name: string;
  address: string;
  zip: string;
  phone: string;
  executive_director: string;
  center_director: string;
  website: string;
  email_address: string;
  cluster: string;
}

const say = (line: string) => process.stdout.write(`${line}\n`);

const { values } = parseArgs({ options: { data: { type: "string" }, threshold: { type: "string", default: "0.9" } } });
const file = values.data === undefined ? undefined : join(values.data, "records.csv");
if (file === undefined || !existsSync(file)) {
  say("The data is absent: give the folder that holds records.csv with --data <folder>.");
  process.exit(2);
}

const sites = parse<Site>(readFileSync(file), { columns: true, skip_empty_lines: true, relax_column_count: true });
const accounts = new Map<string, Site>();
for (const site of sites) if (!accounts.has(site.cluster)) accounts.set(site.cluster, site);
const leads = sites.filter((site) => accounts.get(site.cluster) !== site);

const text = (value: string): string | null => (value.trim() === "" ? null : value.trim());
const accountOf = (site: Site) => ({
  Name: site.site_name.slice(0, 255),
  BillingStreet: text(site.address),
  BillingPostalCode: text(site.zip),
  Phone: text(site.phone),
  Website: text(site.website),
});
function leadOf(site: Site) {
  const director = text(site.center_director) ?? text(site.executive_director);
  const [first = "", ...rest] = (director ?? "").split(/\s+/);
  return {
    FirstName: rest.length > 0 ? first.slice(0, 40) : null,
    LastName: (rest.length > 0 ? rest.join(" ") : first || "[unknown]").slice(0, 80),
    Company: site.site_name.slice(0, 255),
    Street: text(site.address),
    PostalCode: text(site.zip),
    Phone: text(site.phone),
    Website: text(site.website),
    Email: /^[^@\s]+@[^@\s]+\.[a-z]+$/i.test(site.email_address.trim()) ? site.email_address.trim() : null,
  };
}

const folder = mkdtempSync(join(tmpdir(), "lantern-bench-"));
const store = await openSqlite({ path: join(folder, "lantern.db") });
const clusterOfAccount = new Map<string, string>();
const world = await makeWorld(store, {
  credits: 1_000_000,
  pools: { inbound: ["Alice Ng", "Bob Ray", "Cleo Diaz", "Dan Wu"] },
  policies: [
    {
      name: "Childcare",
      body: {
        match: { account: defaultAccountRules, threshold: Number(values.threshold), review_threshold: 0.5 },
        on_match: { lead_to_account: true },
        convert: true,
        assign: { pool: "inbound", matched_owner_first: true },
      },
    },
  ],
  before: (control) => {
    const all = [...accounts.values()];
    for (let i = 0; i < all.length; i += 200) {
      const part = all.slice(i, i + 200);
      control
        .as()
        .create("Account", part.map(accountOf))
        .forEach((id, n) => clusterOfAccount.set(id, part[n]?.cluster ?? ""));
    }
  },
});

const callsBefore = world.control.calls().total;
const leadIds: string[] = [];
for (let i = 0; i < leads.length; i += 200)
  leadIds.push(...world.control.as().create("Lead", leads.slice(i, i + 200).map(leadOf)));
const began = Date.now();
await world.hearStream();
// Leads of one new company wait for each other; the clock moves on until nobody waits.
for (let round = 0; round < 200; round++) {
  await world.work();
  const open = await world.store.read((tx) =>
    tx.db.select({ id: tx.t.runs.id }).from(tx.t.runs).where(eq(tx.t.runs.state, "open")),
  );
  if (open.length === 0) break;
  await world.advance(1_000);
}
const seconds = (Date.now() - began) / 1000;
const calls = world.control.calls().total - callsBefore;

let right = 0;
let wrong = 0;
let made = 0;
let review = 0;
let missing = 0;
const newAccounts = new Set<string>();
for (const [i, id] of leadIds.entries()) {
  const row = world.control.record(id);
  const run = await world.run(id);
  if (run?.outcome === "review") review++;
  else if (row?.IsConverted !== true) missing++;
  else {
    const cluster = clusterOfAccount.get(String(row.ConvertedAccountId));
    if (cluster === undefined) {
      made++;
      newAccounts.add(String(row.ConvertedAccountId));
    } else if (cluster === leads[i]?.cluster) right++;
    else wrong++;
  }
}
const converts = world.effects().filter((e) => e.kind === "convert").length;
say(`accounts ${accounts.size}, leads ${leads.length}`);
say(
  `in an account that was there: ${right + wrong} (${right} right, ${wrong} wrong) · with a new account: ${made} (${newAccounts.size} accounts) · for review: ${review} · neither: ${missing}`,
);
say(
  `precision ${(right / (right + wrong)).toFixed(4)} · recall ${(right / leads.length).toFixed(4)} · converted ${converts}`,
);
say(
  `API calls ${calls}, ${(calls / leads.length).toFixed(3)} a lead · ${(leads.length / seconds).toFixed(0)} leads a second (${seconds.toFixed(1)} s)`,
);
say(JSON.stringify(world.control.calls().byKind));
await world.close();
await store.close();
rmSync(folder, { recursive: true, force: true });
process.exit(missing === 0 ? 0 : 1);
