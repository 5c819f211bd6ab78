import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openStream, SalesforceError, type StreamEvent, type StreamOptions } from "../../service/salesforce/index.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { channel, event, failed, tinyBayeux } from "./tiny-bayeux.ts";
import { quiet } from "./tiny-server.ts";

/** Real time only as a bound: sockets answer when they do. */
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

async function stand(given: Partial<StreamOptions> = {}) {
  const org = await tinyBayeux();
  const clock = new ManualClock();
  const durable: StreamEvent[] = [];
  const gaps: string[] = [];
  const state = { position: null as string | null, token: 1, refreshes: 0 };
  const options: StreamOptions = {
    salesforce: {
      session: async (refresh) => {
        if (refresh) {
          state.refreshes++;
          state.token++;
        }
        return { accessToken: `token-${state.token}`, instanceUrl: org.url };
      },
    },
    apiVersion: "67.0",
    channel,
    log: quiet,
    clock,
    replayFrom: async () => state.position,
    onEvent: async (one) => {
      durable.push(one);
      state.position = one.replayId;
    },
    onGap: async (why) => {
      gaps.push(why);
    },
    random: () => 0,
    retryMs: 20,
    ...given,
  };
  const stream = openStream(options);
  onTestFinished(() => stream.stop());
  const live = () => until(() => expect(stream.report()).toMatchObject({ state: "live", reason: null }));
  const holding = (count = 1) => until(() => expect(org.held).toHaveLength(count));
  const positions = () => org.of("subscribe").map(({ ext }) => (ext?.["replay"] as Record<string, unknown>)[channel]);
  return { org, clock, durable, gaps, state, stream, live, holding, positions };
}

describe("events", () => {
  test("are handed over in order, one at a time, each with its position and identity", async () => {
    let running = 0;
    const seen: string[] = [];
    const { org, live, holding } = await stand({
      onEvent: async ({ replayId }) => {
        expect(++running).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(replayId);
        running--;
      },
    });
    await live();
    await holding();
    org.publish(event(5), event(7), event(8));
    await holding();
    org.publish(event(9));
    await until(() => expect(seen).toEqual(["5", "7", "8", "9"]));
  });

  test("that take long to store do not keep the client from reconnecting", async () => {
    const storing: (() => void)[] = [];
    const { org, live, holding } = await stand({
      onEvent: () => new Promise<void>((resolve) => storing.push(resolve)),
    });
    await live();
    await holding();
    org.publish(event(5));
    await holding();
    org.publish(event(6));
    await holding();
    expect(storing).toHaveLength(1);
    storing[0]?.();
    await until(() => expect(storing).toHaveLength(2));
    storing[1]?.();
  });

  test("that cannot be stored start the stream again from the last stored one, and none after them is stored first", async () => {
    const stored: string[] = [];
    let broken = true;
    const { org, positions, state, live, holding, stream } = await stand({
      onEvent: async ({ replayId }) => {
        if (replayId === "6" && broken) throw new Error("disk full");
        stored.push(replayId);
        state.position = replayId;
      },
    });
    await live();
    await holding();
    org.publish(event(5), event(6), event(7));
    await until(() => expect(positions()).toEqual([-1, 5]));
    expect(stored).toEqual(["5"]);
    broken = false;
    await live();
    await holding();
    org.publish(event(6), event(7));
    await until(() => expect(stored).toEqual(["5", "6", "7"]));
    expect(stream.report().state).toBe("live");
  });

  test("that cannot be stored and have no position to be replayed from are left to the poll", async () => {
    const { org, gaps, live, holding } = await stand({ onEvent: () => Promise.reject(new Error("disk full")) });
    await live();
    await holding();
    org.publish(event(5));
    await until(() => expect(gaps).toEqual(["An event could not be stored: disk full"]));
  });
});

