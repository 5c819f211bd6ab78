/** `/cometd/{version}`: a Bayeux long-polling endpoint with sessions, held connects and replay. */
import { randomBytes } from "node:crypto";
import type { Org } from "../engine/org.ts";
import type { HttpAnswer, HttpRequest } from "../http.ts";
import type { OAuth } from "../oauth.ts";
import { bearer } from "../oauth.ts";
import type { Bus, StoredEvent } from "./bus.ts";
import type { BayeuxMessage, Reply } from "./messages.ts";
import {
  connectOk,
  dailyLimit,
  dailyLimitReached,
  handshakeDenied,
  handshakeOk,
  missingReplay,
  nameless,
  ok,
  refused,
  staleReplay,
  tokenGone,
  tooBusy,
  tooManyClients,
  tooManyConnections,
  unknownClient,
} from "./messages.ts";
import type { StreamStep, StreamTrouble, TroubleOptions } from "./troubles.ts";
import { Troubles } from "./troubles.ts";

/** A connect is held this long when nothing happens. */
const holdMs = 110_000;
/** After any answer the client must connect again within this time. */
const reconnectMs = 40_000;
const maxBodyBytes = 32_768;

interface Session {
  clientId: string;
  token: string;
  cookie: string;
  connected: boolean;
  channels: Set<string>;
  queue: Reply[];
  answeredAt: number;
  /** Ends the held connect, if there is one. */
  wake: (() => void) | null;
  gone: "revoked" | "forgotten" | "limited" | "disconnected" | null;
}

export class CometD {
  readonly #org: Org;
  readonly #oauth: OAuth;
  readonly #bus: Bus;
  readonly #sessions = new Map<string, Session>();
  readonly #troubles = new Troubles();
  /** Sessions allowed at a time, all channels. */
  maxClients = 2_000;
  /** Deliveries allowed in 24 hours, summed over all subscribers; with an add-on, so that loads fit. */
  maxDelivered = 1_000_000;
  /** As old deployments word it: a refused token is answered without id and channel, an unknown client is a 402. */
  oldWording = false;
  /** Hour → deliveries. */
  readonly #delivered = new Map<number, number>();

