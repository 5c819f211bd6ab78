/**
 * Usage: node --import tsx test/faults/crash-all.ts [--kills N] [--database sqlite|postgres]. Kills a real process at N
 * points (default: all of them) of four kinds of journeys by three doors, on each database, and prints what was found.
 * Exits 1 when anything was lost, doubled or left over. LANTERN_FAULT_SEED repeats a run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { openPostgres } from "../../service/store/postgres.ts";
import startPostgres from "../support/postgres-server.ts";
import { CrashSite } from "./crash.ts";
import { killAt } from "./kill.ts";
import { chosenSeed, randomOf, shuffled } from "./random.ts";

const sitesAtOnce = 10;
const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? undefined : process.argv[at + 1];
};
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function killAll(database: string, urls: readonly string[], seed: number): Promise<boolean> {
  const begun = Date.now();
  const limit = Number(option("kills") ?? Infinity);
  const rounds = Math.ceil(Math.min(limit, 1_000) / sitesAtOnce) + 20;
  const sites: CrashSite[] = [];
  for (const url of urls) sites.push(await CrashSite.open(url, rounds));
  try {
    const [first] = sites;
    if (!first) return false;
    await first.learn();
    for (const site of sites) site.references = first.references;
    const chosen = shuffled(first.points(), randomOf(seed)).slice(0, limit);
    const { reached, missed, wrongs, worstMs } = await killAt(sites, chosen);
    for (const wrong of wrongs) print(`  ${wrong}`);
    print(
      `${database}: killed at ${reached} points (${missed} were not come to), ${wrongs.length} wrongs, nothing left to do after at most ${worstMs / 1000} s of the service's time; ${Math.round((Date.now() - begun) / 1000)} s`,
    );
    return wrongs.length === 0 && reached > 0;
  } finally {
    for (const site of sites) await site.close();
  }
}

async function main(): Promise<void> {
  const seed = chosenSeed("kill -9");
  const only = option("database");
  let sound = true;
  if (only !== "postgres") {
    const folder = mkdtempSync(join(tmpdir(), "lantern-crash-"));
    const urls = Array.from({ length: sitesAtOnce }, (_, i) => `sqlite:${join(folder, `${i}.db`)}`);
    sound = (await killAll("SQLite", urls, seed)) && sound;
    rmSync(folder, { recursive: true, force: true });
  }
  if (only !== "sqlite") {
    let server = "";
    const provide = (_: string, value: string): void => void (server = value);
    // Of a test run's project the server needs nothing but the place to leave its address at.
    const stop = await startPostgres({ provide } as unknown as TestProject);
    try {
      sound = (await killAll("PostgreSQL", await databases(server), seed)) && sound;
    } finally {
      await stop();
    }
  }
  process.exitCode = sound ? 0 : 1;
}

async function databases(server: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: `${server}/postgres` });
  await client.connect();
  const urls: string[] = [];
  for (let i = 0; i < sitesAtOnce; i++) {
    await client.query(`CREATE DATABASE lantern_crash_${i}`);
    const url = `${server}/lantern_crash_${i}`;
    await (await openPostgres({ url })).close();
    urls.push(url);
  }
  await client.end();
  return urls;
}

await main();
