/** An architecture check that cannot fail checks nothing: each rule is broken on purpose, in a tree of its own. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkArchitecture } from "../../scripts/check-architecture.ts";

let tree: string;
beforeEach(() => {
  tree = realpathSync(mkdtempSync(join(tmpdir(), "lantern-architecture-")));
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

function plant(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(tree, "service", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
const rulesBroken = async () => {
  const { violations } = await checkArchitecture(tree, 1);
  return [...new Set(violations.map((violation) => violation.split(":")[0]))].sort();
};

describe("each rule is seen to be broken", () => {
  const planted: [string, string, Record<string, string>][] = [
    [
      "a pure matching file that asks the store",
      "pure-files-stay-pure",
      {
        "matching/score.ts": `import { openStore } from "../store/open.ts";\nexport const score = openStore;\n`,
        "store/open.ts": "export const openStore = 1;\n",
      },
    ],
    [
      "a file that calls itself pure and reads the disk",
      "pure-files-stay-pure",
      {
        "routing/rotation.ts": `/** Who is next. Pure. */\nimport { readFileSync } from "node:fs";\nexport const next = readFileSync;\n`,
      },
    ],
    [
      "a capability that uses another capability",
      "capabilities-stand-alone",
      {
        "matching/candidates.ts": `import { assign } from "../routing/index.ts";\nexport const candidates = assign;\n`,
        "routing/index.ts": "export const assign = 1;\n",
      },
    ],
    [
      "a platform folder that uses a capability, if only for a type",
      "platform-queue",
      {
        "queue/queue.ts": `import type { Prices } from "../credits/index.ts";\nexport const price = (p: Prices) => p;\n`,
        "credits/index.ts": "export type Prices = number;\n",
      },
    ],
    [
      "a door that looks into a journey",
      "doors-know-no-journey",
      {
        "intake/receive.ts": `import { routes } from "../journey/routes.ts";\nexport const receive = routes;\n`,
        "journey/routes.ts": "export const routes = 1;\n",
      },
    ],
    [
      "jsforce outside its folder",
      "salesforce-clients-in-one-place",
      { "journey/look.ts": `import jsforce from "jsforce";\nexport const look = jsforce;\n` },
    ],
    [
      "a database driver outside its folder",
      "database-drivers-in-one-place",
      { "logs/export-logs.ts": `import Database from "better-sqlite3";\nexport const open = Database;\n` },
    ],
    [
      "a file of another folder that is not its public face",
      "through-the-public-face",
      {
        "journey/own.ts": `import { rows } from "../routing/pool-rows.ts";\nexport const own = rows;\n`,
        "routing/pool-rows.ts": "export const rows = 1;\n",
      },
    ],
    [
      "a part that knows the composition root",
      "nothing-imports-the-top",
      {
        "journey/close.ts": `import { createApp } from "../app.ts";\nexport const close = createApp;\n`,
        "app.ts": "export const createApp = 1;\n",
      },
    ],
    [
      "two folders that import each other",
      "no-cycles-between-folders",
      {
        "orgs/index.ts": `import { hear } from "../journey/routes.ts";\nexport const orgs = hear;\n`,
        "journey/routes.ts": `import type { orgs } from "../orgs/index.ts";\nexport const hear = 1 as typeof orgs;\n`,
      },
    ],
    [
      "the service loading test code",
      "service-knows-no-test-and-no-script",
      {
        "../test/support/clock.ts": "export const clock = 1;\n",
        "clock.ts": `export { clock } from "../test/support/clock.ts";\n`,
      },
    ],
  ];
  test.each(planted)("%s breaks %s", async (_what, rule, files) => {
    plant(files);
    expect(await rulesBroken()).toContain(rule);
  });
});

test("a tree that keeps to the rules has nothing against it", async () => {
  plant({
    "matching/score.ts": `import type { MatchEvidence } from "../store/json.ts";\nexport const score = (e: MatchEvidence) => e;\n`,
    "store/json.ts": "export type MatchEvidence = number;\n",
  });
  expect((await checkArchitecture(tree, 1)).violations).toEqual([]);
});

test("seeing too few modules is a failure, not a success", async () => {
  plant({ "clock.ts": "export const clock = 1;\n" });
  const { violations } = await checkArchitecture(tree);
  expect(violations.join()).toMatch(/seen-too-little: only 1 modules/);
});
