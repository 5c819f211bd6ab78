import fc from "fast-check";
import { expect, it } from "vitest";
import { creditRoutes } from "../../service/credits/index.ts";
import { logRoutes } from "../../service/logs/index.ts";
import { keyRoutes } from "../../service/keys/index.ts";
import { testApi } from "../support/api.ts";
import { onBothStores } from "../support/stores.ts";

const routes = [...creditRoutes, ...logRoutes];
const all = [...routes, ...keyRoutes({ forget: () => undefined })];

/** Values that have broken services before, beside arbitrary ones. */
const nasty = fc.constantFrom<unknown>(
  "\0",
  "\ud800",
  "'; DROP TABLE ledger; --",
  "𝕏".repeat(300),
  Number.MAX_SAFE_INTEGER,
  -0,
  1e308,
  0.1 + 0.2,
  null,
  [],
  {},
  "2026-02-30",
  "+275760-09-13T00:00:00.000Z",
  "%",
  '$."a"',
);
const fields = ["credits", "reason", "name", "scopes", "mode", "org_id", "expires_at", "limits", "x"];
const queryNames = [
  "start_date",
  "end_date",
  "custom_key",
  "custom_value",
  "from",
  "to",
  "limit",
  "cursor",
  "format",
  "pool",
];
const value = fc.oneof(
  { weight: 2, arbitrary: nasty },
  fc.jsonValue(),
  fc.constantFrom(5, "x", ["match"], "2026-11-23"),
);
const body = fc.oneof(
  fc.dictionary(fc.constantFrom(...fields), value).map((b) => JSON.stringify(b)),
  fc.record({ credits: value, reason: value }).map((b) => JSON.stringify(b)),
  fc
    .record({ name: value, scopes: fc.constant(["match"]), limits: value, expires_at: value })
    .map((b) => JSON.stringify(b)),
  fc.json(),
  fc.string({ unit: "binary" }),
);
const text = fc.oneof(nasty.map(String), fc.string({ unit: "binary" }), fc.constantFrom("2026-11-23", "1", "csv"));
const headerText = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)) });

/** As an address carries it; what is no text at all stays as bytes that decode to nothing good. */
function encoded(given: string): string {
  try {
    return encodeURIComponent(given);
  } catch {
    return "%ED%A0%80";
  }
}

onBothStores("whatever is sent", (open) => {
  it("no endpoint answers 5xx, and every refusal has the documented body and tells nothing of the inside", async () => {
    const api = await testApi({ store: await open(), routes });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...all),
        body,
        fc.dictionary(fc.constantFrom(...queryNames), text, { maxKeys: 5 }),
        fc.record({ "Idempotency-Key": headerText, "X-Lantern-Custom": headerText }, { requiredKeys: [] }),
        text,
        async (route, sent, query, headers, id) => {
          const search = Object.entries(query).map(([name, v]) => `${name}=${encoded(v)}`);
          const path = route.path.replace("{id}", encoded(id) || "x");
          const writes = route.method === "post";
          const answer = await api.send(route.method.toUpperCase(), `${path}?${search.join("&")}`, {
            ...(writes ? { body: sent } : {}),
            headers,
          });
          const seen = await answer.text();
          expect(answer.status, seen).toBeLessThan(500);
          if (answer.status < 300) return;
          const told = JSON.parse(seen) as Record<string, unknown>;
          expect(told).toMatchObject({ success: false, request_id: answer.headers.get("x-request-id") });
          expect(typeof told["error"]).toBe("string");
          if (answer.status === 422) expect(told["detail"]).not.toEqual([]);
          expect(seen).not.toMatch(/select |insert |node_modules|at \w+ \(/i);
        },
      ),
      { numRuns: 1_500 },
    );
  });
});
