import { beforeEach, describe, expect, test } from "vitest";
import type { Caller, Reply } from "../caller.ts";
import { openOrg } from "../caller.ts";

let caller: Caller;
beforeEach(async () => {
  caller = await openOrg();
});
const leads = (count: number) =>
  caller.org.control.as().create(
    "Lead",
    Array.from({ length: count }, (_v, i) => ({ LastName: `L${i}`, Company: 'The "Big", One' })),
  );
const create = (query: string, more: Record<string, unknown> = {}) =>
  caller.rest("POST", "/jobs/query", { operation: "query", query, ...more });
const idOf = (reply: Reply) => (reply.body as { id: string }).id;
const look = async (id: string) => (await caller.rest("GET", `/jobs/query/${id}`)).body as Record<string, unknown>;
async function complete(query: string, more: Record<string, unknown> = {}): Promise<string> {
  const id = idOf(await create(query, more));
  await look(id);
  expect(await look(id)).toMatchObject({ state: "JobComplete" });
  return id;
}
const results = (id: string, query = "") => caller.rest("GET", `/jobs/query/${id}/results${query}`);

describe("a query job", () => {
  test("goes through its states, one a look, and tells how many rows it read", async () => {
    leads(3);
    const created = await create("SELECT Id FROM lead");
    expect(created).toMatchObject({
      status: 200,
      body: {
        state: "UploadComplete",
        operation: "query",
        object: "Lead",
        contentType: "CSV",
        columnDelimiter: "COMMA",
      },
    });
    const id = idOf(created);
    expect(id).toMatch(/^750\w{15}$/);
    expect(await look(id)).toMatchObject({ state: "InProgress", jobType: "V2Query" });
    expect((await results(id)).body).toMatchObject([{ errorCode: "INVALIDJOBSTATE" }]);
    expect(await look(id)).toMatchObject({ state: "JobComplete", numberRecordsProcessed: 3 });
    expect((await caller.rest("GET", "/jobs/query")).body).toMatchObject({ done: true, records: [{ id }] });
  });

  test("writes CSV: header, quoted values, parents' fields, null empty, times with Z", async () => {
    leads(1);
    const id = await complete("SELECT name, Company, Title, owner.name, CreatedDate FROM Lead");
    const page = await results(id);
    expect(page.headers.get("content-type")).toContain("text/csv");
    expect(page.body).toBe(
      '"Name","Company","Title","Owner.Name","CreatedDate"\n"L0","The ""Big"", One","","Rita Rep","2026-11-23T10:00:00.000Z"\n',
    );
    expect(page.headers.get("sforce-locator")).toBe("null");
    expect(page.headers.get("sforce-numberofrecords")).toBe("1");
  });

  test("hands out its rows in pages, each with the header, until the locator is the text null", async () => {
    const made = leads(5);
    const id = await complete("SELECT Id FROM Lead ORDER BY Id");
    const seen: string[] = [];
    let locator = "";
    let pages = 0;
    for (; locator !== "null"; pages++) {
      const page = await results(id, `?maxRecords=2${locator === "" ? "" : `&locator=${locator}`}`);
      const [header, ...rows] = String(page.body).trimEnd().split("\n");
      expect(header).toBe('"Id"');
      seen.push(...rows.map((row) => row.replaceAll('"', "")));
      locator = page.headers.get("sforce-locator") ?? "";
    }
    expect([pages, seen]).toEqual([3, made]);
    expect((await results(id, "?locator=nonsense")).body).toMatchObject([{ errorCode: "INVALID_QUERY_LOCATOR" }]);
  });

  test("reads deleted rows too with queryAll, and takes another delimiter and line ending", async () => {
    const [gone = ""] = leads(2);
    caller.org.control.as().delete("Lead", [gone]);
    const id = await complete("SELECT LastName, IsDeleted FROM Lead ORDER BY LastName", {
      operation: "queryAll",
      columnDelimiter: "PIPE",
      lineEnding: "CRLF",
    });
    expect((await results(id)).body).toBe('"LastName"|"IsDeleted"\r\n"L0"|"true"\r\n"L1"|"false"\r\n');
  });

  test("can be aborted while it runs and deleted when it has ended, not the other way round", async () => {
    const id = idOf(await create("SELECT Id FROM Lead"));
    expect((await caller.rest("DELETE", `/jobs/query/${id}`)).body).toMatchObject([{ errorCode: "INVALIDJOBSTATE" }]);
    const aborted = await caller.rest("PATCH", `/jobs/query/${id}`, { state: "Aborted" });
    expect(aborted.body).toMatchObject({ state: "Aborted" });
    expect(await look(id)).toMatchObject({ state: "Aborted" });
    expect((await caller.rest("PATCH", `/jobs/query/${id}`, { state: "Aborted" })).status).toBe(400);
    expect((await caller.rest("DELETE", `/jobs/query/${id}`)).status).toBe(204);
    expect((await caller.rest("GET", `/jobs/query/${id}`)).status).toBe(404);
  });

  test.each([
    ["GROUP BY", "SELECT LastName FROM Lead GROUP BY LastName", "API_ERROR"],
    ["an aggregate", "SELECT COUNT(Id) FROM Lead", "API_ERROR"],
    ["a subquery", "SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR"],
    ["OFFSET", "SELECT Id FROM Lead LIMIT 5 OFFSET 2", "API_ERROR"],
    ["an unknown field", "SELECT Nope FROM Lead", "INVALID_FIELD"],
    ["no SOQL", "SELECT", "MALFORMED_QUERY"],
  ])("is refused for %s", async (_what, query, errorCode) => {
    expect(await create(query)).toMatchObject({ status: 400, body: [{ errorCode }] });
  });

  test("fails when told to or when its query takes too long, and can be kept from ever ending", async () => {
    const { jobs } = caller.org.control;
    jobs.fail = { times: 1, message: "InternalServerError" };
    const failing = idOf(await create("SELECT Id FROM Lead"));
    await look(failing);
    expect(await look(failing)).toMatchObject({ state: "Failed", errorMessage: "InternalServerError" });
    leads(3);
    caller.org.control.setQueryLimit("Lead", 2);
    const slow = idOf(await create("SELECT Id FROM Lead"));
    await look(slow);
    expect(await look(slow)).toMatchObject({
      state: "Failed",
      errorMessage: expect.stringContaining("QUERY_TIMEOUT") as string,
    });
    jobs.stuckAt = "InProgress";
    const stuck = idOf(await create("SELECT Id FROM Lead"));
    for (let i = 0; i < 3; i++) expect(await look(stuck)).toMatchObject({ state: "InProgress" });
  });

  test("counts against the day's jobs, and its results are gone after a week", async () => {
    const id = await complete("SELECT Id FROM Lead");
    const { body } = await caller.rest("GET", "/limits");
    expect(body).toMatchObject({ DailyBulkV2QueryJobs: { Max: 10_000, Remaining: 9_999 } });
    caller.org.control.jobs.limit = 1;
    expect((await create("SELECT Id FROM Lead")).body).toMatchObject([{ errorCode: "LIMIT_EXCEEDED" }]);
    await caller.clock.advance(7 * 24 * 3_600_000 + 1);
    await caller.login();
    expect((await results(id)).status).toBe(404);
  });
});
