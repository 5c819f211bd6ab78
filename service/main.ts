/** Configuration → open things → start roles → stop in reverse. */
import { readFileSync } from "node:fs";
import pg from "pg";
import { pino } from "pino";
import { createApp } from "./app.ts";
import { systemClock } from "./clock.ts";
import { readConfig } from "./config.ts";
import { messageOf } from "./errors.ts";
import { memoryLimits, postgresLimits, serveApi, type RateLimits } from "./http/index.ts";
import { randomIds } from "./ids.ts";
import { openStore } from "./store/open.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = pino({
    level: config.logLevel,
    redact: ["*.authorization", "*.password", "*.clientSecret", "*.accessToken", "*.privateKey"],
  });
  const store = await openStore(config.databaseUrl, {
    exclusive: true,
    poolSize: config.databasePool,
    onError: (error) => log.error({ err: error }, "a database connection failed"),
  });
  const limiting = await openLimits(config.databaseUrl);
  const app = createApp({ config, store, clock: systemClock, ids: randomIds, log, limits: limiting.limits, version });
  app.start();
  const served = config.roles.includes("api")
    ? await serveApi({ fetch: (request, env) => app.api.fetch(request, env), port: config.port, hostname: config.host })
    : undefined;
  log.info({ port: served?.port, roles: config.roles, database: store.dialect }, "Lantern is up");

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "stopping");
    await served?.stop();
    await app.stop();
    await limiting.close();
    await store.close();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop(signal).catch(fail));
}

async function openLimits(databaseUrl: string): Promise<{ limits: RateLimits; close: () => Promise<void> }> {
  if (databaseUrl.startsWith("sqlite:")) return { limits: memoryLimits(), close: async () => undefined };
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4, application_name: "lantern limits" });
  return { limits: await postgresLimits(pool), close: () => pool.end() };
}

function fail(error: unknown): void {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}

main().catch(fail);
