import { createVerify, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ErrorClass, Salesforce } from "../../service/salesforce/index.ts";
import {
  connectTo,
  cut,
  cutBody,
  expired,
  html,
  inTurn,
  json,
  rows,
  silence,
  tinyServer,
  tokenAnswer,
  xml,
  type Answer,
} from "./tiny-server.ts";

const lead = "00Q000000000001EAA";
const fails = (kind: ErrorClass, statusCode?: string) =>
  expect.objectContaining({ kind, ...(statusCode === undefined ? {} : { statusCode }) }) as unknown;

const ask = { soql: "SELECT Id FROM Lead" };
const write = (salesforce: Salesforce) =>
  salesforce.updateIfUnmodified([{ object: "Lead", id: lead, fields: { Title: "x" }, unmodifiedSince: 0 }]);
const convert = (salesforce: Salesforce) =>
  salesforce.convertLeads([{ leadId: lead, convertedStatus: "Q", doNotCreateOpportunity: true }]);
const merge = (salesforce: Salesforce) =>
  salesforce.merge({ object: "Lead", masterId: lead, fields: {}, loserIds: ["00Q000000000002EAA"] });
const create = (salesforce: Salesforce) => salesforce.create("Task", [{ Subject: "x" }]);

describe("the session", () => {
  test("an expired one is replaced and the call repeated once", async () => {
    const server = await tinyServer(inTurn(expired, rows({ Id: lead })));
    const { salesforce } = await connectTo(server.url);
    expect((await salesforce.query(ask)).rows).toEqual([{ Id: lead }]);
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(["Bearer token-1", "Bearer token-2"]);
  });

  test("an org that refuses every fresh token is asked twice, not for ever", async () => {
    const server = await tinyServer(expired);
    const { salesforce } = await connectTo(server.url);
    await expect(salesforce.query(ask)).rejects.toEqual(fails("session"));
    expect(server.asked).toHaveLength(2);
    expect(server.logins()).toBe(2);
  });

  test("refreshes stop at five a minute with a sentence that says what to check, and go on a minute later", async () => {
    const server = await tinyServer(expired);
    const { salesforce, clock } = await connectTo(server.url);
    for (let i = 0; i < 5; i++)
      await expect(salesforce.query(ask)).rejects.toEqual(fails("session", "INVALID_SESSION_ID"));
    await expect(salesforce.query(ask)).rejects.toThrow("Check the app's policies");
    expect(server.logins()).toBe(6);
    await clock.advance(60_001);
    await expect(salesforce.query(ask)).rejects.toEqual(fails("session", "INVALID_SESSION_ID"));
    expect(server.logins()).toBe(7);
  });

  test("many calls that find it expired share one refresh", async () => {
    const server = await tinyServer((asked, response) =>
      (asked.headers.authorization === "Bearer token-1" ? expired : rows({ Id: lead }))(asked, response),
    );
    const { salesforce } = await connectTo(server.url);
    await Promise.all(Array.from({ length: 20 }, () => salesforce.query(ask)));
    expect(server.logins()).toBe(2);
  });

  test("a write refused for its session is repeated: it was not carried out", async () => {
    const fault = xml(
      "<soapenv:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode><faultstring>INVALID_SESSION_ID: gone</faultstring></soapenv:Fault>",
      500,
    );
    const done = xml(
      `<convertLeadResponse><result><accountId>001000000000001AAA</accountId><contactId>003000000000001AAA</contactId><leadId>${lead}</leadId><opportunityId xsi:nil="true"/><success>true</success></result></convertLeadResponse>`,
    );
    const server = await tinyServer(inTurn(fault, done));
    const { salesforce } = await connectTo(server.url);
    expect(await convert(salesforce)).toMatchObject([{ ok: true, opportunityId: null }]);
    expect(server.asked.map(({ body }) => /<sessionId>(.*)<\/sessionId>/.exec(body)?.[1])).toEqual([
      "token-1",
      "token-2",
    ]);
  });

  test("a refused login says so without the secret", async () => {
    const server = await tinyServer(
      silence,
      json({ error: "invalid_grant", error_description: "no client credentials user enabled" }, 400),
    );
    await expect(connectTo(server.url)).rejects.toEqual(fails("session", "invalid_grant"));
    await expect(connectTo(server.url)).rejects.toThrow("no client credentials user enabled");
    await expect(connectTo(server.url)).rejects.not.toThrow("secret,");
  });

  test.each<[string, Answer, ErrorClass]>([
    ["a page", html(503), "transient"],
    ["silence", silence, "transient"],
    ["a page that claims success", html(200), "session"],
    ["a token without an address", json({ access_token: "x" }), "session"],
  ])("a login answered by %s fails with its class", async (_, answer, kind) => {
    const server = await tinyServer(silence, answer);
    await expect(connectTo(server.url, { timeoutMs: 200 })).rejects.toEqual(fails(kind));
  });

  test("a login that sends us elsewhere is not followed: no call carries the token there", async () => {
    const other = await tinyServer(rows());
    const server = await tinyServer(
      silence,
      tokenAnswer("https://login.salesforce.com", "token", "https://evil.example"),
    );
    await expect(connectTo(server.url)).rejects.toEqual(fails("permanent", "HOST_NOT_ALLOWED"));
    const redirecting = await tinyServer((_, response) => response.writeHead(302, { location: other.url }).end());
    const { salesforce } = await connectTo(redirecting.url);
    await expect(write(salesforce)).rejects.toEqual(fails("transient", "HTTP_302"));
    expect(other.asked).toEqual([]);
  });

  test("an address that is not Salesforce's gets no credentials", async () => {
    const server = await tinyServer(rows());
    await expect(connectTo(server.url, { allowInsecureLocal: false })).rejects.toEqual(
      fails("permanent", "HOST_NOT_ALLOWED"),
    );
    expect(server.logins()).toBe(0);
  });

  test("a JWT login carries an assertion signed for the user, dated by the org's clock", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    let form = new URLSearchParams();
    const server = await tinyServer(rows(), (asked, response) => {
      form = new URLSearchParams(asked.body);
      tokenAnswer("http://127.0.0.1", "token", `http://${asked.headers.host}`)(asked, response);
    });
    const { clock } = await connectTo(server.url, {
      auth: {
        kind: "jwt_bearer",
        clientId: "client",
        username: "robot@acme.example",
        privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
        audience: "https://login.salesforce.com",
      },
    });
    const [header = "", claims = "", signature = ""] = (form.get("assertion") ?? "").split(".");
    expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    expect(createVerify("RSA-SHA256").update(`${header}.${claims}`).verify(publicKey, signature, "base64url")).toBe(
      true,
    );
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toEqual({
      iss: "client",
      sub: "robot@acme.example",
      aud: "https://login.salesforce.com",
      exp: Math.floor(clock.now() / 1000) + 180,
    });
  });

  test("a private key that cannot be read says so", async () => {
    const server = await tinyServer(rows());
    const auth = { kind: "jwt_bearer", clientId: "c", username: "u", privateKey: "nonsense", audience: "a" } as const;
    await expect(connectTo(server.url, { auth })).rejects.toThrow("give it as PEM");
  });
});

