/** jsforce and faye, unchanged, against the stand-in org. */
import { createRequire } from "node:module";
import { Connection } from "jsforce";
import { beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "./caller.ts";
import { openOrg } from "./caller.ts";

let caller: Caller;
let conn: Connection;
beforeEach(async () => {
  caller = await openOrg();
  const { org } = caller;
  conn = new Connection({
    version: "67.0",
    oauth2: { loginUrl: org.url, clientId: org.clientId, clientSecret: org.clientSecret },
  });
  await conn.authorize({ grant_type: "client_credentials" });
});
const { StreamingExtension } = createRequire(import.meta.url)("jsforce/api/streaming") as {
  StreamingExtension: { Replay: new (channel: string, replayId: number) => object };
};
const lead = (n = 0) => ({ LastName: `L${n}`, Company: "Engines" });
const make = (object: string, ...rows: Record<string, unknown>[]) => caller.org.control.as().create(object, rows);

describe("jsforce", () => {
  test("authorizes with client credentials and learns who it is", async () => {
    expect(conn.instanceUrl).toBe(caller.org.url);
    expect(conn.userInfo).toMatchObject({ id: caller.org.integrationUserId, organizationId: caller.org.orgId });
    expect(await conn.identity()).toMatchObject({ user_id: caller.org.integrationUserId });
  });

  test("queries through every page", async () => {
    make("Lead", ...Array.from({ length: 4_500 }, (_v, i) => lead(i)));
    const result = await conn.query("SELECT Id, Owner.Name FROM Lead", { autoFetch: true, maxFetch: 10_000 });
    expect(new Set(result.records.map((r) => r.Id)).size).toBe(4_500);
    expect(result.records[0]).toMatchObject({ Owner: { Name: "Rita Rep" } });
    expect(conn.limitInfo.apiUsage).toEqual({ used: 3, limit: 115_000 });
  });

  test("creates, retrieves, updates, upserts and deletes, one record or many", async () => {
    const leads = conn.sobject("Lead");
    const made = await leads.create([lead(1), { LastName: "no company" }]);
    expect(made).toMatchObject([
      { success: true },
      { success: false, errors: [{ statusCode: "REQUIRED_FIELD_MISSING" }] },
    ]);
    const id = made[0]?.id ?? "";
    expect(await leads.update({ Id: id, Title: "Countess" })).toMatchObject({ success: true });
    expect(await leads.retrieve(id)).toMatchObject({ Title: "Countess" });
    expect(await leads.destroy([id])).toMatchObject([{ success: true }]);
    expect(await conn.sobject("Lantern_Pool__c").upsert({ Name: "West", Key__c: "west" }, "Key__c")).toMatchObject({
      success: true,
    });
    expect((await leads.describe()).keyPrefix).toBe("00Q");
  });

  test("meets the platform's errors by their codes", async () => {
    await expect(conn.query("SELECT Nope FROM Lead")).rejects.toMatchObject({ errorCode: "INVALID_FIELD" });
    await expect(conn.sobject("Lead").create({ LastName: "x" })).rejects.toMatchObject({
      errorCode: "REQUIRED_FIELD_MISSING",
    });
  });

  test("converts leads, one result a row, in order", async () => {
    const [a = "", b = ""] = make("Lead", lead(1), lead(2));
    const asked = [a, b].map((leadId, i) => ({
      convertedStatus: i === 0 ? "Closed - Converted" : "Open - Not Contacted",
      doNotCreateOpportunity: true,
      leadId,
    }));
    const results = await conn.soap.convertLead(asked);
    expect(results).toMatchObject([
      { success: true, leadId: a, opportunityId: null, errors: [] },
      { success: false, leadId: b, errors: [{ statusCode: "INVALID_STATUS" }] },
    ]);
    expect(caller.org.control.record(a)?.IsConverted).toBe(true);
    expect(caller.org.control.record(b)?.IsConverted).toBe(false);
  });

  test("is refused over 100 conversions in one call, by a fault", async () => {
    const asked = make("Lead", ...Array.from({ length: 101 }, (_v, i) => lead(i))).map((leadId) => ({
      convertedStatus: "Closed - Converted",
      leadId,
    }));
    await expect(conn.soap.convertLead(asked)).rejects.toMatchObject({ errorCode: "sf:EXCEEDED_LEAD_CONVERT_LIMIT" });
  });

  test("merges, setting and emptying the master's fields", async () => {
    const [master = "", loser = ""] = make("Account", { Name: "m", Fax: "1" }, { Name: "l" });
    const masterRecord = { type: "Account", fieldsToNull: ["Fax"], Id: master, Phone: "2" };
    const [result] = await conn.soap.merge([{ masterRecord, recordToMergeIds: [loser] }]);
    expect(result).toMatchObject({ success: true, id: master, mergedRecordIds: [loser], errors: [] });
    expect(caller.org.control.record(master)).toMatchObject({ Phone: "2", Fax: null });
  });

  test("reads a small result in bulk, and deletes its job afterwards or not", async () => {
    make("Lead", ...Array.from({ length: 30 }, (_v, i) => ({ ...lead(i), Title: i === 0 ? 'a "b", c' : null })));
    conn.bulk2.pollInterval = 5;
    const stream = await conn.bulk2.query("SELECT Id, LastName, Title, Owner.Name FROM Lead ORDER BY LastName");
    const rows = await stream.toArray();
    expect(rows).toHaveLength(30);
    expect(rows[0]).toMatchObject({ LastName: "L0", Title: 'a "b", c', "Owner.Name": "Rita Rep" });
    expect(caller.org.control.calls().byKind).toMatchObject({ "bulk.create": 1, "bulk.read": 2, "bulk.results": 1 });
    caller.org.control.jobs.fail = { times: 1, message: "no" };
    await expect(conn.bulk2.query("SELECT Id FROM Lead")).rejects.toThrow("Query job failed to complete");
  });

  test("asks what was updated and deleted", async () => {
    const [kept = "", gone = ""] = make("Lead", lead(1), lead(2));
    caller.org.control.as().delete("Lead", [gone]);
    await caller.clock.advance(60_000);
    const [from, to] = ["2026-11-23T10:00:00Z", "2026-11-23T10:01:00Z"];
    expect(await conn.sobject("Lead").updated(from, to)).toMatchObject({ ids: [kept] });
    expect(await conn.sobject("Lead").deleted(from, to)).toMatchObject({ deletedRecords: [{ id: gone }] });
    expect(await conn.limits()).toMatchObject({ DailyApiRequests: { Max: 115_000 } });
  });

  test("streams with its own replay extension", async () => {
    const [kept = ""] = make("Lead", lead(1));
    const channel = "/event/Lantern_Change__e";
    // Its types leave out how a client ends.
    const client = conn.streaming.createClient([new StreamingExtension.Replay(channel, -2)]) as unknown as FayeClient;
    try {
      const first = new Promise<FayeEvent>((resolve) => {
        void client.subscribe(channel, resolve);
      });
      expect((await first).payload.Record_Ids__c).toBe(kept);
    } finally {
      client.disconnect();
    }
  });

  test("refreshes a session that a SOAP fault ends", async () => {
    const [leadId = ""] = make("Lead", lead());
    let refreshed = 0;
    const again = new Connection({
      version: "67.0",
      instanceUrl: caller.org.url,
      accessToken: "dead",
      refreshFn: (_conn, done) => {
        refreshed++;
        done(null, conn.accessToken ?? "");
      },
    });
    const results = await again.soap.convertLead([{ convertedStatus: "Closed - Converted", leadId }]);
    expect(results).toMatchObject([{ success: true }]);
    expect(refreshed).toBe(1);
  });
});

describe("SOAP by hand", () => {
  const call = (header: string, body: string) =>
    caller.send("/services/Soap/u/67.0", {
      method: "POST",
      headers: { "Content-Type": "text/xml", SOAPAction: '""' },
      body: `<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><e:Header><SessionHeader><sessionId>${caller.token}</sessionId></SessionHeader>${header}</e:Header><e:Body>${body}</e:Body></e:Envelope>`,
    });
  const convert = (leadId: string, more = "") =>
    `<convertLead><leadConverts><convertedStatus>Closed - Converted</convertedStatus><doNotCreateOpportunity>true</doNotCreateOpportunity><leadId>${leadId}</leadId>${more}</leadConverts></convertLead>`;

  test("DuplicateRuleHeader lets an alert pass, and only with allowSave", async () => {
    caller.org.control.setDuplicateRule({ object: "Account", fields: ["Name"], action: "alert" });
    make("Account", { Name: "Engines" });
    const [leadId = ""] = make("Lead", lead());
    expect((await call("", convert(leadId))).body).toContain("<statusCode>DUPLICATES_DETECTED</statusCode>");
    const allow = "<DuplicateRuleHeader><allowSave>true</allowSave></DuplicateRuleHeader>";
    expect((await call(allow, convert(leadId))).body).toContain("<success>true</success>");
  });

  test.each([
    ["an operation", "", "<login/>", "No operation available for request {urn:partner.soap.sforce.com}login"],
    ["a header", "<QueryOptions/>", convert("x"), "The header QueryOptions is not supported by convertLead."],
    [
      "an element",
      "",
      convert("x", "<bypassAccountDedupeCheck>true</bypassAccountDedupeCheck>"),
      "The element bypassAccountDedupeCheck is not supported",
    ],
  ])("%s it does not know is refused by name", async (_what, header, body, message) => {
    const reply = await call(header, body);
    expect(reply.status).toBe(500);
    expect(reply.body).toContain(message);
  });

  test("a dead session is a fault with a bare faultcode", async () => {
    caller.token = "dead";
    const reply = await call("", convert("x"));
    expect(reply.status).toBe(500);
    expect(reply.body).toContain("<faultcode>sf:INVALID_SESSION_ID</faultcode>");
  });
});

interface FayeClient {
  disable(feature: string): void;
  setHeader(name: string, value: string): void;
  addExtension(extension: { outgoing: (message: FayeMessage, callback: (message: FayeMessage) => void) => void }): void;
  subscribe(channel: string, listener: (message: FayeEvent) => void): PromiseLike<void>;
  disconnect(): void;
}
interface FayeMessage {
  channel: string;
  subscription?: string;
  ext?: unknown;
}
interface FayeEvent {
  payload: { Record_Ids__c: string };
}

describe("faye", () => {
  // It brings no types of its own.
  const faye = createRequire(import.meta.url)("faye") as {
    Client: new (url: string, options: { retry: number }) => FayeClient;
  };
  const channel = "/event/Lantern_Change__e";

  test("shakes hands, subscribes with a replay position, and receives what was kept and what comes", async () => {
    const [kept = ""] = make("Lead", lead(1));
    const client = new faye.Client(`${caller.org.url}/cometd/67.0`, { retry: 0.05 });
    client.disable("websocket");
    client.setHeader("Authorization", `OAuth ${caller.token}`);
    client.addExtension({
      outgoing: (message, callback) => {
        if (message.channel === "/meta/subscribe") message.ext = { replay: { [message.subscription ?? ""]: -2 } };
        callback(message);
      },
    });
    const received: string[] = [];
    let heard: () => void = () => undefined;
    const until = (count: number) =>
      new Promise<void>((resolve) => {
        heard = () => received.length >= count && resolve();
        heard();
      });
    try {
      await client.subscribe(channel, (event) => {
        received.push(event.payload.Record_Ids__c);
        heard();
      });
      await until(1);
      const [fresh = ""] = make("Lead", lead(2));
      await until(2);
      expect(received).toEqual([kept, fresh]);
    } finally {
      client.disconnect();
    }
  });
});
