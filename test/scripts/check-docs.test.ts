import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkDocs, pathsIn } from "../../scripts/check-docs.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "lantern-docs-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

test("a page that names a file which is gone is found, with its line", () => {
  write({
    "README.md": "See `service/app.ts`.\n\nThen `service/gone.ts` and force-app/main.\n",
    "service/app.ts": "",
    "force-app/main/x": "",
  });
  expect(checkDocs(root)).toEqual({
    pages: 1,
    paths: 3,
    dead: [{ page: "README.md", line: 3, path: "service/gone.ts" }],
  });
});

test("links are followed from the page they stand on", () => {
  write({
    "docs/journey.md":
      "[here](../README.md) [there](decisions/0001-a.md) [out](https://example.com/x) [dead](0002.md#part)\n",
    "docs/decisions/0001-a.md": "[up](../journey.md)\n",
    "README.md": "",
  });
  expect(checkDocs(root).dead).toEqual([{ page: "docs/journey.md", line: 1, path: "docs/0002.md" }]);
});

test("READMEs of folders and pages below docs are read, other files are not", () => {
  write({
    "test/org/README.md": "service/a.ts",
    "docs/decisions/x.md": "service/b.ts",
    "test/notes.md": "service/c.ts",
  });
  expect(
    checkDocs(root)
      .dead.map((dead) => dead.path)
      .sort(),
  ).toEqual(["service/a.ts", "service/b.ts"]);
});

test.each([
  ["`test/{org,support}/start.ts`", ["test/org/start.ts", "test/support/start.ts"]],
  ["all of service/matching/*.ts, and more", ["service/matching/*.ts"]],
  ["ends a sentence: scripts/demo.ts.", ["scripts/demo.ts"]],
  ["another's path: node_modules/test/x.js, my-service/y.ts, /v1/test/z", []],
])("%s names %j", (line, paths) => {
  expect(pathsIn(line, ".")).toEqual(paths);
});

test("a pattern is dead when nothing fits it", () => {
  write({ "README.md": "service/*.ts test/*.md\n", "service/a.ts": "", "test/a.ts": "" });
  expect(checkDocs(root).dead.map((dead) => dead.path)).toEqual(["test/*.md"]);
});