  constructor(org: Org, oauth: OAuth, bus: Bus) {
    this.#org = org;
    this.#oauth = oauth;
    this.#bus = bus;
    bus.deliver = (event) => this.#deliver(event);
    oauth.onEnd = (token) => {
      for (const session of this.#sessions.values()) if (session.token === token) this.#end(session, "revoked");
    };
  }

  /** Sessions the server knows, and how many of them have a connect waiting. */
  clients(): { known: number; held: number } {
    const sessions = [...this.#sessions.values()];
    return { known: sessions.length, held: sessions.filter((s) => s.wake !== null).length };
  }
  begin(trouble: StreamTrouble, options?: TroubleOptions): void {
    this.#troubles.begin(trouble, options);
    // Who is connected learns of it now, and loses the subscription.
    if (this.#troubles.has("dailyLimit", "connect"))
      for (const session of this.#sessions.values()) if (session.wake) this.#end(session, "limited");
  }
  end(trouble?: StreamTrouble): void {
    this.#troubles.end(trouble);
  }
  /** Deliveries of the last 24 hours. */
  delivered(): number {
    const oldest = Math.floor(this.#org.clock.now() / 3_600_000) - 24;
    for (const hour of this.#delivered.keys()) if (hour <= oldest) this.#delivered.delete(hour);
    return [...this.#delivered.values()].reduce((sum, n) => sum + n, 0);
  }
  #count(deliveries: number): void {
    const hour = Math.floor(this.#org.clock.now() / 3_600_000);
    this.#delivered.set(hour, (this.#delivered.get(hour) ?? 0) + deliveries);
  }
  #full(): boolean {
    return this.delivered() >= this.maxDelivered;
  }
  /** What is refused at this step on purpose or by a limit; undefined when it may go on. */
  #struck(step: StreamStep, message: BayeuxMessage): Reply | undefined {
    switch (this.#troubles.strike(step)) {
      case "overload":
        return tooBusy(message);
      case "connections":
        return step === "handshake"
          ? handshakeDenied(message, tooManyConnections)
          : refused(message, tooManyConnections, { subscription: message.subscription });
      case "clients":
        return handshakeDenied(message, tooManyClients);
      case "dailyLimit":
        return dailyLimitReached(message);
      case undefined:
        return step !== "handshake" && this.#full() ? dailyLimitReached(message) : undefined;
    }
  }
  /** Every session is forgotten; held connects are told so. */
  forgetAll(): void {
    for (const session of this.#sessions.values()) this.#end(session, "forgotten");
  }
  #end(session: Session, why: NonNullable<Session["gone"]>): void {
    session.gone = why;
    this.#sessions.delete(session.clientId);
    session.wake?.();
  }
  #late(session: Session): boolean {
    return session.wake === null && this.#org.clock.now() - session.answeredAt > reconnectMs;
  }

  #deliver(event: StoredEvent): void {
    for (const session of this.#sessions.values()) {
      if (this.#late(session)) this.#end(session, "forgotten");
      else if (session.channels.has(event.channel)) {
        if (this.#full()) {
          this.#end(session, "limited");
          continue;
        }
        this.#count(1);
        session.queue.push({ data: event.data, channel: event.channel });
        session.wake?.();
      }
    }
  }

  async answer(request: HttpRequest): Promise<HttpAnswer> {
    const error = (status: number, text: string): HttpAnswer => ({
      status,
      json: [{ error: text, successful: false }],
    });
    if (request.method !== "POST") return error(400, "400::Only long-polling by POST is supported");
    if (Buffer.byteLength(request.body) > maxBodyBytes) return error(413, "413::Maximum Request Size Exceeded");
    const version = /^\/cometd\/(\d+\.\d)\/?$/.exec(request.path)?.[1];
    if (version === undefined)
      return error(400, "400::API version in the URI is mandatory. URI format: '/cometd/67.0'");
    if (Number(version) < 37 || Number(version) > Number(this.#org.apiVersion))
      return error(400, `400::Unsupported API version {${version}}`);
    let messages: BayeuxMessage[];
    try {
      const parsed = JSON.parse(request.body) as BayeuxMessage | BayeuxMessage[];
      messages = Array.isArray(parsed) ? parsed : [parsed];
    } catch {
      return error(400, "400::The request is not JSON");
    }
    const headers: Record<string, string> = {};
    const replies: Reply[] = [];
    for (const message of messages)
      replies.push(...(await this.#one(message, request, messages.length === 1, headers)));
    for (const clientId of new Set(messages.map((m) => m.clientId ?? ""))) {
      const session = this.#sessions.get(clientId);
      if (session) session.answeredAt = this.#org.clock.now();
    }
    return { status: 200, json: replies, headers };
  }

  async #one(
    message: BayeuxMessage,
    request: HttpRequest,
    alone: boolean,
    headers: Record<string, string>,
  ): Promise<Reply[]> {
    if (message.channel === "/meta/handshake") return [this.#handshake(message, request, headers)];
    const session = this.#sessions.get(message.clientId ?? "");
    const token = bearer(request);
    if (this.#oauth.user(token) === undefined)
      return this.oldWording ? [nameless("401::Request requires authentication")] : tokenGone(message);
    if (message.clientId === undefined) return [refused(message, "403::Client has not completed handshake")];
    if (!session || this.#late(session)) {
      if (session) this.#end(session, "forgotten");
      return [unknownClient(message, this.oldWording ? 402 : 403)];
    }
    session.token = token ?? session.token;
    if (!(request.headers.cookie ?? "").includes(`BAYEUX_BROWSER=${session.cookie}`))
      return [
        refused(
          message,
          `400::Client ${session.clientId} has established a session, but no BAYEUX_BROWSER cookie present`,
        ),
      ];
    switch (message.channel) {
      case "/meta/connect":
        return this.#connect(session, message, request, alone);
      case "/meta/subscribe": {
        const struck = this.#struck("subscribe", message);
        if (struck) return [struck];
        return [message.subscription ?? []].flat().map((channel) => this.#subscribe(session, message, channel));
      }
      case "/meta/unsubscribe":
        for (const channel of [message.subscription ?? []].flat()) session.channels.delete(channel);
        return [ok(message, { subscription: message.subscription })];
      case "/meta/disconnect":
        this.#end(session, "disconnected");
        return [ok(message)];
      default:
        return [refused(message, "403::Restricted channel")];
    }
  }

  #handshake(message: BayeuxMessage, request: HttpRequest, headers: Record<string, string>): Reply {
    const token = bearer(request);
    if (this.oldWording && this.#oauth.user(token) === undefined)
      return nameless("401::Request requires authentication");
    if (token === undefined) return handshakeDenied(message, "401::Request requires authentication");
    if (this.#oauth.user(token) === undefined) return handshakeDenied(message, "401::Authentication invalid");
    if (!(message.supportedConnectionTypes ?? []).includes("long-polling"))
      return refused(message, `400::Invalid connection type {${(message.supportedConnectionTypes ?? []).join(",")}}`);
    const struck = this.#struck("handshake", message);
    if (struck) return struck;
    for (const known of [...this.#sessions.values()]) if (this.#late(known)) this.#end(known, "forgotten");
    if (this.#sessions.size >= this.maxClients) return handshakeDenied(message, tooManyClients);
    const session: Session = {
      clientId: randomBytes(14).toString("hex"),
      token,
      cookie: randomBytes(12).toString("hex"),
      connected: false,
      channels: new Set(),
      queue: [],
      answeredAt: this.#org.clock.now(),
      wake: null,
      gone: null,
    };
    this.#sessions.set(session.clientId, session);
    headers["Set-Cookie"] = `BAYEUX_BROWSER=${session.cookie}; Path=/; HttpOnly`;
    return handshakeOk(message, session.clientId);
  }

  async #connect(session: Session, message: BayeuxMessage, request: HttpRequest, alone: boolean): Promise<Reply[]> {
    if (message.connectionType !== "long-polling")
      return [refused(message, `400::Invalid connection type {${message.connectionType ?? ""}}`)];
    const struck = this.#struck("connect", message);
    if (struck) {
      if (struck.error !== dailyLimit) return [struck];
      this.#end(session, "limited");
      return [...session.queue.splice(0), struck];
    }
    // Only one connect can be held: a new one lets the old go.
    session.wake?.();
    const first = !session.connected;
    session.connected = true;
    // Held only when it came alone, as the platform's own server does.
    if (!first && alone && message.advice?.timeout !== 0 && session.queue.length === 0)
      await this.#hold(session, request.signal);
    if (session.gone === "revoked") return tokenGone(message);
    if (session.gone === "forgotten") return [unknownClient(message, this.oldWording ? 402 : 403)];
    if (session.gone === "limited") return [...session.queue.splice(0), dailyLimitReached(message)];
    // A client that hung up gets its events on the next connect.
    if (request.signal.aborted) return [];
    this.#oauth.user(session.token);
    return [...session.queue.splice(0), connectOk(message, first)];
  }

  async #hold(session: Session, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const wake = () => stop.abort();
    session.wake = wake;
    signal.addEventListener("abort", wake, { once: true });
    if (!signal.aborted) await this.#org.clock.sleep(holdMs, stop.signal).catch(() => undefined);
    signal.removeEventListener("abort", wake);
    if (session.wake !== wake) return;
    session.wake = null;
    session.answeredAt = this.#org.clock.now();
  }

  #subscribe(session: Session, message: BayeuxMessage, channel: string): Reply {
    const refuse = (error: string) => refused(message, error, { subscription: channel });
    const [, name] = /^\/event\/(\w+)$/.exec(channel) ?? [];
    if (/^\/(meta|service)\/|\*/.test(channel)) return refuse("403::Restricted channel");
    if (channel.startsWith("/data/"))
      return refuse("403::User not allowed to subscribe CDC without View All Data permissions");
    if (name === undefined) return refuse("404::Unknown channel");
    if (this.#org.schema.find(name)?.kind !== "event")
      return refuse(`400::The channel you requested to subscribe to doesn't exist {${channel}}`);
    const map = message.ext?.replay;
    let from: unknown = -1;
    if (typeof map === "object" && map !== null) {
      if (!(channel in map)) return refuse(missingReplay(channel, map as Record<string, unknown>));
      from = (map as Record<string, unknown>)[channel];
    }
    const position = typeof from === "string" ? Number(from) : from;
    const missed = typeof position === "number" ? this.#bus.replay(channel, position) : undefined;
    if (!missed) return refuse(staleReplay(String(from)));
    session.channels.add(channel);
    session.queue.push(...missed.map((e) => ({ data: e.data, channel: e.channel })));
    this.#count(missed.length);
    if (missed.length > 0) session.wake?.();
    return ok(message, { subscription: channel });
  }
}
