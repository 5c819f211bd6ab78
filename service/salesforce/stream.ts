/**
 * The change stream: one subscription to one channel, kept alive. faye carries the protocol; what it gets wrong is
 * decided here: which replay position a (repeated) subscription asks for, what becomes of a refused token, a refused
 * subscription, an exhausted allowance, and of silence. Level-triggered receiving makes an event that comes twice free;
 * a missed one is found by the poll.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { replayPosition, verdictOn, type BayeuxMessage, type Verdict } from "./bayeux.ts";
import { startFaye, type FayeClient } from "./faye-client.ts";
import { InOrder } from "./in-order.ts";
import { restartDelayMs, type Haste } from "./patience.ts";
import type { ChangeStream, Salesforce, StreamEvent, StreamReport, StreamState } from "./port.ts";

export interface StreamOptions {
  salesforce: Pick<Salesforce, "session">;
  apiVersion: string;
  /** `/event/Lantern_Change__e` */
  channel: string;
  log: Logger;
  clock: Clock;
  /** The replay id of the last durable event; null when there is none (the stream then starts with new events only). */
  replayFrom: () => Promise<string | null>;
  /** Resolves once the event is durable. Called for one event at a time, in order. A rejection restarts the stream from the last durable event. */
  onEvent: (event: StreamEvent) => Promise<void>;
  /** Events were missed and cannot be replayed: have the poll look. Resolves once that is durable. */
  onGap: (why: string) => Promise<void>;
  /** In [0, 1). */
  random: () => number;
  /** Before a message that did not reach the org is sent again. Default 5,000. */
  retryMs?: number;
}

/** The org answers a held connect within 110 s, and forgets a client after 40 s without one. */
const silenceMs = 150_000;
const watchEveryMs = 15_000;
const goodbyeMs = 1_000;

/** Opens the stream and returns at once; `report()` tells how it fares. It goes on trying until stopped. */
export function openStream(options: StreamOptions): ChangeStream {
  const stream = new Stream(options);
  stream.open();
  return { stop: () => stream.stop(), report: () => stream.report() };
}

class Stream {
  readonly #o: StreamOptions;
  readonly #stopping = new AbortController();
  #state: StreamState = "starting";
  #reason: string | null = null;
  #lastContactAt: number | null = null;

  /** Raised by every start; what belongs to an earlier one is ignored. */
  #attempt = 0;
  #client: FayeClient | undefined;
  #token = "";
  #instanceUrl = "";
  #subscribed = false;
  #subscribedAt = 0;
  #heardAt = 0;
  #failures = 0;
  /** When the server forgot us or refused our token, lately. */
  #troubles: number[] = [];

  /** The durable position is no longer replayable: take new events only, until one is durable. */
  #fromTip = false;
  #askedForTip = false;
  /** Events go through here, never waited for: faye must send its next connect within 40 s, however slow the store. */
  readonly #events: InOrder<StreamEvent>;

