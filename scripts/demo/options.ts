/** What the demo is asked to do, from its arguments and environment. */
import { parseArgs } from "node:util";
import { parseKey, type KeyParts } from "../../service/keys/format.ts";

export const help = `Usage: npm run demo [-- OPTIONS]

Starts a local Salesforce org (a stand-in) and the service on SQLite in a fresh folder, lets made-up people create and
edit leads, shows every lead's journey as it happens, prints a summary after about 20 s, and goes on serving.

  --once            end after the summary: status 0 only if nothing was lost or doubled
  --leads FILE.csv  your own leads instead of made-up ones; usual header names are known
  --accounts FILE.csv  put these accounts into the org first (with --leads)
  --help            this

  PORT              port of the service (default 8000)
  ORG_PORT          port of the org (default 4455)
  LANTERN_API_KEY   the API key to use instead of a new one
  LOG_LEVEL         what the service logs to stderr (default error)`;

export interface DemoOptions {
  once: boolean;
  leads: string | null;
  accounts: string | null;
  port: number;
  orgPort: number;
  key: KeyParts | null;
  logLevel: string;
}

/** The demo was asked for something it cannot do: exit 2. */
export class DemoUsageError extends Error {}

/** Null when help was asked for. @throws DemoUsageError */
export function readOptions(argv: string[], env: Record<string, string | undefined>): DemoOptions | null {
  const { values } = parsed(argv);
  if (values.help) return null;
  if (values.accounts !== undefined && values.leads === undefined)
    throw new DemoUsageError("--accounts goes with --leads: made-up leads bring their own accounts.");
  return {
    once: values.once ?? false,
    leads: values.leads ?? null,
    accounts: values.accounts ?? null,
    port: portOf(env["PORT"], "PORT", 8_000),
    orgPort: portOf(env["ORG_PORT"], "ORG_PORT", 4_455),
    key: keyOf(env["LANTERN_API_KEY"]),
    logLevel: env["LOG_LEVEL"] ?? "error",
  };
}

function parsed(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: {
        once: { type: "boolean" },
        leads: { type: "string" },
        accounts: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new DemoUsageError(error instanceof Error ? error.message : String(error));
  }
}

function portOf(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined || text === "") return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new DemoUsageError(`${name} is a port, 0 to 65535 (0: any free one), not “${text}”.`);
  return port;
}

function keyOf(text: string | undefined): KeyParts | null {
  if (text === undefined || text === "") return null;
  const key = parseKey(text);
  if (key === null)
    throw new DemoUsageError(
      "LANTERN_API_KEY is not an API key of Lantern: ltn_live_, twelve characters, _ and 36 more, the last six of which are a check (so a typo shows). Leave it out, and the demo makes a key.",
    );
  return key;
}
