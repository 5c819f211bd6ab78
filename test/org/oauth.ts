/** Access tokens: client credentials, JWT bearer and refresh with rotation; sliding session timeout, revoke, identity. */
import { createVerify, generateKeyPairSync } from "node:crypto";
import type { Clock } from "../../service/clock.ts";
import type { HttpAnswer, HttpRequest } from "./http.ts";
import type { Org } from "./engine/org.ts";

export interface OAuthApp {
  clientId: string;
  clientSecret: string;
  /** PEM, for JWT bearer; the org keeps only the public half. */
  privateKey: string;
  username: string;
  runAs: string;
}
interface Session {
  userId: string;
  usedAt: number;
  /** The grant it was made from, when that was a refresh token. */
  grant?: Grant;
}
/** What a user has authorised: all refresh tokens that follow one another are one grant. */
interface Grant {
  userId: string;
}

const refusal = (error: string, description: string, status = 400): HttpAnswer => ({
  status,
  json: { error, error_description: description },
});

/** One pair a process: making it is the slowest part of starting an org. */
let pair: { publicKey: string; privateKey: string } | undefined;
const keyPair = () =>
  (pair ??= generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }));

export class OAuth {
  readonly app: OAuthApp;
  /** Sessions end this long after their last use. */
  timeoutMs = 2 * 3_600_000;
  readonly #org: Org;
  readonly #clock: Clock;
  readonly #publicKey: string;
  readonly #sessions = new Map<string, Session>();
  readonly #refreshTokens = new Map<string, Grant>();
  /** Each refresh gives a new refresh token and ends the old one, as Salesforce recommends. */
  rotateRefreshTokens = true;
  #issued = 0;
  /** Called with a token that no longer counts. */
  onEnd: (token: string) => void = () => undefined;

  constructor(org: Org, given: { username: string; runAs: string }) {
    this.#org = org;
    this.#clock = org.clock;
    const pair = keyPair();
    this.#publicKey = pair.publicKey;
    this.app = {
      clientId: "3MVG9standin.org.lantern.for.salesforce",
      clientSecret: "standin-client-secret",
      privateKey: pair.privateKey,
      ...given,
    };
  }

