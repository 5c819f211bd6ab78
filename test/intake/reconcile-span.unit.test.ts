import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextNight } from "../../service/intake/reconcile-job.ts";
import { spanToReconcile, sureUntil, unseenIn } from "../../service/intake/reconcile-span.ts";

const at = (text: string) => Date.parse(text);
const now = at("2026-11-23T02:00:30Z");
const hour = 3_600_000;

describe("the span of a reconcile", () => {
  it("is the last 24 hours in whole minutes", () => {
    expect(spanToReconcile({ now, since: 0, coveredTo: now - hour })).toEqual({
      from: at("2026-11-22T02:00:00Z"),
      to: at("2026-11-23T02:00:00Z"),
    });
  });
  it("begins where the last one got to when that is longer ago, and never before the doors listened", () => {
    const coveredTo = now - 30 * hour;
    expect(spanToReconcile({ now, since: 0, coveredTo })?.from).toBe(at("2026-11-21T20:00:00Z"));
    expect(spanToReconcile({ now, since: now - 2 * hour, coveredTo })?.from).toBe(at("2026-11-23T00:00:00Z"));
  });
  it("is none while not a whole minute is old enough", () => {
    expect(spanToReconcile({ now, since: now - 20_000, coveredTo: now - 20_000 })).toBeNull();
  });
  it("leaves no gap behind the one before, whatever held that back, and asks for at most 30 days", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 * 24 * 60 }), fc.integer({ min: 0, max: 60_000 }), (minutes, ms) => {
        const coveredTo = now - minutes * 60_000 - ms;
        const span = spanToReconcile({ now, since: 0, coveredTo });
        if (!span) throw new Error("a day is always there to look at");
        expect(span.from).toBeGreaterThan(now - 30 * 24 * hour);
        expect(span.from % 60_000).toBe(0);
        if (minutes < 29 * 24 * 60) expect(span.from).toBeLessThanOrEqual(coveredTo);
      }),
    );
  });
  it("is sure only below every bound", () => {
    expect(sureUntil({ updated: 30, deleted: 20, watermark: 10 })).toBe(10);
    expect(sureUntil({ updated: 10, deleted: 20, watermark: 30 })).toBe(10);
  });
});

describe("what was not seen", () => {
  it("is what was never heard of, and what was seen in another version", () => {
    const org = ["new", "older", "same", "unread"].map((id) => ({ id, modstamp: 5 }));
    const seen = new Map<string, number | null>([
      ["older", 4],
      ["same", 5],
      ["unread", null],
    ]);
    expect(unseenIn(org, seen)).toEqual(["new", "older", "unread"]);
  });
});

describe("the next night", () => {
  it("is the next 02:00, in the time zone given, also over a change to winter time", () => {
    expect(nextNight(at("2026-11-23T01:59:59Z"))).toBe(at("2026-11-23T02:00:00Z"));
    expect(nextNight(at("2026-11-23T02:00:00Z"))).toBe(at("2026-11-24T02:00:00Z"));
    expect(nextNight(at("2026-11-23T10:00:00Z"), "America/New_York")).toBe(at("2026-11-24T07:00:00Z"));
    const night = nextNight(at("2026-10-24T12:00:00Z"), "Europe/Berlin");
    expect(new Date(night).toISOString()).toMatch(/^2026-10-25T0[01]:00/);
  });
});
