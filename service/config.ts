/** The environment, read once and checked; every setting has its meaning beside it. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { LanternError } from "./errors.ts";
import { defaultPrices, type Prices } from "./credits/index.ts";

const flag = (fallback: boolean) =>
  z
    .enum(["true", "false", "1", "0", "yes", "no"])
    .optional()
    .transform((v) => (v === undefined ? fallback : ["true", "1", "yes"].includes(v)));
const whole = (fallback: number, least = 0) => z.coerce.number().int().min(least).default(fallback);

const environment = z.object({
  PORT: whole(8000).describe("Port of the HTTP API."),
  HOST: z.string().default("127.0.0.1").describe("Address to listen on; 0.0.0.0 for all."),
  DATABASE_URL: z
    .string()
    .default("sqlite:data/lantern.db")
    .describe("sqlite:<file> for one process, postgres://… for many instances."),
  DATABASE_POOL: whole(10, 2).describe("Connections to PostgreSQL."),
  ROLES: z
    .string()
    .default("api,worker,listener")
    .transform((text) =>
      text
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== ""),
    )
    .pipe(z.array(z.enum(["api", "worker", "listener"])).min(1))
    .describe("What this process does: api, worker, listener (stream and poll), by commas."),
  LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "silent"])
    .default("info")
    .describe("How much is logged."),
  TRUSTED_PROXIES: whole(0).describe("Proxies of yours in front of the service, for the caller's address."),
  SALESFORCE_LOGIN_URL: z.url().optional().describe("The org's My Domain, https://yourcompany.my.salesforce.com."),
  SALESFORCE_CLIENT_ID: z.string().optional().describe("Consumer key of the External Client App."),
  SALESFORCE_CLIENT_SECRET: z
    .string()
    .optional()
    .describe("Consumer secret; with it the client credentials flow is used."),
  SALESFORCE_USERNAME: z.string().optional().describe("The integration user, for the JWT bearer flow."),
  SALESFORCE_PRIVATE_KEY_FILE: z
    .string()
    .optional()
    .describe("PEM file of the key whose certificate the app holds (JWT bearer flow)."),
  SALESFORCE_AUDIENCE: z
    .string()
    .default("https://login.salesforce.com")
    .describe("JWT audience; https://test.salesforce.com for sandboxes."),
  SALESFORCE_API_VERSION: z
    .string()
    .regex(/^\d+\.0$/)
    .default("67.0")
    .describe("Version of the Salesforce API; 67.0 or later."),
  SALESFORCE_ALLOW_LOCAL: flag(false).describe("Allows http to this machine, for the stand-in org."),
  POLL_INTERVAL_MS: whole(120_000, 250).describe("How often the org is polled."),
  POLL_OVERLAP_MS: whole(600_000).describe("How far the watermark stays behind the org's clock."),
  QUIET_MS: whole(600_000).describe("Changes this soon after our own write are gathered into one look."),
  MAX_PAID_LOOKS: whole(3, 1).describe("Automatic paid journeys per record in 24 hours."),
  WORKER_CAPACITY: whole(200, 1).describe("Journeys at once; those that run together share calls to Salesforce."),
  PRICES: z
    .string()
    .optional()
    .transform((text, ctx) => {
      if (text === undefined) return {};
      try {
        return z
          .partialRecord(z.enum(Object.keys(defaultPrices) as [keyof Prices, ...(keyof Prices)[]]), z.number().min(0))
          .parse(JSON.parse(text));
      } catch (error) {
        ctx.addIssue({
          code: "custom",
          message: `must be JSON of prices: ${error instanceof Error ? error.message : String(error)}`,
        });
        return z.NEVER;
      }
    })
    .describe('Prices in credits that replace the table\'s, as JSON: {"triggerLead": 2}.'),
});

export type SalesforceCredentials =
  | { kind: "client_credentials"; clientId: string; clientSecret: string }
  | { kind: "jwt_bearer"; clientId: string; username: string; privateKey: string; audience: string };

export interface Config {
  port: number;
  host: string;
  databaseUrl: string;
  databasePool: number;
  roles: readonly ("api" | "worker" | "listener")[];
  logLevel: string;
  trustedProxies: number;
  salesforce: {
    loginUrl: string | null;
    credentials: SalesforceCredentials | null;
    apiVersion: string;
    allowLocal: boolean;
  };
  pollIntervalMs: number;
  pollOverlapMs: number;
  quietMs: number;
  maxPaidLooks: number;
  workerCapacity: number;
  prices: Prices;
}

/** @throws LanternError naming each setting that does not fit, and what it must be. */
export function readConfig(env: Record<string, string | undefined>): Config {
  // An empty setting is one that is not set, as in most deployment files.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const read = environment.safeParse(given);
  if (!read.success)
    throw new LanternError(
      `The configuration does not fit: ${read.error.issues.map((i) => `${i.path.join(".")} ${i.message}`).join("; ")}`,
      {
        code: "bad_config",
      },
    );
  const e = read.data;
  const prices = { ...defaultPrices };
  for (const [name, price] of Object.entries(e.PRICES))
    if (price !== undefined) prices[name as keyof Prices] = Math.round(price * 100);
  return Object.freeze({
    port: e.PORT,
    host: e.HOST,
    databaseUrl: e.DATABASE_URL,
    databasePool: e.DATABASE_POOL,
    roles: e.ROLES,
    logLevel: e.LOG_LEVEL,
    trustedProxies: e.TRUSTED_PROXIES,
    salesforce: {
      loginUrl: e.SALESFORCE_LOGIN_URL ?? null,
      credentials: credentialsOf(e),
      apiVersion: e.SALESFORCE_API_VERSION,
      allowLocal: e.SALESFORCE_ALLOW_LOCAL,
    },
    pollIntervalMs: e.POLL_INTERVAL_MS,
    pollOverlapMs: e.POLL_OVERLAP_MS,
    quietMs: e.QUIET_MS,
    maxPaidLooks: e.MAX_PAID_LOOKS,
    workerCapacity: e.WORKER_CAPACITY,
    prices,
  });
}

