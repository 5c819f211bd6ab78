/**
 * One faye client with the ways out it lacks. faye answers for the protocol (handshake, held connects, reconnecting);
 * this file keeps it to long polling, gives it our one extension, and lets it be dropped: left alone, a client that was
 * refused repeats or waits for ever.
 */
import faye from "faye";
import type { BayeuxMessage } from "./bayeux.ts";

type Pass = (message: BayeuxMessage | null) => void;

export interface FayeHooks {
  /** Before a subscription is sent: also when faye repeats it by itself after a new handshake. */
  onSubscribe: (message: BayeuxMessage) => Promise<void>;
  /** For each incoming message, before faye sees it; `pass(null)` keeps it from faye. */
  onMessage: (message: BayeuxMessage, pass: Pass) => void;
  /** The connection broke or stands again; faye repeats by itself. */
  onTransport: (up: boolean) => void;
}

export interface FayeOptions {
  url: string;
  accessToken: string;
  channel: string;
  /** Pause before faye repeats what did not reach the server. */
  retryMs: number;
}

/** A plain object on purpose: faye's own clients have `then`, and awaiting one never ends. */
export interface FayeClient {
  setToken(accessToken: string): void;
  /** Ends it: says goodbye if connected (it frees the org's slot), then lets go of every request. */
  retire(goodbyeMs: number): Promise<void>;
}

interface Envelope {
  request?: Promise<{ abort?: () => void } | undefined> | null;
  timer?: NodeJS.Timeout | null;
}

/** The parts of faye's client used here; it publishes no types, and those jsforce brings lack half of these. */
interface RawClient {
  setHeader(name: string, value: string): void;
  disable(feature: string): void;
  addExtension(extension: object): void;
  bind(event: string, listener: () => void): void;
  subscribe(channel: string, listener: () => void): unknown;
  disconnect(): { then(done: () => void, failed: () => void): unknown } | undefined;
  /** Not public; faye has no other way to abandon a held request. */
  _dispatcher?: { _envelopes?: Map<string, Envelope> };
}
const { Client, Scheduler } = faye as unknown as {
  Client: new (url: string, options: object) => RawClient;
  Scheduler: new (message: BayeuxMessage, options: object) => { attempts: number; isDeliverable(): boolean };
};

const authorization = (accessToken: string): string => `OAuth ${accessToken}`;

/** Starts a client that subscribes to one channel. */
export function startFaye(options: FayeOptions, hooks: FayeHooks): FayeClient {
  let retired = false;

  // Asked before each sending of a message: the one place to end faye's endless repeats.
  class UntilRetired extends Scheduler {
    readonly #channel: string | undefined;
    constructor(message: BayeuxMessage, given: object) {
      super(message, given);
      this.#channel = message.channel;
    }
    override isDeliverable(): boolean {
      return !retired || (this.#channel === "/meta/disconnect" && this.attempts === 0);
    }
  }

  const client = new Client(options.url, { retry: options.retryMs / 1000, scheduler: UntilRetired });
  // Before the handshake, or faye probes for an upgrade the org does not offer.
  client.disable("websocket");
  client.setHeader("Authorization", authorization(options.accessToken));
  client.addExtension({
    outgoing: (message: BayeuxMessage, pass: Pass) => {
      if (retired) return pass(message.channel === "/meta/disconnect" ? message : null);
      if (message.channel !== "/meta/subscribe") return pass(message);
      hooks.onSubscribe(message).then(
        () => pass(retired ? null : message),
        () => pass(null),
      );
    },
    incoming: (message: BayeuxMessage, pass: Pass) => {
      if (retired) return pass(message.channel === "/meta/disconnect" ? message : null);
      hooks.onMessage(message, pass);
    },
  });
  client.bind("transport:down", () => !retired && hooks.onTransport(false));
  client.bind("transport:up", () => !retired && hooks.onTransport(true));
  // Once only: faye does not notice a second subscription to the same channel. Events are taken in the extension.
  client.subscribe(options.channel, () => undefined);

  const letGo = () => {
    const envelopes = client._dispatcher?._envelopes;
    for (const [id, { request, timer }] of envelopes ?? []) {
      // Out of the map first: faye would take the abort for a failure and send the message again.
      envelopes?.delete(id);
      clearTimeout(timer ?? undefined);
      void request?.then((sent) => sent?.abort?.());
    }
  };
  return {
    setToken: (accessToken) => client.setHeader("Authorization", authorization(accessToken)),
    retire: async (goodbyeMs) => {
      if (retired) return;
      retired = true;
      await new Promise<void>((resolve) => {
        const goodbye = goodbyeMs > 0 ? client.disconnect() : undefined;
        if (!goodbye) return resolve();
        const timer = setTimeout(resolve, goodbyeMs);
        const done = () => {
          clearTimeout(timer);
          resolve();
        };
        goodbye.then(done, done);
      });
      letGo();
    },
  };
}
