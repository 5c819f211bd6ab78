/** `/health`, `/ready`, `/metrics` and `/openapi.json`: for machines that watch or read about the service; no key needed. */
import { messageOf } from "../errors.ts";
import type { Api, ApiDeps } from "./api.ts";

/** Whether a part works, and why not: the reason is shown to anybody, so it holds no secret. */
export type Part = () => Promise<{ ok: boolean; reason?: string }>;
export type Parts = Record<string, Part>;

const partTimeoutMs = 2_000;

export function addHealth(app: Api, deps: ApiDeps): void {
  app.get("/health", (c) => c.json({ status: "ok" }));

  app.get("/ready", async (c) => {
    const entries = Object.entries(deps.parts ?? {});
    const states = await Promise.all(entries.map(async ([name, part]) => [name, await ask(deps, name, part)] as const));
    const ready = states.every(([, state]) => state.ok);
    return c.json({ ready, parts: Object.fromEntries(states) }, ready ? 200 : 503);
  });

  app.get("/metrics", async (c) => {
    if (!deps.metrics) return c.notFound();
    return c.body(await deps.metrics.metrics(), 200, { "Content-Type": deps.metrics.contentType });
  });

  let document: string | undefined;
  app.get("/openapi.json", (c) => {
    document ??= JSON.stringify(describe(app, deps.version ?? "0.0.0"));
    return c.body(document, 200, { "Content-Type": "application/json; charset=utf-8" });
  });
}

async function ask(deps: ApiDeps, name: string, part: Part): Promise<{ ok: boolean; reason?: string }> {
  const stop = new AbortController();
  const late = deps.clock.sleep(partTimeoutMs, stop.signal).then(
    () => ({ ok: false, reason: "did not answer within 2 seconds" }),
    () => ({ ok: false }),
  );
  try {
    return await Promise.race([part(), late]);
  } catch (error) {
    deps.log.warn({ part: name, err: error }, `${name} is not ready: ${messageOf(error)}`);
    return { ok: false, reason: "failed; see the service's log" };
  } finally {
    stop.abort(new Error("answered"));
  }
}

function describe(app: Api, version: string): object {
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "ltn_<live|test>_<id>_<secret><crc>",
    description: "An API key. It says which tenant and org a request is for, and what it may do.",
  });
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Lantern for Salesforce",
      version,
      description:
        "Makes every Salesforce lead complete, matched, converted or merged, and owned by the right person, and says why.",
      license: { name: "MIT" },
    },
  });
}
