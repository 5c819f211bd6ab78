import type { Config } from "drizzle-kit";

const config: Config = {
  dialect: "postgresql",
  schema: "./service/store/postgres-tables.ts",
  out: "./service/store/migrations/postgres",
};
// drizzle-kit reads its configuration from the default export.
export default config;
