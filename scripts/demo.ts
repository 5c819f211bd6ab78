/** Usage: npm run demo [-- --once | --leads FILE.csv | --help]. A Salesforce org, the service, and leads coming in. */
import { Readable } from "node:stream";
import { systemClock } from "../service/clock.ts";
import { firstTenant } from "../service/app.ts";
import { importDirectory } from "../service/enrichment/index.ts";
import { messageOf } from "../service/errors.ts";
import { randomIds } from "../service/ids.ts";
import type { StandInOrg } from "../test/org/start.ts";
import { readRecords, type CsvKind, type CsvRecords } from "./demo/csv.ts";
import { readEvidence, untilSettled } from "./demo/evidence.ts";
import { createGiven, feedLeads, furnishOrg, planLeads, type Fed } from "./demo/feed.ts";
import { DemoUsageError, help, readOptions, type DemoOptions } from "./demo/options.ts";
import { demoPolicies, everyLead } from "./demo/rows.ts";
import { paintFor, watchJourneys, type NameOf, type Paint } from "./demo/show.ts";
import { summarise } from "./demo/summary.ts";
import { openWorld, pollMs, pool, quietMs, type Rep, type World } from "./demo/world.ts";

const seed = 2_026;
const feedMs = 15_000;
/** Leads of the user's own come in so many at a time, so that the org and the machine have room for the journeys. */
const chunk = 50;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);

/** Where the leads come from: made up, or files. */
interface Source {
  policies: ReturnType<typeof demoPolicies>;
  leads: number;
  directory: string | null;
  furnish: (org: StandInOrg, reps: readonly Rep[]) => void;
  feed: (world: World, signal: AbortSignal) => Promise<Fed>;
  badRows: () => number;
}

async function main(options: DemoOptions): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));
  const { signal } = stopping;
  const paint = paintFor(process.stdout.isTTY && process.env["NO_COLOR"] === undefined);
  const source = options.leads === null ? madeUpSource() : await givenSource(options);
  say("Starting a Salesforce org and the service …");
  const world = await openWorld({ options, ...source });
  const nameOf: NameOf = (id) => {
    const name = world.org.control.record(id)?.["Name"];
    return typeof name === "string" && name !== "" ? name : id;
  };
  const watch = watchJourneys(world.store, nameOf, paint, say);
  try {
    if (source.directory !== null) await loadDirectory(world, source.directory);
    introduce(world, paint);
    const startedAt = systemClock.now();
    const fed = await source.feed(world, signal);
    const patience = 15_000 + 250 * source.leads;
    await untilSettled(world.store, fed.created, patience, signal);
    await systemClock.sleep(300, signal);
    const summary = summarise(await readEvidence(world.store, world.org), {
      ...fed,
      integrationUserId: world.org.integrationUserId,
      record: (id) => world.org.control.record(id),
      nameOf,
      paint,
      inactive: world.reps.filter((rep) => !rep.active).map((rep) => rep.name),
      badRows: source.badRows(),
      seconds: Math.round((systemClock.now() - startedAt) / 1_000),
    });
    say("");
    for (const line of summary.lines) say(line);
    if (options.once) return summary.sound ? 0 : 1;
    say("");
    howToGoOn(world);
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    return summary.sound ? 0 : 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    complain(messageOf(signal.reason));
    return 130;
  } finally {
    await watch.stop();
    await world.stop();
  }
}

function madeUpSource(): Source {
  const plan = planLeads(seed);
  return {
    policies: demoPolicies(pool),
    leads: plan.leads.length,
    directory: plan.directory,
    furnish: (org, reps) => furnishOrg(org, reps, plan.known),
    feed: ({ org, url, apiKey }, signal) => feedLeads(org, plan.leads, { url, apiKey, overMs: feedMs, signal }),
    badRows: () => 0,
  };
}