  constructor(options: StreamOptions) {
    this.#o = options;
    this.#events = new InOrder<StreamEvent>(
      async (event) => {
        await options.onEvent(event);
        this.#fromTip = false;
      },
      (error) => this.#lose(error),
    );
  }

  report(): StreamReport {
    return { state: this.#state, reason: this.#reason, lastContactAt: this.#lastContactAt };
  }

  open(): void {
    void this.#start(++this.#attempt, 0);
    void this.#watch();
  }

  async stop(): Promise<void> {
    this.#state = "stopped";
    this.#reason = null;
    this.#attempt++;
    this.#stopping.abort(new Error("The stream was stopped."));
    this.#events.drop();
    await this.#client?.retire(goodbyeMs);
    await this.#events.idle();
  }

  async #start(attempt: number, waitMs: number): Promise<void> {
    try {
      if (waitMs > 0) await this.#o.clock.sleep(waitMs, this.#stopping.signal);
      if (attempt !== this.#attempt) return;
      const { accessToken, instanceUrl } = await this.#o.salesforce.session();
      if (attempt !== this.#attempt) return;
      this.#token = accessToken;
      this.#instanceUrl = instanceUrl;
      this.#heardAt = this.#o.clock.now();
      this.#client = startFaye(
        {
          url: `${instanceUrl}/cometd/${this.#o.apiVersion}`,
          accessToken,
          channel: this.#o.channel,
          retryMs: this.#o.retryMs ?? 5_000,
        },
        {
          onSubscribe: (message) => this.#position(attempt, message),
          onMessage: (message, pass) => {
            if (attempt !== this.#attempt) return pass(null);
            this.#judge(attempt, message, pass);
          },
          onTransport: (up) => {
            if (!up && attempt === this.#attempt) this.#degrade("The connection to Salesforce broke.");
          },
        },
      );
    } catch (error) {
      if (attempt === this.#attempt) this.#again("minutes", messageOf(error));
    }
  }

  /** Drops the client and starts another one. */
  #again(haste: Haste, reason: string): void {
    if (this.#state === "stopped") return;
    const attempt = ++this.#attempt;
    const waitMs = restartDelayMs(haste, this.#failures, this.#o.random());
    if (haste !== "now") this.#failures++;
    this.#degrade(reason);
    this.#o.log.warn({ channel: this.#o.channel, reason, wait_ms: waitMs }, "the change stream starts again");
    void this.#client?.retire(goodbyeMs);
    this.#client = undefined;
    void this.#start(attempt, waitMs);
  }

  #degrade(reason: string): void {
    if (this.#state === "stopped") return;
    this.#subscribed = false;
    this.#state = "degraded";
    this.#reason = reason;
  }

  /** Writes the position of the last durable event into a subscription, whoever sends it: we, or faye repeating it. */
  async #position(attempt: number, message: BayeuxMessage): Promise<void> {
    try {
      const position = replayPosition(this.#fromTip ? null : await this.#o.replayFrom());
      this.#askedForTip = position === -1;
      message.ext = { ...message.ext, replay: { [this.#o.channel]: position } };
    } catch (error) {
      if (attempt === this.#attempt) this.#again("soon", `The replay position could not be read: ${messageOf(error)}`);
      throw error;
    }
  }

  #judge(attempt: number, message: BayeuxMessage, pass: (message: BayeuxMessage | null) => void): void {
    const verdict = verdictOn(message);
    switch (verdict.is) {
      case "event":
        this.#heard();
        if (verdict.event.channel === this.#o.channel) this.#events.push(verdict.event);
        return pass(message);
      case "contact":
        this.#heard();
        return pass(message);
      case "subscribed":
        this.#subscribed = true;
        this.#subscribedAt = this.#o.clock.now();
        this.#heard();
        return pass(message);
      case "other":
        return pass(message);
      case "forgotten":
        return this.#forgotten(verdict, message, pass);
      case "session":
        void this.#renew(attempt, verdict, message, pass);
        return;
      case "stale":
        pass(null);
        void this.#gap(attempt, verdict.reason);
        return;
      case "refused":
        this.#o.log.error({ channel: this.#o.channel, reason: verdict.reason }, "the subscription was refused");
        pass(null);
        return this.#again("minutes", verdict.reason);
      case "busy":
        pass(null);
        return this.#again("minutes", verdict.reason);
    }
  }

  #heard(): void {
    const now = this.#o.clock.now();
    this.#heardAt = now;
    this.#lastContactAt = now;
    if (!this.#subscribed) return;
    this.#state = "live";
    this.#reason = null;
    // A subscription that merely began proves little; one that held for a while ends the series of failures.
    if (now - this.#subscribedAt >= 30_000) this.#failures = 0;
  }

  /** True when the server has turned us away too often within a minute to go on with this client. */
  #troubled(limit: number): boolean {
    const now = this.#o.clock.now();
    this.#troubles = [...this.#troubles.filter((at) => at > now - 60_000), now];
    return this.#troubles.length > limit;
  }

  #forgotten(
    { reason }: Extract<Verdict, { is: "forgotten" }>,
    message: BayeuxMessage,
    pass: (message: BayeuxMessage | null) => void,
  ): void {
    // After a failed subscription faye would connect again and subscribe to nothing.
    if (message.channel === "/meta/subscribe" || this.#troubled(3)) {
      pass(null);
      return this.#again("soon", reason);
    }
    this.#degrade(reason);
    pass({ ...message, advice: { ...message.advice, reconnect: "handshake", interval: 0 } });
  }

  /** A refused token: put a fresh one under faye's feet, so that it keeps its subscription. */
  async #renew(
    attempt: number,
    { reason }: Extract<Verdict, { is: "session" }>,
    message: BayeuxMessage,
    pass: (message: BayeuxMessage | null) => void,
  ): Promise<void> {
    this.#degrade(reason);
    if (this.#troubled(3)) {
      pass(null);
      return this.#again("minutes", reason);
    }
    try {
      // Another call may have logged in since; its token is good.
      let fresh = await this.#o.salesforce.session();
      if (fresh.accessToken === this.#token) fresh = await this.#o.salesforce.session(true);
      if (attempt !== this.#attempt) return pass(null);
      const known = message.channel === "/meta/connect" || message.channel === "/meta/handshake";
      // An answer that names no request leaves faye waiting for one; a moved org has another address.
      if (!known || message.id === undefined || fresh.instanceUrl !== this.#instanceUrl) {
        pass(null);
        return this.#again("now", reason);
      }
      this.#token = fresh.accessToken;
      this.#client?.setToken(fresh.accessToken);
      const reconnect = message.channel === "/meta/connect" ? "handshake" : "retry";
      // Replaced whole: once faye has merged a `none` it never sends again.
      pass({ ...message, advice: { reconnect, interval: 0 } });
    } catch (error) {
      pass(null);
      if (attempt === this.#attempt) this.#again("minutes", messageOf(error));
    }
  }

  async #gap(attempt: number, reason: string): Promise<void> {
    if (this.#askedForTip) return this.#again("minutes", reason);
    this.#degrade(reason);
    try {
      await this.#o.onGap(reason);
    } catch (error) {
      if (attempt === this.#attempt) this.#again("soon", `A gap could not be noted: ${messageOf(error)}`);
      return;
    }
    if (attempt !== this.#attempt) return;
    this.#fromTip = true;
    this.#again("now", reason);
  }

  async #lose(error: unknown): Promise<void> {
    const reason = `An event could not be stored: ${messageOf(error)}`;
    this.#again("soon", reason);
    await this.#noteUnreplayable(reason);
  }

  /** Without a position to go back to, what was dropped is left to the poll. */
  async #noteUnreplayable(reason: string): Promise<void> {
    try {
      if (this.#fromTip || (await this.#o.replayFrom()) === null) await this.#o.onGap(reason);
    } catch (error) {
      this.#o.log.error({ channel: this.#o.channel, err: error }, "a gap in the change stream could not be noted");
    }
  }

  async #watch(): Promise<void> {
    try {
      for (;;) {
        await this.#o.clock.sleep(watchEveryMs, this.#stopping.signal);
        if (!this.#silent()) continue;
        // The held answer may be on its way this very moment: an advanced clock releases it and us together.
        await pause(250, undefined, { signal: this.#stopping.signal });
        if (this.#silent()) this.#again("soon", `Nothing was heard from Salesforce for ${silenceMs / 1000} seconds.`);
      }
    } catch {
      // Stopped.
    }
  }

  #silent = (): boolean => this.#client !== undefined && this.#o.clock.now() - this.#heardAt >= silenceMs;
}
