import { beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "../caller.ts";
import { openOrg } from "../caller.ts";

let caller: Caller;
beforeEach(async () => {
  caller = await openOrg();
});
const lead = { LastName: "Lovelace", Company: "Engines" };
const create = () => caller.org.control.as().create("Lead", [lead])[0] ?? "";
const at = (time: string) => `2026-11-23T${time}Z`;
const span = (what: "updated" | "deleted", start: string, end: string, object = "Lead") =>
  caller.rest("GET", `/sobjects/${object}/${what}?start=${encodeURIComponent(start)}&end=${encodeURIComponent(end)}`);

describe("what was updated", () => {
  test("is the ids of a span of whole minutes: seconds of start and end count for nothing", async () => {
    const first = create(); // 10:00:00
    await caller.clock.advance(90_000);
    const second = create(); // 10:01:30
    const { status, body } = await span("updated", at("10:00:50"), at("10:01:59"));
    expect(status).toBe(200);
    expect(body).toEqual({ ids: [first], latestDateCovered: "2026-11-23T10:01:00.000+0000" });
    await caller.clock.advance(60_000);
    expect((await span("updated", at("10:01:00"), at("10:02:00"))).body).toMatchObject({ ids: [second] });
  });

  test("is sure only up to the beginning of the oldest transaction that is still open", async () => {
    await caller.clock.advance(120_000);
    const open = caller.org.control.begin();
    const [late = ""] = open.create("Lead", [lead]); // stamped 10:02
    await caller.clock.advance(10 * 60_000);
    const between = create();
    await caller.clock.advance(60_000);
    const before = await span("updated", at("10:00:00"), at("10:13:00"));
    expect(before.body).toEqual({ ids: [between], latestDateCovered: "2026-11-23T10:02:00.000+0000" });
    open.commit();
    const after = await span("updated", at("10:00:00"), at("10:13:00"));
    expect(after.body).toEqual({ ids: [late, between], latestDateCovered: "2026-11-23T10:13:00.000+0000" });
  });

  test("is never covered beyond now", async () => {
    const { body } = await span("updated", at("09:00:00"), at("23:00:00"));
    expect(body).toMatchObject({ latestDateCovered: "2026-11-23T10:00:00.000+0000" });
  });

  test.each([
    ["less than a minute", at("10:00:00"), at("10:00:59")],
    ["more than 30 days ago", "2026-10-01T00:00:00Z", at("10:00:00")],
    ["no date", "yesterday", at("10:00:00")],
    ["the future", at("11:00:00"), at("12:00:00")],
  ])("is refused for %s", async (_what, start, end) => {
    expect(await span("updated", start, end)).toMatchObject({
      status: 400,
      body: [{ errorCode: "INVALID_REPLICATION_DATE" }],
    });
  });
});

describe("what was deleted", () => {
  test("is told with its time, also when the recycle bin has been emptied; it is not among the updated", async () => {
    const [kept, binned, purged] = [create(), create(), create()];
    await caller.clock.advance(60_000);
    caller.org.control.as().delete("Lead", [purged]);
    caller.org.control.emptyRecycleBin("Lead");
    caller.org.control.as().delete("Lead", [binned]);
    await caller.clock.advance(60_000);
    const { body } = await span("deleted", at("10:00:00"), at("10:02:00"));
    expect(body).toMatchObject({
      deletedRecords: [
        { id: binned, deletedDate: "2026-11-23T10:01:00.000+0000" },
        { id: purged, deletedDate: "2026-11-23T10:01:00.000+0000" },
      ],
      latestDateCovered: "2026-11-23T10:02:00.000+0000",
    });
    expect((await span("updated", at("10:00:00"), at("10:02:00"))).body).toMatchObject({ ids: [kept] });
    expect((await caller.query(`SELECT Id FROM Lead`, true)).body).toMatchObject({ totalSize: 2 });
  });
});

test("a query that would read more rows than allowed times out, in a composite as well", async () => {
  create();
  create();
  caller.org.control.setQueryLimit("Lead", 1);
  const refusal = { errorCode: "QUERY_TIMEOUT" };
  expect(await caller.query("SELECT Id FROM Lead")).toMatchObject({ status: 400, body: [refusal] });
  const url = `/services/data/v67.0/query?q=${encodeURIComponent("SELECT Id FROM Lead")}`;
  const { body } = await caller.rest("POST", "/composite", {
    compositeRequest: [{ method: "GET", url, referenceId: "q" }],
  });
  expect(body).toMatchObject({ compositeResponse: [{ httpStatusCode: 400, body: [refusal] }] });
  caller.org.control.setQueryLimit("Lead", null);
  expect((await caller.query("SELECT Id FROM Lead")).status).toBe(200);
});

test("limits name what an org has, each with Max and Remaining", async () => {
  create();
  const body = (await caller.rest("GET", "/limits")).body as Record<string, { Max: number; Remaining: number }>;
  expect(body.HourlyPublishedPlatformEvents).toEqual({ Max: 250_000, Remaining: 249_999 });
  expect(body.DailyApiRequests).toEqual({ Max: 115_000, Remaining: 114_999 });
  expect(body.DurableStreamingApiConcurrentClients).toEqual({ Max: 2_000, Remaining: 2_000 });
  expect(Object.keys(body).length).toBeGreaterThan(25);
  expect(Object.values(body).every(({ Max, Remaining }) => Remaining >= 0 && Remaining <= Max)).toBe(true);
});

test("columns=true tells a query's columns without running it", async () => {
  const soql = "SELECT Id, Owner.Name, owner.Email, (SELECT Id, Email FROM Contacts) FROM Account";
  const { body } = await caller.rest("GET", `/query?q=${encodeURIComponent(soql)}&columns=true`);
  expect(body).toMatchObject({
    entityName: "Account",
    idSelected: true,
    columnMetadata: [
      { columnName: "Id", joinColumns: [], aggregate: false },
      { columnName: "Owner", joinColumns: [{ columnName: "Name" }, { columnName: "Email" }], aggregate: false },
      { columnName: "Contacts", joinColumns: [{ columnName: "Id" }, { columnName: "Email" }], aggregate: true },
    ],
  });
});
