import type { Config } from "drizzle-kit";

const config: Config = {
  dialect: "sqlite",
  schema: "./service/store/sqlite-tables.ts",
  out: "./service/store/migrations/sqlite",
};
// drizzle-kit reads its configuration from the default export.
export default config;
