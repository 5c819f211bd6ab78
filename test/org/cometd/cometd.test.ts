import { get } from "node:http";
import { beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "../caller.ts";
import { openOrg, until } from "../caller.ts";
import type { Message } from "./bayeux-client.ts";
import { BayeuxClient, changeChannel as channel } from "./bayeux-client.ts";

let caller: Caller;
beforeEach(async () => {
  caller = await openOrg();
});
const lead = { LastName: "Lovelace", Company: "Engines" };

/** Until the org holds a connect. */
const settled = () => until(() => caller.org.control.streamClients().held === 1);
const replayIds = (messages: Message[]) =>
  messages.flatMap((m) => (m.channel === channel ? [(m.data as { event: { replayId: number } }).event.replayId] : []));
const create = () => caller.org.control.as().create("Lead", [lead]);
const ids = () => caller.org.control.events().map((e) => e.replayId);

describe("a connection", () => {
  test("begins with a handshake and a first connect that is answered at once with advice", async () => {
    const client = new BayeuxClient(caller);
    expect(await client.handshake()).toMatchObject({
      successful: true,
      supportedConnectionTypes: ["long-polling"],
      ext: { replay: true },
    });
    expect(await client.connect()).toMatchObject([
      { successful: true, advice: { interval: 0, timeout: 110_000, reconnect: "retry" } },
    ]);
  });

  test("holds a later connect until an event comes, and hands it over with its replay id and EventUuid", async () => {
    const client = await BayeuxClient.listening(caller);
    const held = client.connect();
    await settled();
    const made = create();
    expect(await held).toMatchObject([
      {
        channel,
        data: {
          payload: {
            Object__c: "Lead",
            Change__c: "after_insert",
            Record_Ids__c: made[0],
            CreatedDate: "2026-11-23T10:00:00.000Z",
          },
          event: {
            EventUuid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
            replayId: ids()[0],
            EventApiName: "Lantern_Change__e",
          },
        },
      },
      { channel: "/meta/connect", successful: true },
    ]);
  });

  test("ends an idle hold after 110 s of the org's clock", async () => {
    const client = await BayeuxClient.listening(caller);
    const held = client.connect();
    await settled();
    await caller.clock.advance(110_000);
    expect(await held).toMatchObject([{ channel: "/meta/connect", successful: true }]);
  });

  test("is forgotten when the client does not connect again within 40 s", async () => {
    const client = await BayeuxClient.listening(caller);
    await caller.clock.advance(39_000);
    expect(await client.connect({ advice: { timeout: 0 } })).toMatchObject([{ successful: true }]);
    await caller.clock.advance(41_000);
    expect(await client.connect()).toMatchObject([
      {
        channel: "/meta/connect",
        error: "403::Unknown client",
        successful: false,
        advice: { interval: 0, reconnect: "handshake" },
      },
    ]);
  });

  test("keeps what came between two connects", async () => {
    const client = await BayeuxClient.listening(caller);
    create();
    create();
    expect(replayIds(await client.connect())).toEqual(ids());
  });

  test("answers a connect at once that travels with other messages", async () => {
    const client = await BayeuxClient.listening(caller);
    const replies = await client.post([
      { channel: "/meta/connect", connectionType: "long-polling" },
      { channel: "/meta/unsubscribe", subscription: channel },
    ]);
    expect(replies).toMatchObject([{ channel: "/meta/connect" }, { channel: "/meta/unsubscribe", successful: true }]);
  });

  test("needs its cookie, a handshake and long polling", async () => {
    const client = await BayeuxClient.listening(caller);
    const { cookie } = client;
    client.cookie = "";
    expect(await client.connect()).toMatchObject([
      { error: `400::Client ${client.clientId} has established a session, but no BAYEUX_BROWSER cookie present` },
    ]);
    client.cookie = cookie;
    expect(await client.connect({ connectionType: "websocket" })).toMatchObject([
      { error: "400::Invalid connection type {websocket}" },
    ]);
    expect(await new BayeuxClient(caller).connect()).toMatchObject([
      { error: "403::Client has not completed handshake" },
    ]);
  });

  test("ends with disconnect", async () => {
    const client = await BayeuxClient.listening(caller);
    expect(await client.post([{ channel: "/meta/disconnect" }])).toMatchObject([{ successful: true }]);
    expect(await client.connect()).toMatchObject([{ error: "403::Unknown client" }]);
  });
});

describe("authentication", () => {
  const denied = (failureReason: string) => ({
    ext: { sfdc: { failureReason } },
    error: "403::Handshake denied",
    successful: false,
    advice: { reconnect: "none" },
  });
  test("a handshake with a dead token, or none, is denied with the reason", async () => {
    caller.token = "dead";
    expect(await new BayeuxClient(caller).handshake()).toMatchObject(denied("401::Authentication invalid"));
    const [none] = await new BayeuxClient(caller).post([{ channel: "/meta/handshake" }], { Authorization: "" });
    expect(none).toMatchObject(denied("401::Request requires authentication"));
  });
  test("a token revoked while a connect is held ends it at once", async () => {
    const client = await BayeuxClient.listening(caller);
    const held = client.connect();
    await settled();
    caller.org.control.revokeToken();
    expect(await held).toMatchObject([
      { channel: "/meta/disconnect" },
      {
        channel: "/meta/connect",
        error: "401::Authentication invalid",
        successful: false,
        advice: { interval: 0, reconnect: "none" },
      },
    ]);
  });
  test("a live stream keeps its session alive past the session timeout", async () => {
    const client = await BayeuxClient.listening(caller);
    for (let i = 0; i < 70; i++) {
      const held = client.connect();
      await settled();
      await caller.clock.advance(110_000);
      expect(await held).toMatchObject([{ successful: true }]);
    }
  }, 20_000);
});

describe("replay", () => {
  test("-1 gives only what comes, -2 all that is kept, an id what came after it", async () => {
    create();
    create();
    create();
    const [first, second, third] = ids();
    expect(replayIds(await (await BayeuxClient.listening(caller, -1)).connect({ advice: { timeout: 0 } }))).toEqual([]);
    expect(replayIds(await (await BayeuxClient.listening(caller, -2)).connect())).toEqual([first, second, third]);
    expect(replayIds(await (await BayeuxClient.listening(caller, first)).connect())).toEqual([second, third]);
  });
  test("ids rise, with gaps", () => {
    for (let i = 0; i < 10; i++) create();
    const gaps = ids().map((id, i, all) => id - (all[i - 1] ?? id - 1));
    expect(Math.min(...gaps)).toBeGreaterThan(0);
    expect(Math.max(...gaps)).toBeGreaterThan(1);
  });
  test("events are kept for 72 hours, and an id older than that is refused in the platform's words", async () => {
    create();
    const [old = 0] = ids();
    await caller.clock.advance(73 * 3_600_000);
    await caller.login();
    const client = await BayeuxClient.listening(caller, -2);
    expect(replayIds(await client.connect({ advice: { timeout: 0 } }))).toEqual([]);
    expect(await client.subscribe(old - 1)).toMatchObject({
      successful: false,
      error: `400::The replayId {${old - 1}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.`,
    });
  });
  test("an id of before a reset stream is refused", async () => {
    create();
    const [before = 0] = ids();
    caller.org.control.bus.reset();
    create();
    const client = await BayeuxClient.listening(caller);
    expect(await client.subscribe(before)).toMatchObject({ successful: false });
  });
  test("a map without the channel, an unknown event and an unknown kind of channel are refused by name", async () => {
    const client = await BayeuxClient.listening(caller);
    const [missing] = await client.post([
      { channel: "/meta/subscribe", subscription: channel, ext: { replay: { "/event/A__e": -2 } } },
    ]);
    expect(missing?.error).toMatch(
      `400::The replayId for channel {${channel}} wasn't found using the provided replay ID map {{/event/A__e=-2}}.`,
    );
    expect((await client.subscribe(-1, "/event/Nope__e")).error).toBe(
      "400::The channel you requested to subscribe to doesn't exist {/event/Nope__e}",
    );
    expect((await client.subscribe(-1, "/topic/Nope")).error).toBe("404::Unknown channel");
  });
});

describe("the bus, when told to misbehave", () => {
  test("a lost event never arrives, a doubled one has the same EventUuid and another replay id", async () => {
    const { bus } = caller.org.control;
    bus.lose = 1;
    create();
    bus.duplicate = 1;
    create();
    const messages = await (await BayeuxClient.listening(caller, -2)).connect();
    const events = messages
      .filter((m) => m.channel === channel)
      .map((m) => (m.data as { event: { EventUuid: string; replayId: number } }).event);
    expect(events).toHaveLength(2);
    expect(new Set(events.map((e) => e.EventUuid)).size).toBe(1);
    expect(new Set(events.map((e) => e.replayId)).size).toBe(2);
  });
  test("clients that the server forgot are told so, in the middle of a hold", async () => {
    const client = await BayeuxClient.listening(caller);
    const held = client.connect();
    await settled();
    caller.org.control.forgetStreamClients();
    expect(await held).toMatchObject([{ error: "403::Unknown client" }]);
  });
});

describe("transport", () => {
  test("a WebSocket is refused", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const probe = get(
        `${caller.org.url}/cometd/67.0`,
        { headers: { Connection: "Upgrade", Upgrade: "websocket" } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      probe.on("error", reject);
    });
    expect(status).toBe(400);
  });
  test("a body over 32 KB, a missing version and an unsupported one are refused", async () => {
    const headers = { Authorization: `OAuth ${caller.token}`, "Content-Type": "application/json" };
    const post = (path: string, body = "[]") => caller.send(path, { method: "POST", headers, body });
    expect(await post("/cometd/67.0", JSON.stringify([{ x: "x".repeat(33_000) }]))).toMatchObject({ status: 413 });
    expect((await post("/cometd")).body).toMatchObject([
      { error: expect.stringContaining("400::API version in the URI is mandatory") as string },
    ]);
    expect((await post("/cometd/36.0")).body).toMatchObject([
      { error: expect.stringContaining("400::Unsupported API version") as string },
    ]);
  });
});
