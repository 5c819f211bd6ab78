/**
 * The two column kits. `defineTables` is written once against these keys; each kit gives the tables their dialect.
 * Times are milliseconds since 1970 (UTC) from the injected clock; credits are integer hundredths.
 */
import * as pg from "drizzle-orm/pg-core";
import * as lite from "drizzle-orm/sqlite-core";

export const postgresColumns = {
  table: pg.pgTable,
  index: pg.index,
  uniqueIndex: pg.uniqueIndex,
  check: pg.check,
  primaryKey: pg.primaryKey,
  text: (name: string) => pg.text(name),
  integer: (name: string) => pg.integer(name),
  /** Whole numbers up to 2^53: times in ms, credits in hundredths, sequences. */
  bigint: (name: string) => pg.bigint(name, { mode: "number" }),
  real: (name: string) => pg.doublePrecision(name),
  boolean: (name: string) => pg.boolean(name),
  json: <T>(name: string) => pg.jsonb(name).$type<T>(),
};

export type Columns = typeof postgresColumns;

const sqliteKit = {
  table: lite.sqliteTable,
  index: lite.index,
  uniqueIndex: lite.uniqueIndex,
  check: lite.check,
  primaryKey: lite.primaryKey,
  text: (name: string) => lite.text(name),
  integer: (name: string) => lite.integer(name),
  bigint: (name: string) => lite.integer(name, { mode: "number" }),
  real: (name: string) => lite.real(name),
  boolean: (name: string) => lite.integer(name, { mode: "boolean" }),
  json: <T>(name: string) => lite.text(name, { mode: "json" }).$type<T>(),
};

// The one cast between dialects: both builders answer the same calls for every key above, and the conformance
// suite runs each store verb on both; typing the tables twice would let them drift apart instead.
export const sqliteColumns = sqliteKit as unknown as Columns;
