import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

it("a run with a failing test ends with a status that says so", () => {
  const run = spawnSync(
    process.execPath,
    ["node_modules/vitest/vitest.mjs", "run", "--config", "test/support/failing/vitest.config.ts"],
    { encoding: "utf8", env: { ...process.env, VITEST: "", VITEST_WORKER_ID: "" } },
  );
  expect(run.stdout).toContain("1 failed");
  expect(run.status).toBe(1);
}, 60_000);
