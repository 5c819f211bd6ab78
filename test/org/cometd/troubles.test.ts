/** Every refusal of the streaming endpoint, in the platform's words, switched on by control. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "../caller.ts";
import { openOrg, until } from "../caller.ts";
import { BayeuxClient, changeChannel } from "./bayeux-client.ts";

let caller: Caller;
beforeEach(async () => {
  caller = await openOrg();
});
const stream = () => caller.org.control.stream;
const create = () => caller.org.control.as().create("Lead", [{ LastName: "Lovelace", Company: "Engines" }]);
const held = () => until(() => stream().clients().held === 1);

const busy = { sfdc: { failureReason: "503::Server is too busy. Please try your request again later." } };
const daily = "403::Organization total events daily limit exceeded";

describe("an overloaded server", () => {
  test("says 503 in ext.sfdc, next to another error, at each step", async () => {
    stream().begin("overload", { on: ["handshake"], times: 1 });
    const client = new BayeuxClient(caller);
    expect(await client.handshake()).toMatchObject({
      successful: false,
      error: "403::Handshake denied",
      advice: { reconnect: "none" },
      ext: busy,
    });
    expect(await client.handshake()).toMatchObject({ successful: true });
    stream().begin("overload");
    const [connect] = await client.connect();
    expect(connect).toMatchObject({ successful: false, ext: busy });
    expect(connect?.error).not.toContain("503");
    expect(await client.subscribe(-1)).toMatchObject({ successful: false, subscription: changeChannel, ext: busy });
    stream().end();
    expect((await client.connect())[0]).toMatchObject({ successful: true });
    expect(await client.subscribe(-1)).toMatchObject({ successful: true });
  });
  test("or that this server has too many connections", async () => {
    stream().begin("connections");
    const client = new BayeuxClient(caller);
    const reply = await client.handshake();
    expect(reply).toMatchObject({ error: "403::Handshake denied", advice: { reconnect: "none" } });
    expect(JSON.stringify(reply.ext)).toContain("we limit the number of simultaneous connections per server");
  });
});

describe("the number of clients", () => {
  test("is limited by the org: one more is denied with advice none, which is no word about its token", async () => {
    stream().maxClients = 1;
    await BayeuxClient.listening(caller);
    const late = new BayeuxClient(caller);
    expect(await late.handshake()).toMatchObject({
      error: "403::Handshake denied",
      advice: { reconnect: "none" },
      ext: { sfdc: { failureReason: "403::Organization concurrent user limit exceeded" } },
    });
    // Sessions that did not come back in time make room.
    await caller.clock.advance(41_000);
    expect(await late.handshake()).toMatchObject({ successful: true });
  });
});

describe("the daily limit of deliveries", () => {
  test("cuts a live subscription in the middle of a hold, and refuses connects and subscriptions until it ends", async () => {
    const client = await BayeuxClient.listening(caller);
    const waiting = client.connect();
    await held();
    stream().begin("dailyLimit");
    expect((await waiting).at(-1)).toMatchObject({ channel: "/meta/connect", successful: false, error: daily });
    const again = new BayeuxClient(caller);
    expect(await again.handshake()).toMatchObject({ successful: true });
    expect((await again.connect())[0]).toMatchObject({ successful: false, error: daily });
    stream().end("dailyLimit");
    await again.handshake();
    expect((await again.connect())[0]).toMatchObject({ successful: true });
    stream().begin("dailyLimit", { on: ["subscribe"] });
    expect(await again.subscribe(-1)).toMatchObject({ successful: false, error: daily });
  });
  test("is reached by what was delivered, shown in limits, and free again after a day", async () => {
    stream().maxDelivered = 2;
    const client = await BayeuxClient.listening(caller);
    create();
    create();
    const replies = await client.connect();
    expect(replies).toHaveLength(3);
    expect(replies.at(-1)?.error).toBe(daily);
    const { body } = await caller.rest("GET", "/limits");
    expect(body).toMatchObject({ DailyDeliveredPlatformEvents: { Max: 2, Remaining: 0 } });
    create();
    expect((await client.connect()).at(-1)?.error).toBe("403::Unknown client");
    await client.handshake();
    expect((await client.connect())[0]?.error).toBe(daily);
    await caller.clock.advance(25 * 3_600_000);
    await caller.login();
    expect(await (await BayeuxClient.listening(caller)).subscribe(-2)).toMatchObject({ successful: true });
  });
});

describe("old deployments", () => {
  test("answer a refused token without id and channel, and an unknown client with 402", async () => {
    const client = await BayeuxClient.listening(caller);
    stream().oldWording = true;
    caller.org.control.forgetStreamClients();
    expect((await client.connect())[0]).toMatchObject({ error: "402::Unknown client" });
    caller.org.control.revokeToken();
    const reply = await new BayeuxClient(caller).handshake();
    expect(reply).toEqual({ error: "401::Request requires authentication", successful: false });
  });
});

describe("channels", () => {
  test.each([
    ["/data/LeadChangeEvent", "403::User not allowed to subscribe CDC without View All Data permissions"],
    ["/meta/connect", "403::Restricted channel"],
    ["/event/*", "403::Restricted channel"],
    ["/u/Anything", "404::Unknown channel"],
  ])("%s is refused in the platform's words", async (channel, error) => {
    const client = await BayeuxClient.listening(caller);
    expect(await client.subscribe(-1, channel)).toMatchObject({ successful: false, error });
  });
});

test("an HTML page can stand in for the stream's answer", async () => {
  caller.org.control.faults.add({ match: "cometd", action: { html: 503 } });
  const reply = await caller.send("/cometd/67.0", { method: "POST", body: "[]" });
  expect(reply).toMatchObject({ status: 503, body: expect.stringMatching(/^<!DOCTYPE html>/) as string });
});
