import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureOf, rowFailures, rowOf } from "../../service/salesforce/answers.ts";
import { getAllowedOrigin, salesforceHosts } from "../../service/salesforce/hosts.ts";
import { nextBudget, parseLimitInfo, unknownBudget } from "../../service/salesforce/limits.ts";
import { restartDelayMs } from "../../service/salesforce/patience.ts";

const rest = (errorCode: string, message = "m") => JSON.stringify([{ errorCode, message }]);

describe("failed answers", () => {
  test.each([
    [401, rest("INVALID_SESSION_ID"), "write", "session"],
    [403, rest("REQUEST_LIMIT_EXCEEDED"), "write", "quota"],
    [400, rest("MALFORMED_QUERY"), "read", "permanent"],
    [404, rest("NOT_FOUND"), "write", "follow"],
    [503, rest("SERVER_UNAVAILABLE"), "write", "transient"],
    [500, rest("UNKNOWN_EXCEPTION"), "write", "transient"],
    [500, rest("SOMETHING_NEW"), "read", "transient"],
    [500, rest("SOMETHING_NEW"), "write", "unknown"],
    [502, "<html>Bad gateway</html>", "read", "transient"],
    [502, "<html>Bad gateway</html>", "write", "unknown"],
    [503, "<html>Maintenance</html>", "write", "transient"],
    [404, "<html>Maintenance</html>", "write", "transient"],
    [420, "", "write", "transient"],
    [302, "", "write", "transient"],
    [414, "<html>", "read", "permanent"],
    [410, "", "read", "permanent"],
    [400, '{"error":"invalid_grant","error_description":"user hasn\'t approved"}', "read", "permanent"],
  ] as const)("%i %s to a %s is %s", (status, body, effect, kind) => {
    expect(failureOf({ status, body }, effect, "the call")).toMatchObject({ kind });
  });

  test("several failures of one answer are all told", () => {
    const body = JSON.stringify([
      { errorCode: "A", message: "one" },
      { errorCode: "B", message: "two", fields: ["F"] },
    ]);
    expect(failureOf({ status: 400, body }, "read", "the query").message).toBe(
      "Salesforce refused the query: A: one; B: two",
    );
  });

  test("anything at all can come back, and is a failure with a class", () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        expect(failureOf({ status, body }, "write", "the call").kind).toMatch(/^\w+$/);
      }),
    );
  });

  test("rows name their code either way", () => {
    expect(
      rowFailures([{ statusCode: "X", message: "m", fields: ["F", 1] }, { errorCode: "sf:Y" }, null, "text"]),
    ).toEqual([
      { statusCode: "X", message: "m", fields: ["F"] },
      { statusCode: "Y", message: "Salesforce gave no reason.", fields: [] },
    ]);
  });
});

test("attributes go from a row and from the rows inside it", () => {
  const attributes = { type: "Lead", url: "/x" };
  expect(
    rowOf({
      attributes,
      Id: "1",
      Owner: { attributes, Name: "n" },
      Members__r: { done: true, records: [{ attributes, Id: "2" }] },
    }),
  ).toEqual({
    Id: "1",
    Owner: { Name: "n" },
    Members__r: { done: true, records: [{ Id: "2" }] },
  });
});

describe("the API budget", () => {
  const states = (...shares: number[]) => {
    let budget = unknownBudget;
    return shares.map((used) => (budget = nextBudget(budget, { used, limit: 100 })).state);
  };
  test("warns at 80 %, keeps to essential work from 95 % until it is under 75 %", () => {
    expect(states(79, 80, 94, 95, 80, 75, 74, 80, 79)).toEqual([
      "ok",
      "warned",
      "warned",
      "essential",
      "essential",
      "essential",
      "ok",
      "warned",
      "ok",
    ]);
  });
  test("an org that tells no limit is ok", () => {
    expect(nextBudget(unknownBudget, { used: 5, limit: 0 }).state).toBe("ok");
  });
  test.each([
    ["api-usage=18/15000", { used: 18, limit: 15000 }],
    ["per-app-api-usage=17/250(appName=sample); api-usage=25/5000", { used: 25, limit: 5000 }],
    ["per-app-api-usage=17/250(appName=sample)", undefined],
    ["", undefined],
    [null, undefined],
  ])("%s reads as %j", (header, budget) => {
    expect(parseLimitInfo(header)).toEqual(budget);
  });
});

describe("hosts", () => {
  const rule = { allowedHosts: salesforceHosts, allowInsecureLocal: false };
  test.each([
    "https://acme.my.salesforce.com/services/x",
    "https://acme--uat.sandbox.my.salesforce.com",
    "https://a.force.com",
  ])("%s is allowed", (url) => {
    expect(getAllowedOrigin(url, rule)).toBe(new URL(url).origin);
  });
  test.each([
    "http://acme.my.salesforce.com",
    "https://salesforce.com.evil.example",
    "https://evilsalesforce.com",
    "https://evil.example/.salesforce.com",
    "https://acme.my.salesforce.com@evil.example",
    "https://acme.my.salesforce.com:8443",
    "https://169.254.169.254",
    "http://localhost:4455",
    "http://127.0.0.1:4455",
    "javascript:alert(1)",
    "",
  ])("%s is refused", (url) => {
    expect(() => getAllowedOrigin(url, rule)).toThrow(expect.objectContaining({ statusCode: "HOST_NOT_ALLOWED" }));
  });
  test("this machine is allowed only where that is said, and nothing else becomes so", () => {
    const local = { ...rule, allowInsecureLocal: true };
    expect(getAllowedOrigin("http://127.0.0.1:4455/x", local)).toBe("http://127.0.0.1:4455");
    expect(getAllowedOrigin("http://2130706433:4455", local)).toBe("http://127.0.0.1:4455");
    expect(() => getAllowedOrigin("http://10.0.0.1", local)).toThrow();
    expect(() => getAllowedOrigin("http://localhost.evil.example", local)).toThrow();
  });
});

test("waits grow with failures, stay within their bounds and are spread", () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
      expect(restartDelayMs("now", failures, random)).toBe(0);
      expect(restartDelayMs("soon", failures, random)).toBeLessThanOrEqual(60_000);
      expect(restartDelayMs("minutes", failures, random)).toBeGreaterThanOrEqual(30_000);
      expect(restartDelayMs("minutes", failures, random)).toBeLessThanOrEqual(900_000);
      expect(restartDelayMs("minutes", failures + 1, random)).toBeGreaterThanOrEqual(
        restartDelayMs("minutes", failures, random),
      );
    }),
  );
});
