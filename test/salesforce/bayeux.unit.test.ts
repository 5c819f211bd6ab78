import { describe, expect, test } from "vitest";
import { replayPosition, verdictOn, type BayeuxMessage } from "../../service/salesforce/bayeux.ts";

const failed = (channel: string, error: string, more: Partial<BayeuxMessage> = {}): BayeuxMessage => ({
  channel,
  error,
  id: "1",
  successful: false,
  ...more,
});
const denied = (failureReason: string): BayeuxMessage =>
  failed("/meta/handshake", "403::Handshake denied", {
    ext: { sfdc: { failureReason }, replay: true },
    advice: { reconnect: "none" },
  });

describe("the words decide, not the advice", () => {
  test.each<[string, BayeuxMessage, string]>([
    ["a bad token at the handshake", denied("401::Authentication invalid"), "session"],
    ["no token at the handshake", denied("401::Request requires authentication"), "session"],
    [
      "the old answer without channel or id",
      { error: "401::Request requires authentication", successful: false },
      "session",
    ],
    ["too many clients", denied("403::Organization concurrent user limit exceeded"), "busy"],
    ["an overloaded server", denied("503::Server is too busy. Please try your request again later."), "busy"],
    [
      "a revoked token",
      failed("/meta/connect", "401::Authentication invalid", { advice: { reconnect: "none" } }),
      "session",
    ],
    [
      "a forgotten client",
      failed("/meta/connect", "403::Unknown client", { advice: { reconnect: "handshake" } }),
      "forgotten",
    ],
    ["a forgotten client without advice", failed("/meta/connect", "403::Unknown client"), "forgotten"],
    ["a forgotten client in older words", failed("/meta/connect", "402::Unknown client"), "forgotten"],
    [
      "a lost cookie",
      failed("/meta/connect", "400::Client x has established a session, but no BAYEUX_BROWSER cookie present"),
      "forgotten",
    ],
    [
      "the day's allowance used up",
      failed("/meta/connect", "403::Organization total events daily limit exceeded"),
      "busy",
    ],
    [
      "the day's allowance used up at subscribing",
      failed("/meta/subscribe", "403::Organization total events daily limit exceeded"),
      "busy",
    ],
    [
      "an expired position",
      failed(
        "/meta/subscribe",
        "400::The replayId {82} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.",
      ),
      "stale",
    ],
    [
      "a channel that is not there",
      failed("/meta/subscribe", "400::The channel you requested to subscribe to doesn't exist {/event/X__e}"),
      "refused",
    ],
    ["a channel without the right to it", failed("/meta/subscribe", "403::Restricted channel"), "refused"],
    ["a goodbye to a server that forgot us", failed("/meta/disconnect", "403::Unknown client"), "other"],
    ["a held connect's end", { channel: "/meta/connect", id: "3", successful: true }, "contact"],
    [
      "a subscription",
      { channel: "/meta/subscribe", id: "4", successful: true, subscription: "/event/X__e" },
      "subscribed",
    ],
    ["the server's goodbye", { channel: "/meta/disconnect" }, "other"],
    ["data without an event", { channel: "/event/X__e", data: { payload: {} } }, "other"],
    ["an empty message", {}, "other"],
  ])("%s", (_, message, is) => {
    expect(verdictOn(message).is).toBe(is);
  });
});

test("an event is handed on with its opaque position and its identity", () => {
  const data = { schema: "s", payload: { Object__c: "Lead" }, event: { replayId: 145191273, EventUuid: "u-1" } };
  expect(verdictOn({ channel: "/event/X__e", data })).toEqual({
    is: "event",
    event: { channel: "/event/X__e", replayId: "145191273", eventUuid: "u-1", payload: { Object__c: "Lead" } },
  });
  expect(verdictOn({ channel: "/event/X__e", data: { event: { replayId: "b64==" } } })).toMatchObject({
    event: { replayId: "b64==", eventUuid: null, payload: {} },
  });
});

test.each([
  [null, -1],
  ["-2", -2],
  ["82", 82],
  ["b64==", "b64=="],
  ["90071992547409931", "90071992547409931"],
])("the position %s travels as %s", (kept, sent) => {
  expect(replayPosition(kept)).toBe(sent);
});
