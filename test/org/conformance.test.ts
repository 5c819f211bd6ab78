/**
 * What the stand-in org promises to have in common with Salesforce, asked of both: always of the stand-in, and of a real
 * org when SALESFORCE_LOGIN_URL, SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET are set. Take a scratch org or a
 * sandbox: records are created there, converted and merged, and deleted at the end.
 */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOrg } from "./start.ts";

const version = process.env.SALESFORCE_API_VERSION ?? "67.0";
interface Target {
  name: string;
  /** Between two looks at a job. */
  pauseMs: number;
  open: () => Promise<{ loginUrl: string; clientId: string; clientSecret: string; close: () => Promise<void> }>;
}
const standIn: Target = {
  name: "the stand-in org",
  pauseMs: 0,
  open: async () => {
    const org = await startOrg();
    return { loginUrl: org.url, clientId: org.clientId, clientSecret: org.clientSecret, close: () => org.close() };
  },
};
const { SALESFORCE_LOGIN_URL, SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET } = process.env;
const real: Target[] =
  SALESFORCE_LOGIN_URL && SALESFORCE_CLIENT_ID && SALESFORCE_CLIENT_SECRET
    ? [
        {
          name: `the org at ${SALESFORCE_LOGIN_URL}`,
          pauseMs: 1_000,
          open: async () => ({
            loginUrl: SALESFORCE_LOGIN_URL,
            clientId: SALESFORCE_CLIENT_ID,
            clientSecret: SALESFORCE_CLIENT_SECRET,
            close: () => Promise.resolve(),
          }),
        },
      ]
    : [];

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // The shape is what each test is about.
  json: () => Json;
}
type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

