/** The tables in Postgres' dialect. drizzle-kit sees top-level exports only, so every table is one. */
import { postgresColumns } from "./columns.ts";
import { defineTables } from "./tables.ts";

export const {
  tenants,
  orgs,
  apiKeys,
  records,
  runs,
  jobs,
  effects,
  watermarks,
  streams,
  leases,
  balances,
  ledger,
  reservations,
  idempotency,
  pools,
  poolMembers,
  turns,
  policies,
  users,
  routeLog,
  reviews,
  mirror,
  mirrorKeys,
  directoryPeople,
  directoryCompanies,
  directoryImports,
  enrichmentCache,
} = defineTables(postgresColumns);