function credentialsOf(e: z.output<typeof environment>): SalesforceCredentials | null {
  const { SALESFORCE_CLIENT_ID: clientId, SALESFORCE_CLIENT_SECRET: clientSecret, SALESFORCE_USERNAME: username } = e;
  if (clientId === undefined) return null;
  if (clientSecret !== undefined) return { kind: "client_credentials", clientId, clientSecret };
  if (username !== undefined && e.SALESFORCE_PRIVATE_KEY_FILE !== undefined)
    return {
      kind: "jwt_bearer",
      clientId,
      username,
      privateKey: readFileSync(e.SALESFORCE_PRIVATE_KEY_FILE, "utf8"),
      audience: e.SALESFORCE_AUDIENCE,
    };
  throw new LanternError(
    "SALESFORCE_CLIENT_ID needs SALESFORCE_CLIENT_SECRET (client credentials flow), or SALESFORCE_USERNAME and SALESFORCE_PRIVATE_KEY_FILE (JWT bearer flow).",
    { code: "bad_config" },
  );
}

/** Every setting with its meaning, default and present value, secrets masked. For `lantern config` and the README. */
export function describeConfig(
  env: Record<string, string | undefined>,
): { name: string; about: string; value: string }[] {
  return Object.entries(environment.shape).map(([name, schema]) => {
    const value = env[name];
    const secret = /SECRET|DATABASE_URL/.test(name);
    return {
      name,
      about: schema.description ?? "",
      value:
        value === undefined || value === ""
          ? "(default)"
          : secret
            ? value.replace(/(:\/\/[^:]*:)[^@]*@/, "$1***@").replace(/^(?!\w+:).*$/, "***")
            : value,
    };
  });
}