describe.each([standIn, ...real])("$name", (target) => {
  let instance = "";
  let token = "";
  let tokenAnswer: Record<string, unknown> = {};
  let close = () => Promise.resolve();
  const made: string[] = [];
  const mark = `Lantern conformance ${Date.now()}`;

  const send = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(instance + path, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as Json };
  };
  const rest = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    send(`/services/data/v${version}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        "Sforce-Auto-Assign": "FALSE",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const query = (soql: string, all = false) =>
    rest("GET", `/${all ? "queryAll" : "query"}?q=${encodeURIComponent(soql)}`, undefined);
  const create = async (object: string, fields: Record<string, unknown>): Promise<string> => {
    const answer = await rest("POST", `/sobjects/${object}`, fields);
    expect([answer.status, answer.text]).toEqual([201, expect.stringContaining('"success":true')]);
    const { id } = answer.json() as { id: string };
    made.push(id);
    return id;
  };
  const lead = (more: Record<string, unknown> = {}) =>
    create("Lead", { LastName: "Lovelace", Company: `${mark} ${made.length}`, ...more });
  const soap = async (body: string): Promise<Answer> =>
    send(`/services/Soap/u/${version}`, {
      method: "POST",
      headers: { "Content-Type": "text/xml; charset=UTF-8", SOAPAction: '""' },
      body: `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><soapenv:Header><SessionHeader><sessionId>${token}</sessionId></SessionHeader></soapenv:Header><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`,
    });
  const convert = (leadId: string, status: string) =>
    soap(
      `<convertLead><leadConverts><convertedStatus>${status}</convertedStatus><doNotCreateOpportunity>true</doNotCreateOpportunity><leadId>${leadId}</leadId></leadConverts></convertLead>`,
    );
  const element = (answer: Answer, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer.text)?.[1];

  beforeAll(async () => {
    const opened = await target.open();
    close = opened.close;
    const response = await fetch(`${opened.loginUrl}/services/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: opened.clientId,
        client_secret: opened.clientSecret,
      }),
    });
    tokenAnswer = (await response.json()) as Record<string, unknown>;
    token = String(tokenAnswer.access_token);
    instance = String(tokenAnswer.instance_url);
  });
  afterAll(async () => {
    // Contacts before accounts; what went with another record answers with an error, and that is fine.
    for (const id of made.reverse())
      await rest("DELETE", `/composite/sobjects?ids=${id}&allOrNone=false`).catch(() => undefined);
    await close();
  });

  test("a token comes with instance and identity, and without an expiry", () => {
    expect(tokenAnswer).toMatchObject({ token_type: "Bearer" });
    expect(String(tokenAnswer.id)).toMatch(/\/id\/00D\w{15}\/005\w{15}$/);
    expect(tokenAnswer).not.toHaveProperty("expires_in");
  });

  test("a dead token is refused with 401 and INVALID_SESSION_ID", async () => {
    const answer = await rest("GET", "/limits", undefined, { Authorization: "Bearer dead" });
    expect(answer.status).toBe(401);
    expect(answer.json()).toMatchObject([{ errorCode: "INVALID_SESSION_ID" }]);
  });

  test("a record is created, read and stamped in whole seconds; ids have 18 characters and 15 will do", async () => {
    const id = await lead();
    expect(id).toMatch(/^00Q\w{15}$/);
    const answer = await rest("GET", `/sobjects/Lead/${id.slice(0, 15)}?fields=LastName,SystemModstamp`);
    expect(answer.json()).toMatchObject({ attributes: { type: "Lead" }, Id: id, LastName: "Lovelace" });
    expect((answer.json() as { SystemModstamp: string }).SystemModstamp).toMatch(/T\d\d:\d\d:\d\d\.000\+0000$/);
    expect(answer.headers.get("sforce-limit-info")).toMatch(/api-usage=\d+\/\d+/);
  });

  test("a refusal is an array with the code, and the fields where there are some", async () => {
    const missing = await rest("POST", "/sobjects/Lead", { LastName: "x" });
    expect([missing.status, missing.json()]).toMatchObject([
      400,
      [{ errorCode: "REQUIRED_FIELD_MISSING", fields: ["Company"] }],
    ]);
    expect((await query("SELECT Nope FROM Lead")).json()).toMatchObject([{ errorCode: "INVALID_FIELD" }]);
    expect((await query("SELECT Id FROM Nope")).json()).toMatchObject([{ errorCode: "INVALID_TYPE" }]);
    expect((await query("SELECT")).json()).toMatchObject([{ errorCode: "MALFORMED_QUERY" }]);
  });

  test("a query ignores case, and milliseconds in a filter", async () => {
    const id = await lead({ Title: "Countess" });
    const found = await query(`SELECT Id, SystemModstamp FROM Lead WHERE Title = 'COUNTESS' AND Id = '${id}'`);
    expect(found.json()).toMatchObject({ totalSize: 1, done: true, records: [{ Id: id }] });
    const [{ SystemModstamp }] = (found.json() as { records: [{ SystemModstamp: string }] }).records;
    const later = SystemModstamp.replace(".000+0000", ".900Z");
    const again = await query(`SELECT Id FROM Lead WHERE SystemModstamp >= ${later} AND Id = '${id}'`);
    expect(again.json()).toMatchObject({ totalSize: 1 });
  });

  test("a collection answers row by row with 200, or rolls all back", async () => {
    const rows = [{ LastName: "a", Company: mark }, { LastName: "b" }].map((fields) => ({
      attributes: { type: "Lead" },
      ...fields,
    }));
    const some = await rest("POST", "/composite/sobjects", { allOrNone: false, records: rows });
    expect([some.status, some.json()]).toMatchObject([
      200,
      [{ success: true }, { success: false, errors: [{ statusCode: "REQUIRED_FIELD_MISSING" }] }],
    ]);
    made.push((some.json() as [{ id: string }])[0].id);
    const none = await rest("POST", "/composite/sobjects", { allOrNone: true, records: rows });
    expect(none.json()).toMatchObject([
      { success: false, errors: [{ statusCode: "ALL_OR_NONE_OPERATION_ROLLED_BACK" }] },
      { success: false },
    ]);
    const many = Array.from({ length: 201 }, () => rows[0]);
    expect((await rest("POST", "/composite/sobjects", { records: many })).status).toBe(400);
  });

  test("a conditional write is refused once the record has moved", async () => {
    const id = await lead();
    const old = new Date(Date.now() - 24 * 3_600_000).toUTCString();
    const refused = await rest("PATCH", `/sobjects/Lead/${id}`, { Title: "x" }, { "If-Unmodified-Since": old });
    expect(refused.status).toBe(412);
    const soon = new Date(Date.now() + 24 * 3_600_000).toUTCString();
    const written = await rest("PATCH", `/sobjects/Lead/${id}`, { Title: "x" }, { "If-Unmodified-Since": soon });
    expect(written.status).toBe(204);
  });

  test("a composite refers to what came before it", async () => {
    const base = `/services/data/v${version}`;
    const answer = await rest("POST", "/composite", {
      compositeRequest: [
        { method: "POST", url: `${base}/sobjects/Account`, referenceId: "a", body: { Name: mark } },
        { method: "GET", url: `${base}/sobjects/Account/@{a.id}?fields=Name`, referenceId: "b" },
      ],
    });
    const parts = (answer.json() as { compositeResponse: { httpStatusCode: number; body: Record<string, string> }[] })
      .compositeResponse;
    made.push(parts[0]?.body.id ?? "");
    expect(parts.map((part) => part.httpStatusCode)).toEqual([201, 200]);
    expect(parts[1]?.body.Name).toBe(mark);
  });

  test("updated and deleted are told in whole minutes, with how far that is sure", async () => {
    const span = `start=${encodeURIComponent(new Date(Date.now() - 3_600_000).toISOString())}&end=${encodeURIComponent(new Date().toISOString())}`;
    for (const [what, list] of [
      ["updated", "ids"],
      ["deleted", "deletedRecords"],
    ] as const) {
      const body = (await rest("GET", `/sobjects/Lead/${what}?${span}`)).json() as Record<string, Json>;
      expect(Array.isArray(body[list])).toBe(true);
      expect(body.latestDateCovered).toEqual(expect.stringMatching(/T\d\d:\d\d:00\.000\+0000$/));
    }
  });

  test("limits have Max and Remaining", async () => {
    const body = (await rest("GET", "/limits")).json();
    for (const name of ["DailyApiRequests", "DailyDeliveredPlatformEvents", "DailyBulkV2QueryJobs", "DataStorageMB"])
      expect(body).toHaveProperty(name, { Max: expect.any(Number) as number, Remaining: expect.any(Number) as number });
  });

  test("a bulk query job completes and hands out CSV up to the locator null", async () => {
    const id = await lead();
    const soql = `SELECT Id, LastName, Title FROM Lead WHERE Id = '${id}'`;
    const created = await rest("POST", "/jobs/query", { operation: "query", query: soql });
    expect(created.json()).toMatchObject({ state: "UploadComplete", object: "Lead", operation: "query" });
    const job = (created.json() as { id: string }).id;
    let state = "";
    for (let look = 0; look < 40 && state !== "JobComplete"; look++) {
      await pause(target.pauseMs);
      ({ state } = (await rest("GET", `/jobs/query/${job}`)).json() as { state: string });
      expect(["UploadComplete", "InProgress", "JobComplete"]).toContain(state);
    }
    const results = await rest("GET", `/jobs/query/${job}/results`);
    expect(results.headers.get("sforce-locator")).toBe("null");
    expect(results.headers.get("sforce-numberofrecords")).toBe("1");
    expect(results.text.trim().split("\n")).toEqual(['"Id","LastName","Title"', `"${id}","Lovelace",""`]);
    expect((await rest("DELETE", `/jobs/query/${job}`)).status).toBe(204);
  });

  test("a lead is converted once, and can then be changed no more", async () => {
    const statuses = await query("SELECT ApiName, IsConverted FROM LeadStatus");
    const known = (statuses.json() as { records: { ApiName: string; IsConverted: boolean }[] }).records;
    const [converted, open] = [true, false].map((is) => known.find((s) => s.IsConverted === is)?.ApiName ?? "");
    const id = await lead();
    const refused = await convert(id, open ?? "");
    expect([refused.status, element(refused, "success")]).toEqual([200, "false"]);
    const done = await convert(id, converted ?? "");
    expect(element(done, "success")).toBe("true");
    made.push(element(done, "accountId") ?? "", element(done, "contactId") ?? "");
    expect(element(await convert(id, converted ?? ""), "statusCode")).toBe("CANNOT_UPDATE_CONVERTED_LEAD");
    const write = await rest("PATCH", `/sobjects/Lead/${id}`, { Title: "x" });
    expect(write.json()).toMatchObject([{ errorCode: "CANNOT_UPDATE_CONVERTED_LEAD" }]);
  });

  test("merged records are deleted and name their master", async () => {
    const [master, loser] = [
      await create("Account", { Name: `${mark} m` }),
      await create("Account", { Name: `${mark} l` }),
    ];
    const merged = await soap(
      `<merge><request><masterRecord xmlns:s="urn:sobject.partner.soap.sforce.com"><s:type>Account</s:type><s:Id>${master}</s:Id></masterRecord><recordToMergeIds>${loser}</recordToMergeIds></request></merge>`,
    );
    expect(element(merged, "success")).toBe("true");
    const gone = await query(`SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '${loser}'`, true);
    expect(gone.json()).toMatchObject({ records: [{ IsDeleted: true, MasterRecordId: master }] });
  });

  test("a SOAP fault has status 500 and a bare faultcode", async () => {
    const alive = token;
    token = "dead";
    const fault = await convert("00Q000000000001EAA", "x").finally(() => (token = alive));
    expect(fault.status).toBe(500);
    expect(fault.text).toContain("<faultcode>sf:INVALID_SESSION_ID</faultcode>");
  });

  test("the stream shakes hands, answers the first connect at once, and refuses in its own words", async () => {
    let cookie = "";
    const post = async (message: Record<string, unknown>, authorization = `OAuth ${token}`) => {
      const answer = await send(`/cometd/${version}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: authorization, Cookie: cookie },
        body: JSON.stringify([{ id: "1", ...message }]),
      });
      cookie = [cookie, ...answer.headers.getSetCookie().map((c) => c.split(";")[0] ?? "")].filter(Boolean).join("; ");
      return (answer.json() as Record<string, Json>[]).at(-1) ?? {};
    };
    const handshake = { channel: "/meta/handshake", version: "1.0", supportedConnectionTypes: ["long-polling"] };
    expect(await post(handshake, "OAuth dead")).toMatchObject({
      successful: false,
      error: "403::Handshake denied",
      advice: { reconnect: "none" },
      ext: { sfdc: { failureReason: "401::Authentication invalid" } },
    });
    const { clientId, successful } = await post(handshake);
    expect(successful).toBe(true);
    const connect = { channel: "/meta/connect", connectionType: "long-polling", clientId };
    expect(await post(connect)).toMatchObject({ successful: true, advice: { reconnect: "retry", timeout: 110_000 } });
    const channel = "/event/Lantern_Nowhere__e";
    const refused = await post({ channel: "/meta/subscribe", clientId, subscription: channel });
    expect(refused).toMatchObject({ successful: false, error: expect.stringMatching(/^40[03]::/) as string });
    expect(await post({ channel: "/meta/disconnect", clientId })).toMatchObject({ successful: true });
  });
});
