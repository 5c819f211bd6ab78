import { beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "../caller.ts";
import { openOrg } from "../caller.ts";
import type { Input } from "../control.ts";

let caller: Caller;
beforeEach(async () => {
  caller = await openOrg();
});
const lead = (more: Input = {}): Input => ({ LastName: "Lovelace", Company: "Engines", ...more });
const typed = (fields: Input, type = "Lead"): Input => ({ attributes: { type }, ...fields });
const make = (object: string, ...rows: Input[]) => caller.org.control.as().create(object, rows);
const ofLead = (id: string) => caller.org.control.record(id);
const error = (errorCode: string) => [expect.objectContaining({ errorCode }) as object];

describe("every answer", () => {
  test("carries the API usage and the org's own time", async () => {
    await caller.clock.advance(3_600_000);
    const { headers } = await caller.rest("GET", "/sobjects");
    expect(headers.get("sforce-limit-info")).toBe("api-usage=1/115000");
    expect(headers.get("date")).toBe("Mon, 23 Nov 2026 11:00:00 GMT");
  });
  test("without a live token is 401 in the platform's shape", async () => {
    caller.token = "nope";
    expect(await caller.rest("GET", "/sobjects")).toMatchObject({
      status: 401,
      body: [{ message: "Session expired or invalid", errorCode: "INVALID_SESSION_ID" }],
    });
  });
  test("over the daily allocation is REQUEST_LIMIT_EXCEEDED, until the calls are a day old", async () => {
    caller.org.control.setApiUsage({ limit: 10, used: 10 });
    expect(await caller.rest("GET", "/sobjects")).toMatchObject({ status: 403, body: error("REQUEST_LIMIT_EXCEEDED") });
    await caller.clock.advance(25 * 3_600_000);
    await caller.login();
    expect((await caller.rest("GET", "/sobjects")).status).toBe(200);
  });
});

describe("what the org does not know is refused", () => {
  test.each<[string, string, string, number, string]>([
    ["an unknown path", "GET", "/tooling/query", 404, "NOT_FOUND"],
    ["an unknown object", "GET", "/sobjects/Nope/describe", 404, "NOT_FOUND"],
    ["a verb the path does not take", "PUT", "/sobjects/Lead", 405, "METHOD_NOT_ALLOWED"],
    ["an unknown locator", "GET", "/query/01g5e0000000001AAA-2000", 400, "INVALID_QUERY_LOCATOR"],
  ])("%s", async (_what, method, path, status, code) => {
    expect(await caller.rest(method, path)).toMatchObject({ status, body: error(code) });
  });
  test("a platform header it does not implement", async () => {
    const reply = await caller.rest("GET", "/sobjects", undefined, { "Sforce-Mru": "true" });
    expect(reply).toMatchObject({ status: 400, body: [{ message: expect.stringContaining("sforce-mru") as string }] });
  });
  test("an API version newer than the org's, and one that is retired", async () => {
    const at = (version: string) =>
      caller.send(`/services/data/v${version}/sobjects`, { headers: { Authorization: `Bearer ${caller.token}` } });
    expect((await at("68.0")).status).toBe(404);
    expect((await at("30.0")).status).toBe(410);
  });
  test("a URI over 16 KB, and one that is over it together with its headers", async () => {
    expect((await caller.query(`SELECT Id FROM Lead WHERE Company = '${"x".repeat(16_400)}'`)).status).toBe(414);
    expect((await caller.query(`SELECT Id FROM Lead WHERE Company = '${"x".repeat(16_200)}'`)).status).toBe(431);
  });
});

describe("queries", () => {
  test("come in pages of 2,000 by locator, the last without a next one", async () => {
    make("Lead", ...Array.from({ length: 4_001 }, (_v, i) => lead({ LastName: `L${i}` })));
    const first = (await caller.query("SELECT Id FROM Lead")).body as Record<string, unknown>;
    expect(first).toMatchObject({
      totalSize: 4_001,
      done: false,
      nextRecordsUrl: expect.stringMatching(/^\/services\/data\/v67\.0\/query\/01g\w{15}-2000$/) as string,
    });
    const next = String(first.nextRecordsUrl).replace("/services/data/v67.0", "");
    const second = (await caller.rest("GET", next)).body as Record<string, unknown>;
    const third = (await caller.rest("GET", next.replace("-2000", "-4000"))).body as Record<string, unknown>;
    expect([(second.records as unknown[]).length, (third.records as unknown[]).length]).toEqual([2000, 1]);
    expect(third).toMatchObject({ done: true });
    expect(third).not.toHaveProperty("nextRecordsUrl");
  });
  test("a smaller page can be asked for, not below 200; a locator dies after two days", async () => {
    make("Lead", ...Array.from({ length: 201 }, () => lead()));
    const reply = await caller.rest("GET", "/query?q=SELECT+Id+FROM+Lead", undefined, {
      "Sforce-Query-Options": "batchSize=5",
    });
    const body = reply.body as { records: unknown[]; nextRecordsUrl: string };
    expect(body.records).toHaveLength(200);
    await caller.clock.advance(49 * 3_600_000);
    await caller.login();
    expect(await caller.rest("GET", body.nextRecordsUrl.replace("/services/data/v67.0", ""))).toMatchObject({
      body: error("INVALID_QUERY_LOCATOR"),
    });
  });
  test("queryAll sees deleted rows, and its further pages are under /query", async () => {
    const gone = make("Lead", ...Array.from({ length: 201 }, () => lead()));
    caller.org.control.as().delete("Lead", gone);
    caller.org.control.setPageSize(200);
    expect((await caller.query("SELECT Id FROM Lead")).body).toMatchObject({ totalSize: 0 });
    const { body } = await caller.query("SELECT Id, IsDeleted FROM Lead", true);
    expect(body).toMatchObject({
      totalSize: 201,
      nextRecordsUrl: expect.stringContaining("/v67.0/query/01g") as string,
    });
  });
  test("values of a later page are those of the time it is fetched", async () => {
    const ids = make("Lead", ...Array.from({ length: 201 }, () => lead()));
    caller.org.control.setPageSize(200);
    const { body } = await caller.query("SELECT Id, Title FROM Lead ORDER BY Id");
    caller.org.control.as().update("Lead", [{ Id: ids[200], Title: "changed since" }]);
    const next = (body as { nextRecordsUrl: string }).nextRecordsUrl.replace("/services/data/v67.0", "");
    expect((await caller.rest("GET", next)).body).toMatchObject({ records: [{ Title: "changed since" }] });
  });
});

describe("single records", () => {
  test("create, read, update, delete", async () => {
    const made = await caller.rest("POST", "/sobjects/Lead", lead());
    const { id } = made.body as { id: string };
    expect(made).toMatchObject({ status: 201, body: { success: true, errors: [] } });
    expect(await caller.rest("GET", `/sobjects/Lead/${id.slice(0, 15)}?fields=Name`)).toMatchObject({
      body: { Id: id, Name: "Lovelace" },
    });
    expect(await caller.rest("PATCH", `/sobjects/Lead/${id}`, { Title: "Countess" })).toMatchObject({
      status: 204,
      body: "",
    });
    expect((await caller.rest("DELETE", `/sobjects/Lead/${id}`)).status).toBe(204);
    expect(await caller.rest("GET", `/sobjects/Lead/${id}`)).toMatchObject({
      status: 404,
      body: error("ENTITY_IS_DELETED"),
    });
  });
  test("a refusal is an array with the fields at fault", async () => {
    expect(await caller.rest("POST", "/sobjects/Lead", { LastName: "x" })).toMatchObject({
      status: 400,
      body: [
        { errorCode: "REQUIRED_FIELD_MISSING", message: "Required fields are missing: [Company]", fields: ["Company"] },
      ],
    });
  });
  test("If-Unmodified-Since refuses a record that moved, by whole seconds", async () => {
    const [id = ""] = make("Lead", lead());
    const seen = new Date(caller.clock.now()).toUTCString();
    await caller.clock.advance(900);
    caller.org.control.as().update("Lead", [{ Id: id, Title: "same second" }]);
    const patch = () =>
      caller.rest("PATCH", `/sobjects/Lead/${id}`, { Title: "mine" }, { "If-Unmodified-Since": seen });
    expect((await patch()).status).toBe(204);
    await caller.clock.advance(200);
    caller.org.control.as().update("Lead", [{ Id: id, Title: "a second later" }]);
    expect((await patch()).status).toBe(412);
    expect(ofLead(id)?.Title).toBe("a second later");
  });
  test("If-Modified-Since answers 304 for a record that did not", async () => {
    const [id = ""] = make("Lead", lead());
    const since = { "If-Modified-Since": new Date(caller.clock.now()).toUTCString() };
    expect((await caller.rest("GET", `/sobjects/Lead/${id}`, undefined, since)).status).toBe(304);
  });
  test("upsert by external id creates once and then updates", async () => {
    const put = (Name: string) => caller.rest("PATCH", "/sobjects/Lantern_Pool__c/Key__c/west", { Name });
    expect(await put("West")).toMatchObject({ status: 201, body: { created: true } });
    expect(await put("Far West")).toMatchObject({ status: 200, body: { created: false } });
    expect(caller.org.control.records("Lantern_Pool__c")).toMatchObject([{ Name: "Far West", Key__c: "west" }]);
  });
});

describe("the assignment rule", () => {
  beforeEach(() => caller.org.control.setAssignmentRule("Lead", caller.org.control.users.adminUserId));

  test.each([
    ["takes created and updated leads away without the header", {}, true],
    ["takes them away with TRUE", { "Sforce-Auto-Assign": "TRUE" }, true],
    ["leaves them alone with FALSE", { "Sforce-Auto-Assign": "FALSE" }, false],
  ])("%s", async (_what, headers, fights) => {
    const { users } = caller.org.control;
    const made = await caller.rest("POST", "/sobjects/Lead", lead({ OwnerId: users.repUserId }), headers);
    const { id } = made.body as { id: string };
    expect(ofLead(id)?.OwnerId).toBe(fights ? users.adminUserId : users.repUserId);
    await caller.rest("PATCH", `/sobjects/Lead/${id}`, { OwnerId: users.leadQueueId }, headers);
    expect(ofLead(id)?.OwnerId).toBe(fights ? users.adminUserId : users.leadQueueId);
  });
  test("leaves people's own edits alone", () => {
    const [id = ""] = make("Lead", lead());
    expect(ofLead(id)?.OwnerId).toBe(caller.org.control.users.repUserId);
  });
});

describe("collections", () => {
  test("answer 200 with one result a row, in order, errors with statusCode and no id", async () => {
    const { status, body } = await caller.rest("POST", "/composite/sobjects", {
      records: [typed(lead()), typed({ LastName: "x" }), typed({ Name: "A" }, "Account")],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject([
      { success: true },
      { success: false, errors: [{ statusCode: "REQUIRED_FIELD_MISSING", fields: ["Company"] }] },
      { success: true },
    ]);
    expect((body as object[])[1]).not.toHaveProperty("id");
  });
  test("allOrNone rolls the good rows back and says so", async () => {
    const { body } = await caller.rest("POST", "/composite/sobjects", {
      allOrNone: true,
      records: [typed(lead()), typed({ LastName: "x" })],
    });
    expect(body).toMatchObject([
      { success: false, errors: [{ statusCode: "ALL_OR_NONE_OPERATION_ROLLED_BACK" }] },
      { success: false, errors: [{ statusCode: "REQUIRED_FIELD_MISSING" }] },
    ]);
    expect(caller.org.control.records("Lead")).toEqual([]);
    expect(caller.org.control.ledger()).toEqual([]);
  });
  test("over 200 rows or over 10 chunks of types are refused whole", async () => {
    const many = await caller.rest("POST", "/composite/sobjects", {
      records: Array.from({ length: 201 }, () => typed(lead())),
    });
    const mixed = await caller.rest("POST", "/composite/sobjects", {
      records: Array.from({ length: 11 }, (_v, i) => (i % 2 ? typed(lead()) : typed({ Name: "a" }, "Account"))),
    });
    expect([many.status, mixed.status]).toEqual([400, 400]);
    expect(caller.org.control.records("Lead")).toEqual([]);
  });
  test("update, retrieve and delete; what is not there is null in its place", async () => {
    const [a = "", b = ""] = make("Lead", lead(), lead());
    await caller.rest("PATCH", "/composite/sobjects", { records: [typed({ id: a, Title: "t" })] });
    await caller.rest("DELETE", `/composite/sobjects?ids=${b}`);
    const { body } = await caller.rest("POST", "/composite/sobjects/Lead", { ids: [b, a], fields: ["Title"] });
    expect(body).toEqual([null, expect.objectContaining({ Id: a, Title: "t" })]);
  });
});

describe("composite", () => {
  const sub = (referenceId: string, method: string, path: string, more: object = {}) => ({
    referenceId,
    method,
    url: `/services/data/v67.0${path}`,
    ...more,
  });
  const composite = async (compositeRequest: object[], allOrNone = false) => {
    const reply = await caller.rest("POST", "/composite", { allOrNone, compositeRequest });
    return {
      ...reply,
      rows: (reply.body as { compositeResponse: { httpStatusCode: number; body: unknown; referenceId: string }[] })
        .compositeResponse,
    };
  };

  test("each subrequest has its own condition and header; one that is refused fails alone", async () => {
    const { users } = caller.org.control;
    const [a = "", b = ""] = make("Lead", lead(), lead());
    const seen = new Date(caller.clock.now()).toUTCString();
    await caller.clock.advance(2000);
    caller.org.control.as().update("Lead", [{ Id: b, Title: "human" }]);
    caller.org.control.setAssignmentRule("Lead", users.adminUserId);
    const httpHeaders = { "If-Unmodified-Since": seen, "Sforce-Auto-Assign": "FALSE" };
    const { rows } = await composite([
      sub("r1", "PATCH", `/sobjects/Lead/${a}`, { body: { Title: "ours" }, httpHeaders }),
      sub("r2", "PATCH", `/sobjects/Lead/${b}`, { body: { Title: "ours" }, httpHeaders }),
    ]);
    expect(rows.map((r) => [r.referenceId, r.httpStatusCode])).toEqual([
      ["r1", 204],
      ["r2", 412],
    ]);
    expect(ofLead(a)).toMatchObject({ Title: "ours", OwnerId: users.repUserId });
    expect(ofLead(b)?.Title).toBe("human");
  });
  test("five queries are one API call, six are refused, as are 26 subrequests", async () => {
    const queries = (n: number) =>
      Array.from({ length: n }, (_v, i) => sub(`q${i}`, "GET", "/query?q=SELECT+Id+FROM+Lead"));
    caller.org.control.resetCalls();
    expect((await composite(queries(5))).rows.map((r) => r.httpStatusCode)).toEqual([200, 200, 200, 200, 200]);
    expect(caller.org.control.calls()).toEqual({ total: 1, byKind: { composite: 1 } });
    expect((await composite(queries(6))).status).toBe(400);
    expect((await composite(Array.from({ length: 26 }, (_v, i) => sub(`d${i}`, "GET", "/sobjects")))).status).toBe(400);
  });
  test("a later subrequest refers to an earlier answer", async () => {
    const { rows } = await composite([
      sub("acc", "POST", "/sobjects/Account", { body: { Name: "a" } }),
      sub("con", "POST", "/sobjects/Contact", { body: { LastName: "c", AccountId: "@{acc.id}" } }),
      sub("bad", "GET", "/sobjects/Contact/@{nope.id}"),
    ]);
    expect(rows.map((r) => r.httpStatusCode)).toEqual([201, 201, 400]);
    expect(caller.org.control.records("Contact")[0]?.AccountId).toBe((rows[0]?.body as { id: string }).id);
  });
  test("allOrNone undoes everything when one fails, and sees its own writes until then", async () => {
    const requests = [
      sub("a", "POST", "/sobjects/Account", { body: { Name: "a" } }),
      sub("seen", "GET", "/query?q=SELECT+COUNT()+FROM+Account"),
      sub("bad", "POST", "/sobjects/Lead", { body: { LastName: "x" } }),
    ];
    const { rows } = await composite(requests, true);
    expect(rows.map((r) => r.httpStatusCode)).toEqual([400, 400, 400]);
    expect(caller.org.control.records("Account")).toEqual([]);
    const kept = await composite(requests.slice(0, 2), true);
    expect(kept.rows[1]?.body).toMatchObject({ totalSize: 1 });
  });
});

describe("describe", () => {
  test("shows standard fields and the package's own, read from its metadata", async () => {
    const { body } = await caller.rest("GET", "/sobjects/Lead/describe");
    const fields = new Map((body as { fields: { name: string }[] }).fields.map((f) => [f.name, f]));
    expect(body).toMatchObject({ keyPrefix: "00Q", mergeable: true });
    expect(fields.get("Company")).toMatchObject({ type: "string", length: 255, nillable: false });
    expect(fields.get("Lantern_Run__c")).toMatchObject({ custom: true, length: 40, updateable: true });
    const pool = (await caller.rest("GET", "/sobjects/Lantern_Pool__c/describe")).body;
    expect(pool).toMatchObject({
      childRelationships: [{ childSObject: "Lantern_Pool_Member__c", relationshipName: "Members__r" }],
    });
  });
});
