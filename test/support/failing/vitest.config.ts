import { defineConfig } from "vitest/config";

/** A run of one failing test, with the set-up of the real one. See test/scripts/exit-status.test.ts. */
export default defineConfig({
  test: { include: ["test/support/failing/*.fixture.ts"], globalSetup: ["test/support/postgres-server.ts"] },
});
