/** What a command of the CLI is given, and what it shares with the others. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Logger } from "pino";
import type { Clock } from "../../service/clock.ts";
import { readConfig, type Config } from "../../service/config.ts";
import type { Context } from "../../service/context.ts";
import type { Ids } from "../../service/ids.ts";
import { openStore } from "../../service/store/open.ts";
import type { Store } from "../../service/store/store.ts";

export interface Terminal {
  out: (line: string) => void;
  err: (line: string) => void;
  /** Overwrites the line of before, where the terminal can. */
  rewrite: ((text: string) => void) | null;
}

/** The outside, as commands see it. */
export interface Outside {
  env: Record<string, string | undefined>;
  terminal: Terminal;
  clock: Clock;
  ids: Ids;
  log: Logger;
}

export interface Command {
  /** `keys create`, `init` … */
  name: string;
  /** What stands behind the name. */
  usage: string;
  about: string;
  /** One line each, for --help. */
  details?: string;
  run(argv: string[], outside: Outside): Promise<void>;
}

/** The command was written wrongly: exit 2, with the usage. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig["options"]>;
interface Shape<O extends Options> {
  options?: O;
  /** How many words beside the options; default none. */
  words?: number;
}

/** @throws UsageError */
export function readArgs<const O extends Options>(argv: string[], shape: Shape<O>) {
  try {
    const read = parseArgs({ args: argv, options: shape.options ?? ({} as O), allowPositionals: true, strict: true });
    const words = shape.words ?? 0;
    if (read.positionals.length !== words)
      throw new UsageError(
        read.positionals.length > words ? `“${read.positionals[words]}” is one word too many.` : "A word is missing.",
      );
    return read;
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** The tenant of the environment's credentials. */
export const tenant = 1;

export interface Opened {
  store: Store;
  config: Config;
  ctx: Context;
}

/** Opens the store beside the running service, and closes it whatever happens. */
export async function withStore<T>(outside: Outside, work: (opened: Opened) => Promise<T>): Promise<T> {
  const config = readConfig(outside.env);
  const store = await openStore(config.databaseUrl, { poolSize: 2 });
  const { clock, ids, log } = outside;
  try {
    return await work({ store, config, ctx: { tenant, actor: { kind: "operator" }, store, clock, ids, log } });
  } finally {
    await store.close();
  }
}

/** A whole number of at least 1. @throws UsageError */
export function wholeNumber(text: string, option: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new UsageError(`${option} takes a whole number of at least 1, not “${text}”.`);
  return number;
}
