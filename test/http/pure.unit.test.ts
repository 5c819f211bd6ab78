import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Conflict, CreditsShort, Invalid, LanternError, NotFound, Unavailable } from "../../service/errors.ts";
import { addressOf } from "../../service/http/address.ts";
import { errorAnswer, statusOf } from "../../service/http/errors.ts";
import { canonicalJson, fingerprintOf } from "../../service/http/fingerprint.ts";
import { endOf, periodOf, startOf } from "../../service/http/period.ts";
import { seal, unseal } from "../../service/http/seal.ts";

describe("the canonical form of a body", () => {
  it("does not depend on the order of fields, and gives back the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // JSON has no -0: what was sent is what a round trip gives.
        const sent = JSON.parse(JSON.stringify(value)) as unknown;
        expect(canonicalJson(reversed(sent))).toBe(canonicalJson(sent));
        expect(JSON.parse(canonicalJson(sent))).toEqual(sent);
      }),
    );
  });

  it("tells an array's order, another org and another path apart", () => {
    const asked = { body: { a: [1, 2] }, params: { id: "1" }, query: {}, orgId: "00D1" };
    const other = [
      { ...asked, body: { a: [2, 1] } },
      { ...asked, params: { id: "2" } },
      { ...asked, orgId: "00D2" },
      { ...asked, body: { a: ["1", 2] } },
    ];
    expect(new Set([asked, ...other].map(fingerprintOf)).size).toBe(5);
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([k, v]) => [k, reversed(v)]),
  );
}

describe("dates in queries", () => {
  const at = (text: string) => Date.parse(text);
  it.each([
    ["2024-01-01", at("2024-01-01T00:00:00Z")],
    ["2024-01-01T10:00:00Z", at("2024-01-01T10:00:00Z")],
    ["2024-01-01T10:00:00", at("2024-01-01T10:00:00Z")],
    ["2024-01-01T10:00:00.250+02:00", at("2024-01-01T08:00:00.250Z")],
    ["2024-01-01T10:00:00 02:00", at("2024-01-01T08:00:00Z")],
  ])("%s starts there", (text, ms) => expect(startOf(text)).toBe(ms));

  it("a date alone as an end includes its whole day, a time includes its own millisecond", () => {
    expect(endOf("2024-02-28")).toBe(at("2024-02-29T00:00:00Z"));
    expect(endOf("2024-02-28T10:00:00Z")).toBe(at("2024-02-28T10:00:00Z") + 1);
  });

  it.each(["", "yesterday", "2024-02-30", "2024-13-01", "2024-01-01T25:00:00Z", "01/02/2024", "1700000000"])(
    "%j is no date",
    (text) => expect(startOf(text)).toBeNull(),
  );

  it("the same day as start and end is that day; an end before the start is no period", () => {
    expect(periodOf("2024-01-01", "2024-01-01")).toEqual({ from: at("2024-01-01"), to: at("2024-01-02") });
    expect(periodOf("2024-01-02", "2024-01-01")).toBeNull();
  });
});

describe("errors", () => {
  it.each([
    [new NotFound("x"), 404],
    [new NotFound("x", "no_such_pool"), 404],
    [new Invalid("x", []), 422],
    [new Conflict("x", { code: "no_eligible_member" }), 409],
    [new CreditsShort(300, 100), 402],
    [new Unavailable("x"), 503],
    [new LanternError("x", { code: "bad_id" }), 400],
    [new LanternError("x", { code: "nobody_listed_this" }), 500],
    [new Error("x"), 500],
    [Object.assign(new Error("x"), { code: "ECONNREFUSED" }), 503],
    [new Error("Failed query", { cause: Object.assign(new Error("x"), { code: "57P01" }) }), 503],
  ])("%s answers %i", (error, status) => expect(statusOf(error)).toBe(status));

  it("an error nobody foresaw tells the caller nothing of itself", () => {
    const told = errorAnswer(new Error("SELECT secret FROM api_keys"), "req_1");
    expect(told).toMatchObject({
      status: 500,
      body: { success: false, request_id: "req_1", details: { code: "internal" } },
    });
    expect(JSON.stringify(told)).not.toContain("secret");
  });

  it("credits short names what is needed and what is left, in credits", () => {
    expect(errorAnswer(new CreditsShort(350, 125), "req_1").body).toMatchObject({
      credits_required: 3.5,
      credits_remaining: 1.25,
      details: { code: "credits_short" },
    });
  });

  it("a wait is told in whole seconds, in the header and in the body", () => {
    const told = errorAnswer(new Unavailable("x", { retryAfterMs: 1_200 }), "req_1");
    expect(told).toMatchObject({ headers: { "Retry-After": "2" }, body: { retry_after: 2 } });
  });
});

describe("a sealed answer", () => {
  it("opens for the same API key and purpose, and for nobody else", () => {
    const sealed = seal("the secret", "key one", "POST /v1/keys k");
    expect(sealed).not.toContain("secret");
    expect(unseal(sealed, "key one", "POST /v1/keys k")).toBe("the secret");
    expect(unseal(sealed, "key two", "POST /v1/keys k")).toBeNull();
    expect(unseal(sealed, "key one", "POST /v1/keys l")).toBeNull();
  });
});

describe("the address of a request", () => {
  const of = (socketAddress: string | undefined, forwardedFor?: string, trustedProxies = 0) =>
    addressOf({ socketAddress, forwardedFor, trustedProxies });
  it("is the socket's; X-Forwarded-For means nothing unless a proxy of ours stands in front", () => {
    expect(of("203.0.113.7", "198.51.100.1")).toBe("203.0.113.7");
    expect(of("10.0.0.1", "9.9.9.9, 198.51.100.1", 1)).toBe("198.51.100.1");
    expect(of("10.0.0.1", "198.51.100.1, 10.0.0.2", 2)).toBe("198.51.100.1");
    expect(of("10.0.0.1", undefined, 1)).toBe("10.0.0.1");
  });
  it("folds IPv6 to what one customer holds, and IPv4 inside IPv6 to IPv4", () => {
    expect(of("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
    expect(of("2001:db8::1")).toBe("2001:db8:0:0::/64");
    expect(of("::ffff:203.0.113.7")).toBe("203.0.113.7");
    expect(of(undefined)).toBe("unknown");
  });
});
