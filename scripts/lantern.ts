/** Usage: npm run lantern -- COMMAND. What an operator does beside the running service; `--help` lists the commands. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { pino } from "pino";
import { systemClock } from "../service/clock.ts";
import { LanternError, messageOf } from "../service/errors.ts";
import { randomIds } from "../service/ids.ts";
import { backfill } from "./lantern/backfill.ts";
import { UsageError, type Command, type Outside } from "./lantern/command.ts";
import { showConfig } from "./lantern/config.ts";
import { grantCredits, showBalance } from "./lantern/credits.ts";
import { demoData } from "./lantern/demo-data.ts";
import { importDirectoryCommand } from "./lantern/directory.ts";
import { init } from "./lantern/init.ts";
import { createKeyCommand, listKeysCommand, revokeKeyCommand } from "./lantern/keys.ts";
import { connectOrgCommand, orgStatus } from "./lantern/org.ts";
import { verifyOrg } from "./lantern/org-verify.ts";
import { listParked, retryParked } from "./lantern/parked.ts";

const commands: Command[] = [
  init,
  connectOrgCommand,
  verifyOrg,
  orgStatus,
  createKeyCommand,
  listKeysCommand,
  revokeKeyCommand,
  grantCredits,
  showBalance,
  importDirectoryCommand,
  backfill,
  listParked,
  retryParked,
  demoData,
  showConfig,
];

/** Runs one command; answers the exit code: 0 done, 1 it could not be done, 2 written wrongly. */
export async function lantern(argv: string[], outside: Outside): Promise<number> {
  const { out, err } = outside.terminal;
  const found = commands
    .filter(({ name }) => name.split(" ").every((word, i) => argv[i] === word))
    .sort((a, b) => b.name.length - a.name.length)[0];
  const asksHelp = argv.includes("--help") || argv.includes("-h") || argv[0] === "help";
  if (!found) {
    const written = argv.filter((word) => !word.startsWith("-")).join(" ");
    const family = commands.filter(({ name }) => name.split(" ")[0] === argv[0]);
    const say = asksHelp ? out : err;
    if (!asksHelp) err(written === "" ? "Which command?" : `There is no command “${written}”.`);
    say("Usage: npm run lantern -- COMMAND [--help]");
    say("");
    const shown = family.length > 0 ? family : commands;
    const width = Math.max(...shown.map(({ name }) => name.length));
    for (const { name, about } of shown) say(`  ${name.padEnd(width)}  ${about}`);
    say("");
    say("The database is DATABASE_URL, as for the service (default sqlite:data/lantern.db).");
    return asksHelp ? 0 : 2;
  }
  const usage = `Usage: npm run lantern -- ${found.name} ${found.usage}`.trimEnd();
  if (asksHelp) {
    out(`${found.name}: ${found.about}`);
    out(usage);
    if (found.details !== undefined) out(`\n${found.details}`);
    return 0;
  }
  try {
    await found.run(argv.slice(found.name.split(" ").length), outside);
    return 0;
  } catch (error) {
    err(messageOf(error));
    if (error instanceof UsageError) {
      err(usage);
      return 2;
    }
    for (const { loc, msg } of error instanceof LanternError ? (error.facts.fields ?? []) : [])
      err(`  ${loc.join(".")}: ${msg}`);
    return 1;
  }
}

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? "")).href) {
  const { stdout, stderr } = process;
  process.exitCode = await lantern(process.argv.slice(2), {
    env: process.env,
    terminal: {
      out: (line) => void stdout.write(`${line}\n`),
      err: (line) => void stderr.write(`${line}\n`),
      rewrite: stdout.isTTY ? (text) => void stdout.write(`\r\u001b[2K${text}`) : null,
    },
    clock: systemClock,
    ids: randomIds,
    log: pino({ level: process.env["LOG_LEVEL"] ?? "warn" }, pino.destination(2)),
  });
}