async function givenSource({ leads, accounts }: DemoOptions): Promise<Source> {
  const given = await readFile(leads ?? "", "Lead");
  const before = accounts === null ? null : await readFile(accounts, "Account");
  let bad = given.bad.length + (before?.bad.length ?? 0);
  const refusedIn = (file: string) => (line: number, why: string) => {
    bad++;
    complain(`${file}, line ${line}: Salesforce refuses it: ${why}`);
  };
  return {
    policies: everyLead(pool),
    leads: given.records.length,
    directory: null,
    furnish: (org, reps) => {
      const owners = reps.filter((rep) => rep.active);
      if (before && accounts !== null)
        createGiven(org, "Account", before.records, (i) => owners[i % owners.length]?.id, refusedIn(accounts));
    },
    async feed({ org, store }, signal) {
      const fed: Fed = { created: [], edits: [] };
      for (let i = 0; i < given.records.length; i += chunk) {
        const rows = given.records.slice(i, i + chunk);
        fed.created.push(...createGiven(org, "Lead", rows, () => undefined, refusedIn(leads ?? "")));
        await systemClock.sleep(200, signal);
        await untilFewOpen(store, signal);
      }
      return fed;
    },
    badRows: () => bad,
  };
}

async function readFile(file: string, kind: CsvKind): Promise<CsvRecords> {
  const read = await readRecords(file, kind);
  say(`${file}: ${read.columns.map(([header, field]) => `${header} → ${field}`).join(", ")}`);
  if (read.ignored.length > 0) say(`  not used: ${read.ignored.join(", ")}`);
  for (const { line, message } of read.bad) complain(`${file}, line ${line}: cannot be used: ${message}`);
  for (const { line, message } of read.leftOut) complain(`${file}, line ${line}: comes in without a cell: ${message}`);
  return read;
}

/** People type no faster than this, either. */
async function untilFewOpen(store: World["store"], signal: AbortSignal): Promise<void> {
  for (;;) {
    const waiting = await store.read((tx) => tx.db.select({ state: tx.t.jobs.state }).from(tx.t.jobs));
    if (waiting.filter((job) => job.state !== "parked").length < 4 * chunk) return;
    await systemClock.sleep(100, signal);
  }
}

async function loadDirectory({ store }: World, csv: string): Promise<void> {
  await importDirectory(
    { store, clock: systemClock, ids: randomIds },
    { tenant: firstTenant, kind: "people", stream: Readable.from([Buffer.from(csv)]), name: "demo directory" },
  );
}

function introduce({ url, org }: World, paint: Paint): void {
  say(`  service  ${url}`);
  say(`  org      ${org.url}  (a local stand-in for Salesforce)`);
  say(
    paint.dim(
      `  Shortened for the demo: polls every ${pollMs / 1_000} s instead of 120, quiet time after our own writes ${quietMs / 1_000} s instead of 600.`,
    ),
  );
  say(paint.dim("  Some callouts and events are lost on purpose: those leads are heard by another door."));
  say("");
}

function howToGoOn({ url, org, apiKey }: World): void {
  say("The service goes on. Ctrl-C ends it and removes its database.");
  say("");
  say(`  service  ${url}      API description: ${url}/openapi.json`);
  say(`  org      ${org.url}`);
  say(`  API key  ${apiKey}`);
  say("");
  say("Why the last leads went where they went:");
  say(
    `  curl -s -H 'Authorization: Bearer ${apiKey}' '${url}/v1/logs/routing?from=${new Date().toISOString().slice(0, 10)}&to=${new Date().toISOString().slice(0, 10)}&limit=5'`,
  );
  say("A lead of your own, whose journey then shows here:");
  say(
    `  curl -s ${org.url}/__control/create -d '{"object":"Lead","rows":[{"FirstName":"Grace","LastName":"Murray","Company":"Compilers Inc","LeadSource":"Web"}]}'`,
  );
}

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === null) say(help);
  else process.exitCode = await main(options);
} catch (error) {
  complain(messageOf(error));
  if (error instanceof DemoUsageError) complain("npm run demo -- --help");
  process.exitCode = error instanceof DemoUsageError ? 2 : 1;
}