describe("the position", () => {
  test("asked for is that of the last durable event, also when the server forgot us and faye subscribes again", async () => {
    const { org, state, positions, live, holding, stream } = await stand();
    await live();
    await holding();
    org.publish(event(5));
    await until(() => expect(state.position).toBe("5"));
    await holding();
    org.release(
      [],
      undefined,
      failed("403::Unknown client", { advice: { interval: 0, reconnect: "handshake" } }) as () => object,
    );
    await until(() => expect(positions()).toEqual([-1, 5]));
    await live();
    expect(org.of("handshake")).toHaveLength(2);
    await holding();
    org.publish(event(6));
    await until(() => expect(state.position).toBe("6"));
    expect(stream.report().state).toBe("live");
  });

  test("that is no longer retained is told as a gap, and the stream goes on with new events", async () => {
    const { org, gaps, positions, state, durable, live, holding } = await stand({ replayFrom: async () => "82" });
    org.next(
      "subscribe",
      failed(
        "400::The replayId {82} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.",
      ),
    );
    await until(() => expect(positions()).toEqual([82, -1]));
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toContain("The replayId {82}");
    await live();
    await holding();
    org.publish(event(90));
    await until(() => expect(durable).toHaveLength(1));
    expect(state.position).toBe("90");
  });

  test("that went stale while the server forgot us is a gap too: the stream is never silently subscribed to nothing", async () => {
    const { org, gaps, positions, live, holding } = await stand({ replayFrom: async () => "82" });
    await live();
    await holding();
    org.next("subscribe", failed("400::The replayId {82} you provided was invalid."));
    org.release(
      [],
      undefined,
      failed("403::Unknown client", { advice: { interval: 0, reconnect: "handshake" } }) as () => object,
    );
    await until(() => expect(positions()).toEqual([82, 82, -1]));
    expect(gaps).toHaveLength(1);
    await live();
  });

  test("that cannot be read keeps the stream from subscribing anywhere", async () => {
    let broken = true;
    const { positions, live } = await stand({
      replayFrom: async () => {
        if (broken) {
          broken = false;
          throw new Error("no store");
        }
        return "5";
      },
    });
    await live();
    expect(positions()).toEqual([5]);
  });
});

describe("a refused token", () => {
  const revoked = failed("401::Authentication invalid", { advice: { interval: 0, reconnect: "none" } });
  const denied = (reason: string) =>
    failed("403::Handshake denied", {
      ext: { sfdc: { failureReason: reason }, replay: true },
      advice: { reconnect: "none" },
    });

  test("at a held connect is replaced, and the subscription goes on from the last durable event", async () => {
    const { org, state, positions, live, holding } = await stand();
    await live();
    await holding();
    org.publish(event(5));
    await holding();
    org.release([{ channel: "/meta/disconnect" }], undefined, revoked as () => object);
    await until(() => expect(positions()).toEqual([-1, 5]));
    await live();
    expect(state.refreshes).toBe(1);
    expect(org.of("subscribe").map(({ token }) => token)).toEqual(["token-1", "token-2"]);
  });

  test("at the handshake is replaced too", async () => {
    const org = await stand();
    org.org.next("handshake", denied("401::Authentication invalid"));
    await org.live();
    expect(org.state.refreshes).toBe(1);
    expect(org.org.of("handshake").map(({ token }) => token)).toEqual(["token-1", "token-2"]);
  });

  test("that somebody else replaced already is not replaced again", async () => {
    const { org, state, live, holding } = await stand();
    await live();
    await holding();
    state.token = 7;
    org.release([], undefined, revoked as () => object);
    await until(() => expect(org.of("subscribe").at(-1)?.token).toBe("token-7"));
    expect(state.refreshes).toBe(0);
  });

  test("answered without naming the request, which leaves faye waiting for ever, starts a new client", async () => {
    const { org, state, live } = await stand();
    org.next("handshake", () => ({ error: "401::Request requires authentication", successful: false }));
    await live();
    expect(state.refreshes).toBe(1);
  });

  test("again and again is not refreshed again and again: the stream waits for minutes", async () => {
    const { org, clock, state, stream } = await stand();
    org.next("handshake", ...Array.from({ length: 4 }, () => denied("401::Authentication invalid")));
    await until(() => expect(org.of("handshake")).toHaveLength(4));
    expect(stream.report()).toMatchObject({
      state: "degraded",
      reason: expect.stringContaining("401::Authentication invalid") as string,
    });
    // The fourth answer may still be on its way when the clock begins to move.
    await until(async () => {
      await clock.advance(5_000);
      expect(stream.report().state).toBe("live");
    });
    expect(state.refreshes).toBe(3);
    expect(org.of("handshake")).toHaveLength(5);
  });

  test("whose login fails degrades the stream with the login's own reason, and is tried again later", async () => {
    let broken = true;
    const org = await tinyBayeux();
    const { clock, stream, live } = await stand({
      salesforce: {
        session: async () => {
          if (broken) throw new SalesforceError("session", "invalid_grant", "Salesforce refused the login (x).");
          return { accessToken: "t", instanceUrl: org.url };
        },
      },
    });
    await until(() =>
      expect(stream.report()).toEqual({
        state: "degraded",
        reason: "Salesforce refused the login (x).",
        lastContactAt: null,
      }),
    );
    broken = false;
    await clock.advance(30_000);
    await live();
  });
});