  /** The user of a live token, whose session it prolongs. */
  user(token: string | undefined): string | undefined {
    const session = token === undefined ? undefined : this.#sessions.get(token);
    if (token === undefined || !session) return undefined;
    if (this.#clock.now() - session.usedAt > this.timeoutMs) {
      this.#end(token);
      return undefined;
    }
    session.usedAt = this.#clock.now();
    return session.userId;
  }
  #end(token: string): void {
    if (this.#sessions.delete(token)) this.onEnd(token);
  }
  /** Ends one session, or all. */
  revoke(token?: string): void {
    for (const known of token === undefined ? [...this.#sessions.keys()] : [token]) this.#end(known);
  }
  /** Every session has been idle for too long, without any being told. */
  expire(): void {
    for (const session of this.#sessions.values()) session.usedAt = this.#clock.now() - this.timeoutMs - 1;
  }

  /** A refresh token, as an authorisation in the browser would have ended with. */
  mintRefreshToken(userId: string = this.app.runAs): string {
    return this.#refreshToken({ userId });
  }
  #refreshToken(grant: Grant): string {
    const token = `5Aep861${(++this.#issued).toString(36).padStart(6, "0")}.${Math.random().toString(36).slice(2)}`;
    this.#refreshTokens.set(token, grant);
    return token;
  }
  #revokeGrant(grant: Grant): void {
    for (const [token, of] of this.#refreshTokens) if (of === grant) this.#refreshTokens.delete(token);
    for (const [token, session] of [...this.#sessions]) if (session.grant === grant) this.#end(token);
  }

  answer(request: HttpRequest, base: string): HttpAnswer {
    if (request.path.startsWith("/id/")) return this.#identity(request, base);
    switch (request.path) {
      case "/services/oauth2/token":
        if (request.method !== "POST") return refusal("invalid_request", "must use HTTP POST");
        return this.#token(new URLSearchParams(request.body), base);
      case "/services/oauth2/revoke": {
        const token = new URLSearchParams(request.body).get("token") ?? request.query.get("token");
        const grant = this.#refreshTokens.get(token ?? "");
        if (grant) {
          // A refresh token takes the sessions made from it with it.
          this.#revokeGrant(grant);
          return { status: 200, text: "" };
        }
        if (token === null || !this.#sessions.has(token))
          return refusal("unsupported_token_type", "this token type is not supported");
        this.#end(token);
        return { status: 200, text: "" };
      }
      case "/services/oauth2/userinfo":
        return this.#identity(request, base);
      default:
        return refusal("invalid_request", `the endpoint ${request.path} is not supported by this org`, 404);
    }
  }

  #token(form: URLSearchParams, base: string): HttpAnswer {
    const grant = form.get("grant_type");
    if (grant === "client_credentials") {
      if (form.get("client_id") !== this.app.clientId) return refusal("invalid_client_id", "client identifier invalid");
      if (form.get("client_secret") !== this.app.clientSecret)
        return refusal("invalid_client", "invalid client credentials");
      return this.#issue(base);
    }
    if (grant === "refresh_token") return this.#refresh(form, base);
    if (grant === "urn:ietf:params:oauth:grant-type:jwt-bearer") {
      const reason = this.#refuseAssertion(form.get("assertion") ?? "", base);
      return reason === undefined ? this.#issue(base) : refusal("invalid_grant", reason);
    }
    return refusal("unsupported_grant_type", `grant type not supported: ${grant ?? "none given"}`);
  }

  #refresh(form: URLSearchParams, base: string): HttpAnswer {
    if (form.get("client_id") !== this.app.clientId) return refusal("invalid_client_id", "client identifier invalid");
    const secret = form.get("client_secret");
    // An app may do without its secret here; a wrong one is refused all the same.
    if (secret !== null && secret !== this.app.clientSecret)
      return refusal("invalid_client", "invalid client credentials");
    const token = form.get("refresh_token") ?? "";
    const grant = this.#refreshTokens.get(token);
    if (!grant) return refusal("invalid_grant", "expired access/refresh token");
    const user = this.#org.rows.get(this.#org.schema.get("User"), grant.userId);
    if (user?.IsActive !== true) return refusal("inactive_user", "user is inactive");
    if (!this.rotateRefreshTokens) return this.#issue(base, grant);
    this.#refreshTokens.delete(token);
    return this.#issue(base, grant, { refresh_token: this.#refreshToken(grant) });
  }

  #refuseAssertion(assertion: string, base: string): string | undefined {
    const [head = "", claims = "", signature = ""] = assertion.split(".");
    let header: Record<string, unknown>;
    let payload: Record<string, unknown>;
    try {
      header = JSON.parse(Buffer.from(head, "base64url").toString()) as Record<string, unknown>;
      payload = JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<string, unknown>;
    } catch {
      return "invalid assertion";
    }
    if (header.alg !== "RS256") return "invalid assertion: the algorithm must be RS256";
    const verified = createVerify("RSA-SHA256")
      .update(`${head}.${claims}`)
      .verify(this.#publicKey, Buffer.from(signature, "base64url"));
    if (!verified) return "invalid assertion: the signature does not match";
    if (payload.iss !== this.app.clientId) return "invalid_client_id: client identifier invalid";
    if (payload.sub !== this.app.username) return "user hasn't approved this consumer";
    const audiences = Array.isArray(payload.aud) ? (payload.aud as unknown[]) : [payload.aud];
    const accepted = ["https://login.salesforce.com", "https://test.salesforce.com", base];
    if (!audiences.some((a) => typeof a === "string" && accepted.includes(a))) return "audience is invalid";
    const now = this.#clock.now() / 1000;
    if (typeof payload.exp !== "number" || payload.exp <= now)
      return "expired authorization code: the assertion has expired";
    if (payload.exp > now + 300) return "invalid assertion: exp must be within 5 minutes";
    return undefined;
  }

  #issue(base: string, grant?: Grant, more: Record<string, string> = {}): HttpAnswer {
    const userId = grant?.userId ?? this.app.runAs;
    const token = `${this.#org.id.slice(0, 15)}!AQ${(++this.#issued).toString(36).padStart(6, "0")}.${Math.random().toString(36).slice(2)}`;
    this.#sessions.set(token, { userId, usedAt: this.#clock.now(), ...(grant ? { grant } : {}) });
    return {
      status: 200,
      json: {
        access_token: token,
        instance_url: base,
        id: `${base}/id/${this.#org.id}/${userId}`,
        token_type: "Bearer",
        issued_at: String(this.#clock.now()),
        signature: "c3RhbmQtaW4=",
        scope: grant ? "api refresh_token" : "api",
        ...more,
      },
    };
  }

  #identity(request: HttpRequest, base: string): HttpAnswer {
    const userId = this.user(bearer(request) ?? request.query.get("oauth_token") ?? undefined);
    if (userId === undefined) return { status: 403, text: "Bad_OAuth_Token", type: "text/html" };
    const user = this.#org.rows.get(this.#org.schema.get("User"), userId) ?? {};
    return {
      status: 200,
      json: {
        id: `${base}/id/${this.#org.id}/${userId}`,
        sub: `${base}/id/${this.#org.id}/${userId}`,
        asserted_user: true,
        user_id: userId,
        organization_id: this.#org.id,
        username: user.Username,
        preferred_username: user.Username,
        display_name: user.Name,
        name: user.Name,
        email: user.Email,
        active: user.IsActive,
        user_type: "STANDARD",
        urls: {
          rest: `${base}/services/data/v{version}/`,
          query: `${base}/services/data/v{version}/query/`,
          sobjects: `${base}/services/data/v{version}/sobjects/`,
          partner: `${base}/services/Soap/u/{version}/${this.#org.id}`,
        },
      },
    };
  }
}

/** The token of an Authorization header, `Bearer …` or `OAuth …`. */
export const bearer = (request: Pick<HttpRequest, "headers">): string | undefined =>
  /^(?:Bearer|OAuth)\s+(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
