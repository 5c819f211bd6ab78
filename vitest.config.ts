import { defineConfig } from "vitest/config";

const common = { environment: "node", testTimeout: 60_000, hookTimeout: 120_000, pool: "forks" } as const;

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: "unit", include: ["test/**/*.unit.test.ts"] } },
      {
        test: {
          ...common,
          name: "whole",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.unit.test.ts", "**/node_modules/**"],
          globalSetup: ["test/support/postgres-server.ts"],
        },
      },
    ],
  },
});
