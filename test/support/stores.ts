/** Runs a suite on both databases: SQLite files copied from a migrated template, Postgres databases copied from one. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, describe, inject } from "vitest";
import { openPostgres } from "../../service/store/postgres.ts";
import { openSqlite } from "../../service/store/sqlite.ts";
import type { Store } from "../../service/store/store.ts";
import { templateDatabase } from "./postgres-server.ts";

/** A fresh, empty store; closed and removed after the test. */
export type OpenStore = (() => Promise<Store>) & {
  /** A fresh database's URL, for processes and instances that open it themselves. */
  url: () => Promise<string>;
};

let made = 0;
let sqliteTemplate: Promise<string> | null = null;

/** `suite` runs twice: once with `open` giving SQLite stores, once Postgres stores. */
export function onBothStores(name: string, suite: (open: OpenStore, dialect: "sqlite" | "postgres") => void): void {
  describe.each(["sqlite", "postgres"] as const)(`${name} (%s)`, (dialect) => {
    const cleanups: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });
    const fresh = dialect === "sqlite" ? freshSqlite : freshPostgres;
    const open = async () => {
      const { url, remove } = await fresh();
      const store = await openUrl(url);
      cleanups.push(async () => {
        await store.close();
        await remove();
      });
      return store;
    };
    const url = async () => {
      const made = await fresh();
      cleanups.push(made.remove);
      return made.url;
    };
    suite(Object.assign(open, { url }), dialect);
  });
}

const openUrl = (url: string): Promise<Store> =>
  url.startsWith("sqlite:") ? openSqlite({ path: url.slice("sqlite:".length) }) : openPostgres({ url, poolSize: 12 });

interface Fresh {
  url: string;
  remove: () => Promise<void>;
}

async function freshSqlite(): Promise<Fresh> {
  sqliteTemplate ??= makeSqliteTemplate();
  const folder = mkdtempSync(join(tmpdir(), "lantern-test-"));
  const path = join(folder, "lantern.db");
  copyFileSync(await sqliteTemplate, path);
  return { url: `sqlite:${path}`, remove: async () => rmSync(folder, { recursive: true, force: true }) };
}

async function makeSqliteTemplate(): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), "lantern-template-")), "template.db");
  const store = await openSqlite({ path });
  await store.close();
  return path;
}

async function freshPostgres(): Promise<Fresh> {
  const server = inject("postgresServer");
  const database = `lantern_${process.pid}_${++made}`;
  await admin(server, `CREATE DATABASE ${database} TEMPLATE ${templateDatabase}`);
  return {
    url: `${server}/${database}`,
    remove: () => admin(server, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`),
  };
}

async function admin(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${server}/postgres` });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
