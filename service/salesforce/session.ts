/**
 * Logging in and staying so. Neither flow has a refresh token: a stale token is replaced by asking again. Concurrent
 * requests share one login, and logins are capped, because an org that refuses every fresh token (a revoked app, an IP
 * range) would otherwise be asked for ever, each try an API call.
 */
import { createSign } from "node:crypto";
import jsforce, { type Connection, type OAuth2 } from "jsforce";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { SalesforceError } from "./errors.ts";
import { getAllowedOrigin, type HostRule } from "./hosts.ts";
import { getId } from "./ids.ts";
import type { BoundedTransport } from "./transport.ts";

export type SalesforceAuth =
  | { kind: "client_credentials"; clientId: string; clientSecret: string }
  | {
      kind: "jwt_bearer";
      clientId: string;
      username: string;
      /** PEM, RSA. */
      privateKey: string;
      /** https://login.salesforce.com, https://test.salesforce.com, or the My Domain. */
      audience: string;
    };

export interface SessionOptions {
  /** Where tokens are asked for: the My Domain for client credentials. */
  loginUrl: string;
  auth: SalesforceAuth;
  hosts: HostRule;
  clock: Clock;
  /** The org's time; an assertion dated by a wrong clock is refused. */
  serverNow: () => number;
}

export interface LiveSession {
  accessToken: string;
  instanceUrl: string;
}

/** Salesforce says no expiry; `id` ends in the org's and the user's id. */
const TokenAnswer = z.object({ access_token: z.string().min(1), instance_url: z.string(), id: z.string() });

const loginsPerMinute = 6; // the first and five refreshes

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function assertion(auth: Extract<SalesforceAuth, { kind: "jwt_bearer" }>, nowMs: number): string {
  const claims = { iss: auth.clientId, sub: auth.username, aud: auth.audience, exp: Math.floor(nowMs / 1000) + 180 };
  const text = `${base64url({ alg: "RS256", typ: "JWT" })}.${base64url(claims)}`;
  try {
    return `${text}.${createSign("RSA-SHA256").update(text).sign(auth.privateKey, "base64url")}`;
  } catch (error) {
    throw new SalesforceError(
      "permanent",
      "INVALID_PRIVATE_KEY",
      "The private key for the JWT login cannot be read; give it as PEM.",
      error,
    );
  }
}

export class Session {
  readonly #connection: Connection;
  /** Apart from the connection: one that knows the credentials installs jsforce's own refresh, which never ends. */
  readonly #oauth2: OAuth2;
  readonly #options: SessionOptions;
  #logins: number[] = [];
  #running: Promise<LiveSession> | undefined;
  #live: LiveSession | undefined;
  #identity: { userId: string; orgId: string } | undefined;

  constructor(connection: Connection, transport: BoundedTransport, options: SessionOptions) {
    this.#connection = connection;
    this.#options = options;
    const { auth } = options;
    const oauth2 = new jsforce.OAuth2({
      loginUrl: getAllowedOrigin(options.loginUrl, options.hosts),
      clientId: auth.clientId,
      ...(auth.kind === "client_credentials" ? { clientSecret: auth.clientSecret } : {}),
    });
    oauth2._transport = transport;
    this.#oauth2 = oauth2;
  }

  /** The session at hand, logging in when there is none. */
  async get(): Promise<LiveSession> {
    return this.#live ?? (await this.#login());
  }

  /** Another session than the one whose token was refused; the one at hand when somebody else replaced it already. */
  async replace(staleToken: string): Promise<LiveSession> {
    return this.#live && this.#live.accessToken !== staleToken ? this.#live : await this.#login();
  }

  /** Ids of the user we act as and of the org, from the token answer. */
  async identity(): Promise<{ userId: string; orgId: string }> {
    await this.get();
    if (!this.#identity)
      throw new SalesforceError("session", "NOT_LOGGED_IN", "There is no session with Salesforce yet.");
    return this.#identity;
  }

  #login(): Promise<LiveSession> {
    this.#running ??= this.#request().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #request(): Promise<LiveSession> {
    const { auth, clock, hosts, serverNow } = this.#options;
    const now = clock.now();
    this.#logins = this.#logins.filter((at) => at > now - 60_000);
    if (this.#logins.length >= loginsPerMinute)
      throw new SalesforceError(
        "session",
        "TOO_MANY_LOGINS",
        "Salesforce keeps refusing its own fresh access tokens, so no more are asked for this minute. Check the app's policies (IP ranges, permitted users) and that its user is active and may use the API.",
      );
    this.#logins.push(now);
    const answer = await this.#ask(
      auth.kind === "client_credentials"
        ? { grant_type: "client_credentials" }
        : { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: assertion(auth, serverNow()) },
    );
    // Checked before the connection learns of it: no call may carry the token to a host that is not allowed.
    const instanceUrl = getAllowedOrigin(answer.instance_url, hosts);
    const [orgId = "", userId = ""] = answer.id.split("/").slice(-2).map(getId);
    this.#connection.accessToken = answer.access_token;
    this.#connection.instanceUrl = instanceUrl;
    this.#identity = { orgId, userId };
    this.#live = { accessToken: answer.access_token, instanceUrl };
    return this.#live;
  }

  async #ask(parameters: Record<string, string> & { grant_type: string }): Promise<z.infer<typeof TokenAnswer>> {
    let answer: unknown;
    try {
      answer = await this.#oauth2.requestToken(parameters);
    } catch (error) {
      throw this.#worded(error);
    }
    const parsed = TokenAnswer.safeParse(answer);
    if (!parsed.success) throw this.#worded(parsed.error);
    return parsed.data;
  }

  #worded(error: unknown): SalesforceError {
    if (!(error instanceof SalesforceError))
      return new SalesforceError("session", "LOGIN_FAILED", "Salesforce's login answer could not be read.", error);
    if (error.kind === "transient" || error.statusCode === "INVALID_PRIVATE_KEY") return error;
    const reason = error.message.replace(/^Salesforce refused the login: /, "");
    return new SalesforceError(
      "session",
      error.statusCode,
      `Salesforce refused the login (${reason}). Check the client id, its secret or key, the login address and the app's policies.`,
      error,
    );
  }
}
