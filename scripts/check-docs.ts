/**
 * Usage: npm run check:docs. Every file of the repository that a page names (in text or as a link) must be there. Exits 1
 * and lists the dead ones.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const repository = resolve(fileURLToPath(new URL("..", import.meta.url)));

export interface DeadPath {
  page: string;
  line: number;
  path: string;
}

export interface DocsReport {
  pages: number;
  paths: number;
  dead: DeadPath[];
}

/** Reads every page below `root`: README.md, docs/, and the READMEs of the folders. */
export function checkDocs(root = repository): DocsReport {
  const report: DocsReport = { pages: 0, paths: 0, dead: [] };
  for (const page of pagesOf(root)) {
    report.pages++;
    const lines = readFileSync(join(root, page), "utf8").split("\n");
    for (const [i, line] of lines.entries())
      for (const path of pathsIn(line, dirname(page))) {
        report.paths++;
        if (!isThere(root, path)) report.dead.push({ page, line: i + 1, path });
      }
  }
  return report;
}

const folders = ["service", "test", "scripts", "force-app", "docs"];

function pagesOf(root: string): string[] {
  const found = ["README.md", "CHANGELOG.md"].filter((page) => existsSync(join(root, page)));
  for (const folder of folders.filter((name) => existsSync(join(root, name))))
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }))
      if (file.endsWith(".md") && (folder === "docs" || /(^|\/)README\.md$/.test(file))) found.push(join(folder, file));
  return found.sort();
}

const named = new RegExp(String.raw`(?<![\w/.@-])(?:${folders.join("|")})/[\w./*{},@-]*`, "g");
const linked = /\]\((?!\w+:|#)([^)\s#]+)/g;

/** The repository's paths that a line names, relative to its root, braces spelled out. */
export function pathsIn(line: string, folder: string): string[] {
  const links = [...line.matchAll(linked)].map((m) => relative(".", join(folder, m[1] ?? "")));
  const names = [...line.replaceAll(linked, "](").matchAll(named)].map((m) => m[0].replace(/[.,]+$/, ""));
  return [...links, ...names].flatMap(spelledOut);
}

/** `a/{b,c}.ts` → `a/b.ts`, `a/c.ts` */
function spelledOut(path: string): string[] {
  const braces = /\{([^{}]*)\}/.exec(path);
  if (!braces) return [path];
  return (braces[1] ?? "").split(",").flatMap((one) => spelledOut(path.replace(braces[0], one)));
}

const isThere = (root: string, path: string): boolean => {
  if (!path.includes("*")) return existsSync(join(root, path));
  return matching(root, path).length > 0;
};

/** What a pattern with `*` (never across `/`) finds. */
function matching(root: string, pattern: string): string[] {
  const [, folder = "", last = ""] = /^(.*?)([^/]*\*[^/]*)/.exec(pattern) ?? [];
  if (!existsSync(join(root, folder))) return [];
  const fits = new RegExp(`^${last.split("*").map(literally).join("[^/]*")}$`);
  return readdirSync(join(root, folder)).filter((name) => fits.test(name));
}

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? "")).href) {
  const { pages, paths, dead } = checkDocs();
  for (const { page, line, path } of dead) console.error(`✗ ${page}:${line} names ${path}, which is not there`);
  console.log(
    `docs: ${pages} pages name ${paths} paths, ${dead.length === 0 ? "all are there" : `${dead.length} are dead`}`,
  );
  if (dead.length > 0 || pages === 0) process.exitCode = 1;
}