describe("refusals and limits", () => {
  test.each([
    [
      "too many clients",
      "handshake",
      failed("403::Handshake denied", {
        ext: { sfdc: { failureReason: "403::Organization concurrent user limit exceeded" } },
        advice: { reconnect: "none" },
      }),
    ],
    [
      "an overloaded server",
      "handshake",
      failed("403::Handshake denied", {
        ext: { sfdc: { failureReason: "503::Server is too busy. Please try your request again later." } },
        advice: { reconnect: "none" },
      }),
    ],
    [
      "the day's allowance",
      "connect",
      failed("403::Organization total events daily limit exceeded", { advice: { reconnect: "none" } }),
    ],
    [
      "a missing channel",
      "subscribe",
      failed("400::The channel you requested to subscribe to doesn't exist {/event/Lantern_Change__e}"),
    ],
    ["a missing right", "subscribe", failed("403::Restricted channel")],
  ])("%s: the stream says so and comes back minutes later on a new client", async (_, meta, reply) => {
    const { org, clock, stream, live, gaps } = await stand();
    org.next(meta, reply);
    await until(() => expect(stream.report().state).toBe("degraded"));
    const before = org.of("handshake").length;
    await clock.advance(29_000);
    expect(org.of("handshake")).toHaveLength(before);
    expect(stream.report().reason).toMatch(/limit|busy|exist|Restricted/);
    await clock.advance(1_000);
    await live();
    expect(gaps).toEqual([]);
  });

  test("a server that forgets every client is not chased in a circle", async () => {
    const { org, stream } = await stand({ random: () => 0.5 });
    org.next(
      "connect",
      ...Array.from({ length: 50 }, () =>
        failed("403::Unknown client", { advice: { interval: 0, reconnect: "handshake" } }),
      ),
    );
    await until(() => expect(org.of("handshake").length).toBeGreaterThanOrEqual(4));
    await until(() => expect(stream.report().reason).toContain("Unknown client"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(org.of("handshake").length).toBe(4);
  });
});

describe("silence", () => {
  test("of 150 seconds brings a new client, from the last durable event", async () => {
    const { org, clock, state, positions, live, holding } = await stand();
    await live();
    await holding();
    org.publish(event(5));
    await until(() => expect(state.position).toBe("5"));
    await holding();
    await clock.advance(149_000);
    expect(org.of("handshake")).toHaveLength(1);
    await clock.advance(16_000);
    await until(() => expect(positions()).toEqual([-1, 5]));
    await live();
  });

  test("is broken by every held connect's end", async () => {
    const { org, clock, live, holding, stream } = await stand();
    await live();
    for (let i = 0; i < 4; i++) {
      await holding();
      await clock.advance(110_000);
      org.release([]);
      await until(() => expect(stream.report().lastContactAt).toBe(clock.now()));
    }
    expect(org.of("handshake")).toHaveLength(1);
  });
});

describe("stopping", () => {
  test("says goodbye, lets go of the held connect, and hands over nothing more", async () => {
    const { org, stream, durable, live, holding } = await stand();
    await live();
    await holding();
    await stream.stop();
    expect(stream.report()).toMatchObject({ state: "stopped", reason: null });
    expect(org.of("disconnect")).toHaveLength(1);
    expect(org.held).toEqual([]);
    org.publish(event(5));
    expect(durable).toEqual([]);
  });

  test("waits for the event that is being stored", async () => {
    let store: () => void = () => undefined;
    let entered = false;
    const { org, stream, live, holding } = await stand({
      onEvent: () => {
        entered = true;
        return new Promise<void>((resolve) => (store = resolve));
      },
    });
    await live();
    await holding();
    org.publish(event(5));
    await until(() => expect(entered).toBe(true));
    let stopped = false;
    const stopping = stream.stop().then(() => (stopped = true));
    await holding(0);
    expect(stopped).toBe(false);
    store();
    await stopping;
  });

  test("a stream that never got through ends at once, and sends nothing afterwards", async () => {
    const { org, stream, clock } = await stand();
    org.next("handshake", () => "silence");
    await until(() => expect(org.of("handshake")).toHaveLength(1));
    await stream.stop();
    await clock.advance(600_000);
    expect(org.sent).toHaveLength(1);
  });

  test("asks for long polling only, and subscribes once", async () => {
    const { org, live, holding } = await stand();
    await live();
    await holding();
    expect(org.of("subscribe")).toHaveLength(1);
    expect(
      org.of("connect").every((message) => (message as { connectionType?: string }).connectionType === "long-polling"),
    ).toBe(true);
  });
});
