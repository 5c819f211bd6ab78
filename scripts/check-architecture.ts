/**
 * Usage: npm run check:architecture. Holds service/ to the rules of .dependency-cruiser.cjs: who may import whom. Exits 1
 * and lists what is against a rule, and also when it saw too few modules to have checked anything.
 */
import { cruise, type ICruiseResult, type IFlattenedRuleSet, type IForbiddenRuleType } from "dependency-cruiser";
import extractOptions from "dependency-cruiser/config-utl/extract-depcruise-options";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const repository = resolve(fileURLToPath(new URL("..", import.meta.url)));
/** A compiler that shows the cruiser nothing would have every rule hold. */
const fewestModules = 50;

export interface ArchitectureReport {
  modules: number;
  dependencies: number;
  /** One sentence each. */
  violations: string[];
}

/** Checks the `service` folder below `baseDir` (default: this repository). */
export async function checkArchitecture(baseDir = repository, fewest = fewestModules): Promise<ArchitectureReport> {
  const config = await extractOptions(join(repository, ".dependency-cruiser.cjs"));
  const rules: IFlattenedRuleSet = { forbidden: [...(config.ruleSet?.forbidden ?? []), pureFilesRule(baseDir)] };
  const cruised = await cruise(["service"], { ...config, ruleSet: rules, validate: true, baseDir }, undefined, {});
  // Without an output type the cruiser answers the result itself, not a text.
  const { modules, summary } = cruised.output as ICruiseResult;
  const ours = modules.filter((module) => module.source.startsWith("service/"));
  const violations = summary.violations.map(
    ({ rule, from, to, cycle }) =>
      `${rule.name}: ${from} → ${cycle ? cycle.map((step) => step.name).join(" → ") : to}${commentOf(rules, rule.name)}`,
  );
  if (ours.length < fewest)
    violations.push(
      `seen-too-little: only ${ours.length} modules of service/ were seen, at least ${fewest} are there. Is the compiler one that the cruiser understands (typescript 5)?`,
    );
  return { modules: ours.length, dependencies: summary.totalDependenciesCruised ?? 0, violations };
}

function commentOf(rules: IFlattenedRuleSet, name: string): string {
  const comment = rules.forbidden?.find((rule) => rule.name === name)?.comment;
  return comment === undefined ? "" : `\n    ${comment}`;
}

/** Matching is pure but for what asks the store; elsewhere a file says so in its first comment. */
const impureMatching = /^service\/matching\/(candidates|mirror|routes|index)\.ts$/;
const saysPure = /^\/\*\*(?:(?!\*\/)[^])*?\bPure[.,;]/;
/** What pure files may use beside each other: shapes, errors, and libraries that compute. */
const shapes = [
  "^service/(errors|clock)\\.ts$",
  "^service/store/(json|tables)\\.ts$",
  "^service/salesforce/(port|ids|errors)\\.ts$",
  "(^|node_modules/)(zod|@hono/zod-openapi|libphonenumber-js|tldts|csv-stringify)(/|$)",
  "^(node:)?(crypto|zlib)$",
];
function pureFilesRule(baseDir: string): IForbiddenRuleType {
  const files = filesBelow(join(baseDir, "service"), "service").filter(
    (file) =>
      (file.startsWith("service/matching/") && !impureMatching.test(file)) ||
      saysPure.test(readFileSync(join(baseDir, file), "utf8")),
  );
  const these = files.map((file) => `^${file.replaceAll(".", "\\.")}$`);
  return {
    name: "pure-files-stay-pure",
    comment: "No I/O, no clock, no store: a pure file imports types, other pure files and libraries that compute.",
    severity: "error",
    // A pattern that fits nothing, where no file calls itself pure.
    from: { path: these.length > 0 ? these : ["^$"] },
    to: { pathNot: [...these, ...shapes], dependencyTypesNot: ["type-only"] },
  };
}

function filesBelow(folder: string, name: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? filesBelow(join(folder, entry.name), `${name}/${entry.name}`)
      : entry.name.endsWith(".ts")
        ? [`${name}/${entry.name}`]
        : [],
  );
}

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? "")).href) {
  const { modules, dependencies, violations } = await checkArchitecture();
  for (const violation of violations) console.error(`✗ ${violation}`);
  console.log(
    `architecture: ${modules} modules, ${dependencies} imports, ${violations.length === 0 ? "every rule holds" : `${violations.length} against a rule`}`,
  );
  if (violations.length > 0) process.exitCode = 1;
}
