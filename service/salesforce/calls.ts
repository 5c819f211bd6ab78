/**
 * One call to the org, with everything that holds for all of them: budget, session, time limit, the few repeats that
 * are safe, counters, and what each answer's headers tell.
 */
import { setTimeout as pause } from "node:timers/promises";
// At run time jsforce exports one object; its named exports exist for the compiler only.
import jsforce, { type Connection, type HttpMethods } from "jsforce";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { jsonOf, type Effect } from "./answers.ts";
import { SalesforceError } from "./errors.ts";
import type { HostRule } from "./hosts.ts";
import { nextBudget, parseLimitInfo, unknownBudget } from "./limits.ts";
import type { ApiBudget, CallOptions } from "./port.ts";
import { Session, type LiveSession, type SalesforceAuth } from "./session.ts";
import { BoundedTransport } from "./transport.ts";

/** What the platform's usage logs show us as. */
export const clientName = "Lantern/0.1";

export interface CallsOptions {
  loginUrl: string;
  auth: SalesforceAuth;
  hosts: HostRule;
  apiVersion: string;
  clock: Clock;
  log: Logger;
  timeoutMs: number;
  writeTimeoutMs: number;
  /** In [0, 1): spreads repeats. */
  random: () => number;
}

export interface Call {
  /** Counted under this name; named so in messages: "the query". */
  kind: string;
  method: HttpMethods;
  /** Below the instance, or below `/services/data/vXX` when it does not begin with `/services`. */
  path: string;
  effect: Effect;
  body?: string | ((accessToken: string) => string);
  headers?: Record<string, string>;
}

const repeats = 3;
const firstPauseMs = 300;

export class Calls {
  readonly session: Session;
  readonly #connection: Connection;
  readonly #options: CallsOptions;
  readonly #counts = new Map<string, number>();
  #budget: ApiBudget = unknownBudget;
  /** The org's clock minus ours. */
  #aheadMs = 0;

  constructor(options: CallsOptions) {
    this.#options = options;
    const { timeoutMs, apiVersion } = options;
    const transport = new BoundedTransport({ timeoutMs, effect: "read", what: "the login" }, (headers) =>
      this.#hear(headers),
    );
    // Without credentials here jsforce installs no refresh of its own: a 401 comes back to us, once.
    this.#connection = new jsforce.Connection({
      version: apiVersion,
      loginUrl: options.loginUrl,
      callOptions: { client: clientName },
    });
    this.#connection._transport = transport;
    this.session = new Session(this.#connection, transport, { ...options, serverNow: () => this.serverNow() });
  }

  budget = (): ApiBudget => this.#budget;
  counts = (): Record<string, number> => Object.fromEntries(this.#counts);
  serverNow = (): number => this.#options.clock.now() + this.#aheadMs;

  /** Parsed JSON of the answer. Throws `SalesforceError`. */
  async json(call: Call, options: CallOptions = {}): Promise<unknown> {
    return jsonOf(await this.text(call, options), call.effect, `the ${call.kind}`);
  }

  /** The answer's text. A refused session is replaced and the call repeated once; a GET is repeated a few times more. */
  async text(call: Call, options: CallOptions = {}): Promise<string> {
    const headers = { ...(call.body === undefined ? {} : { "content-type": "application/json" }), ...call.headers };
    let renewed = false;
    for (let tries = 0; ;) {
      this.#checkBudget(call, options);
      const session = await this.session.get();
      try {
        return await this.#send({ ...call, headers }, session, options);
      } catch (error) {
        if (!(error instanceof SalesforceError)) throw error;
        // The platform refuses a dead session before doing anything, so this repeat is safe for writes too.
        if (error.kind === "session" && !renewed) {
          renewed = true;
          await this.session.replace(session.accessToken);
          continue;
        }
        if (call.method !== "GET" || error.kind !== "transient" || ++tries > repeats || options.signal?.aborted)
          throw error;
        this.#options.log.debug({ call: call.kind, code: error.statusCode, tries }, "asking Salesforce again");
        // Real time, like the time limit: these fractions of a second belong to the one call that is under way.
        await pause(this.#options.random() * firstPauseMs * 2 ** tries);
      }
    }
  }

  async #send(call: Call, session: LiveSession, options: CallOptions): Promise<string> {
    this.#counts.set(call.kind, (this.#counts.get(call.kind) ?? 0) + 1);
    const { timeoutMs, writeTimeoutMs } = this.#options;
    const request = {
      method: call.method,
      url: call.path,
      headers: call.headers ?? {},
      ...(call.body === undefined
        ? {}
        : { body: typeof call.body === "string" ? call.body : call.body(session.accessToken) }),
    };
    return this.#connection.request<string>(request, {
      timeoutMs: options.timeoutMs ?? (call.effect === "write" ? writeTimeoutMs : timeoutMs),
      effect: call.effect,
      what: `the ${call.kind}`,
      signal: options.signal,
    });
  }

  #checkBudget(call: Call, options: CallOptions): void {
    if (options.urgency !== "deferrable" || this.#budget.state !== "essential") return;
    const { used, limit } = this.#budget;
    throw new SalesforceError(
      "quota",
      "API_BUDGET",
      `${used} of the org's ${limit} API calls of the last 24 hours are used; the ${call.kind} waits until it is under 75 %.`,
    );
  }

  #hear(headers: Headers): void {
    const date = Date.parse(headers.get("date") ?? "");
    if (!Number.isNaN(date)) this.#aheadMs = date - this.#options.clock.now();
    const seen = parseLimitInfo(headers.get("sforce-limit-info"));
    if (!seen) return;
    const before = this.#budget.state;
    this.#budget = nextBudget(this.#budget, seen);
    if (this.#budget.state !== before)
      this.#options.log.warn({ ...this.#budget, before }, "the org's API budget changed state");
  }
}