describe("answers that do not come", () => {
  const deadlines = { timeoutMs: 150, writeTimeoutMs: 150 };
  const faults: [string, Answer][] = [
    ["silence", silence],
    ["a cut connection", cut],
    ["a body cut half-way", cutBody],
    ["a gateway's page", html(502)],
    ["a page that claims success", html(200)],
    ["data of another shape", json({ surprise: true })],
  ];
  const writes: [string, (salesforce: Salesforce) => Promise<unknown>][] = [
    ["a conditional write", write],
    ["a create", create],
    ["a conversion", convert],
    ["a merge", merge],
  ];
  for (const [fault, answer] of faults) {
    test.each(writes)(`${fault} to %s: unknown, and sent once only`, async (_, call) => {
      const server = await tinyServer(answer);
      const { salesforce } = await connectTo(server.url, deadlines);
      await expect(call(salesforce)).rejects.toEqual(fails("unknown"));
      expect(server.asked).toHaveLength(1);
    });

    test(`${fault} to a query: transient after a few tries`, async () => {
      const server = await tinyServer(answer);
      const { salesforce } = await connectTo(server.url, deadlines);
      await expect(salesforce.query(ask)).rejects.toEqual(fails("transient"));
      // What came whole but unreadable is not asked for again.
      expect(server.asked.length).toBe(fault.startsWith("a page") || fault.startsWith("data") ? 1 : 4);
    });

    test(`${fault} to rows by id, which is a POST: transient, sent once only`, async () => {
      const server = await tinyServer(answer);
      const { salesforce } = await connectTo(server.url, deadlines);
      await expect(salesforce.retrieve("Lead", [lead], ["Id"])).rejects.toEqual(fails("transient"));
      expect(server.asked).toHaveLength(1);
    });
  }

  test("an org nobody listens at got nothing: transient, even for a write", async () => {
    const gone = await tinyServer(rows());
    await gone.close();
    const server = await tinyServer(silence, tokenAnswer("http://127.0.0.1", "token", gone.url));
    const { salesforce } = await connectTo(server.url);
    await expect(write(salesforce)).rejects.toEqual(fails("transient", "ECONNREFUSED"));
  });

  test("a call stopped before it was sent is transient, one stopped under way is unknown when it writes", async () => {
    const server = await tinyServer(silence);
    const { salesforce } = await connectTo(server.url);
    await expect(salesforce.create("Task", [{}], { signal: AbortSignal.abort() })).rejects.toEqual(
      fails("transient", "ABORTED"),
    );
    expect(server.asked).toHaveLength(0);
    const stop = new AbortController();
    const under = salesforce.create("Task", [{}], { signal: stop.signal });
    while (server.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await expect(under).rejects.toEqual(fails("unknown"));
  });

  test("a busy server is asked again for a query, and answers", async () => {
    const server = await tinyServer(
      inTurn(html(503), json([{ errorCode: "SERVER_UNAVAILABLE", message: "m" }], 503), html(420), rows({ Id: lead })),
    );
    const { salesforce } = await connectTo(server.url);
    expect((await salesforce.query(ask)).rows).toHaveLength(1);
    expect(salesforce.calls()).toEqual({ query: 4 });
  });

  test("a query the org refuses is not asked again", async () => {
    const server = await tinyServer(json([{ errorCode: "MALFORMED_QUERY", message: "unexpected token" }], 400));
    const { salesforce } = await connectTo(server.url);
    await expect(salesforce.query(ask)).rejects.toThrow(
      "Salesforce refused the query: MALFORMED_QUERY: unexpected token",
    );
    expect(server.asked).toHaveLength(1);
  });

  test("after part of a long list was written, a failure of the rest is unknown whatever it was", async () => {
    const ok = json(Array.from({ length: 200 }, () => ({ success: true, id: "00T000000000001EAA", errors: [] })));
    const server = await tinyServer(inTurn(ok, html(503)));
    const { salesforce } = await connectTo(server.url);
    await expect(
      salesforce.create(
        "Task",
        Array.from({ length: 201 }, () => ({})),
      ),
    ).rejects.toThrow("200 of 201 rows were sent");
  });
});

describe("the API budget and the org's clock", () => {
  const usage = (used: number, headers: Record<string, string> = {}) =>
    json({ done: true, records: [] }, 200, { "sforce-limit-info": `api-usage=${used}/100`, ...headers });

  test("work that can wait is refused from 95 % until usage is under 75 %, essential work never", async () => {
    const server = await tinyServer(inTurn(usage(95), usage(80), usage(74), usage(74)));
    const { salesforce } = await connectTo(server.url);
    const deferrable = () => salesforce.query(ask, { urgency: "deferrable" });
    await deferrable();
    await expect(deferrable()).rejects.toThrow("95 of the org's 100 API calls");
    await salesforce.query(ask);
    await expect(deferrable()).rejects.toEqual(fails("quota", "API_BUDGET"));
    await salesforce.query(ask);
    await deferrable();
    expect(server.asked).toHaveLength(4);
    expect(salesforce.budget()).toEqual({ used: 74, limit: 100, state: "ok" });
  });

  test("a failed answer tells the budget too", async () => {
    const server = await tinyServer(
      json([{ errorCode: "REQUEST_LIMIT_EXCEEDED", message: "TotalRequests Limit exceeded." }], 403, {
        "sforce-limit-info": "api-usage=100/100",
      }),
    );
    const { salesforce } = await connectTo(server.url);
    await expect(write(salesforce)).rejects.toEqual(fails("quota", "REQUEST_LIMIT_EXCEEDED"));
    expect(salesforce.budget().state).toBe("essential");
    expect(server.asked).toHaveLength(1);
  });

  test("serverNow follows the org's Date header and runs with our clock", async () => {
    const server = await tinyServer(usage(1, { date: "Mon, 23 Nov 2026 12:00:00 GMT" }));
    const { salesforce, clock } = await connectTo(server.url);
    await salesforce.query(ask);
    expect(salesforce.serverNow()).toBe(Date.parse("2026-11-23T12:00:00Z"));
    await clock.advance(5_000);
    expect(salesforce.serverNow()).toBe(Date.parse("2026-11-23T12:00:05Z"));
  });
});

describe("what is sent", () => {
  test("conditional writes go 25 a call, each with its condition and without assignment rules", async () => {
    const server = await tinyServer((asked, response) => {
      const { compositeRequest } = JSON.parse(asked.body) as { compositeRequest: { referenceId: string }[] };
      const statuses = [204, 412, 400, 404];
      json({
        compositeResponse: compositeRequest.map(({ referenceId }, i) => ({
          referenceId,
          httpStatusCode: statuses[i] ?? 204,
          body:
            i === 2
              ? [{ errorCode: "CANNOT_UPDATE_CONVERTED_LEAD", message: "m", fields: [] }]
              : i === 3
                ? [{ errorCode: "ENTITY_IS_DELETED", message: "gone" }]
                : null,
        })),
      })(asked, response);
    });
    const { salesforce } = await connectTo(server.url);
    const update = {
      object: "Lead",
      id: "00Q000000000001",
      fields: { Title: null, OwnerId: "005000000000001AAA" },
      unmodifiedSince: Date.parse("2026-11-23T10:00:00Z"),
    };
    const results = await salesforce.updateIfUnmodified(Array.from({ length: 26 }, () => update));
    expect(results).toHaveLength(26);
    expect(results.slice(0, 4)).toEqual([
      { status: "written" },
      { status: "moved" },
      { status: "failed", errors: [{ statusCode: "CANNOT_UPDATE_CONVERTED_LEAD", message: "m", fields: [] }] },
      { status: "failed", errors: [{ statusCode: "ENTITY_IS_DELETED", message: "gone", fields: [] }] },
    ]);
    const [first, second] = server.asked.map(
      ({ body }) => JSON.parse(body) as { allOrNone: boolean; compositeRequest: object[] },
    );
    expect([first?.compositeRequest.length, second?.compositeRequest.length]).toEqual([25, 1]);
    expect(first?.allOrNone).toBe(false);
    expect(first?.compositeRequest[0]).toEqual({
      method: "PATCH",
      url: `/services/data/v67.0/sobjects/Lead/${lead}`,
      referenceId: "u0",
      httpHeaders: { "If-Unmodified-Since": "Mon, 23 Nov 2026 10:00:00 GMT", "Sforce-Auto-Assign": "FALSE" },
      body: { Title: null, OwnerId: "005000000000001AAA" },
    });
    expect(salesforce.calls()).toEqual({ update: 2 });
  });

  test("creates say FALSE to assignment rules and tell each row's outcome", async () => {
    const server = await tinyServer(
      json([
        { success: true, id: "00T000000000001EAA", errors: [] },
        { success: false, errors: [{ statusCode: "REQUIRED_FIELD_MISSING", message: "m", fields: ["Subject"] }] },
      ]),
    );
    const { salesforce } = await connectTo(server.url);
    expect(await salesforce.create("Task", [{ Subject: "a" }, {}])).toEqual([
      { ok: true, id: "00T000000000001EAA" },
      { ok: false, id: null, errors: [{ statusCode: "REQUIRED_FIELD_MISSING", message: "m", fields: ["Subject"] }] },
    ]);
    expect(server.asked[0]?.headers).toMatchObject({
      "sforce-auto-assign": "FALSE",
      "sforce-call-options": "client=Lantern/0.1",
    });
  });

  test("queries share one call, and a failing one fails alone", async () => {
    const server = await tinyServer(
      json({
        compositeResponse: [
          {
            httpStatusCode: 200,
            referenceId: "q0",
            body: {
              done: false,
              nextRecordsUrl: "/services/data/v67.0/query/01g000000000001-2000",
              records: [{ attributes: {}, Id: lead }],
            },
          },
          { httpStatusCode: 400, referenceId: "q1", body: [{ errorCode: "INVALID_TYPE", message: "no such thing" }] },
        ],
      }),
    );
    const { salesforce } = await connectTo(server.url);
    expect(await salesforce.queries([ask, { soql: "SELECT Id FROM Nope", all: true }])).toEqual([
      {
        ok: true,
        page: { rows: [{ Id: lead }], done: false, next: "/services/data/v67.0/query/01g000000000001-2000" },
      },
      { ok: false, errors: [{ statusCode: "INVALID_TYPE", message: "no such thing", fields: [] }] },
    ]);
    expect(server.asked[0]?.body).toContain("/services/data/v67.0/queryAll?q=SELECT%20Id%20FROM%20Nope");
    await expect(salesforce.queries(Array.from({ length: 6 }, () => ask))).rejects.toThrow("at most five");
  });

  test("a conditional write without a condition is not sent", async () => {
    const server = await tinyServer(rows());
    const { salesforce } = await connectTo(server.url);
    const update = { object: "Lead", id: lead, fields: { Title: "x" }, unmodifiedSince: NaN };
    await expect(salesforce.updateIfUnmodified([update])).rejects.toEqual(fails("permanent", "INVALID_DATE"));
    expect(server.asked).toEqual([]);
  });

  test("names, ids and locators that are none never reach a URL", async () => {
    const server = await tinyServer(rows());
    const { salesforce } = await connectTo(server.url);
    await expect(salesforce.retrieve("Lead/../User", [lead], ["Id"])).rejects.toEqual(fails("permanent"));
    await expect(salesforce.retrieve("Lead", ["../x"], ["Id"])).rejects.toEqual(fails("permanent", "MALFORMED_ID"));
    await expect(salesforce.queryMore("https://evil.example/services/data/v67.0/query/x")).rejects.toEqual(
      fails("permanent"),
    );
    await expect(salesforce.queryMore("/services/data/v67.0/query/../sobjects")).rejects.toEqual(fails("permanent"));
    await expect((async () => salesforce.describe("Lead/x"))()).rejects.toEqual(fails("permanent"));
    await expect(salesforce.query({ soql: "x".repeat(17_000) })).rejects.toEqual(fails("permanent", "QUERY_TOO_LONG"));
    expect(server.asked).toEqual([]);
  });

  test("a description is asked for once an hour, by however many, and a failed one is not kept", async () => {
    const field = {
      name: "Email",
      label: "Email",
      type: "email",
      length: 80,
      updateable: true,
      createable: true,
      custom: false,
    };
    const server = await tinyServer(
      inTurn(
        json([{ errorCode: "NOT_FOUND", message: "m" }], 404),
        json({ name: "Lead", keyPrefix: "00Q", fields: [field] }),
      ),
    );
    const { salesforce, clock } = await connectTo(server.url);
    await expect(salesforce.describe("Lead")).rejects.toEqual(fails("follow"));
    const [one, other] = await Promise.all([salesforce.describe("Lead"), salesforce.describe("Lead")]);
    expect(one).toBe(other);
    expect(one.fields.get("Email")).toEqual(field);
    expect(server.asked).toHaveLength(2);
    await clock.advance(60 * 60_000);
    await salesforce.describe("Lead");
    expect(server.asked).toHaveLength(3);
  });
});
