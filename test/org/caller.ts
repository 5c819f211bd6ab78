/** A plain HTTP client of the org, for its own tests: one token, JSON in and out. */
import { afterEach } from "vitest";
import { ManualClock } from "../support/manual-clock.ts";
import type { StandInOrg, StartOptions } from "./start.ts";
import { startOrg } from "./start.ts";

export interface Reply {
  status: number;
  headers: Headers;
  /** Parsed when it was JSON, else the text. */
  body: unknown;
}

export class Caller {
  readonly org: StandInOrg;
  readonly clock: ManualClock;
  token = "";
  constructor(org: StandInOrg, clock: ManualClock) {
    this.org = org;
    this.clock = clock;
  }
  async login(): Promise<string> {
    const { body } = await this.form("/services/oauth2/token", {
      grant_type: "client_credentials",
      client_id: this.org.clientId,
      client_secret: this.org.clientSecret,
    });
    this.token = (body as { access_token: string }).access_token;
    return this.token;
  }
  async send(path: string, init: RequestInit = {}): Promise<Reply> {
    const response = await fetch(this.org.url + path, init);
    const text = await response.text();
    const json = /json/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: json && text !== "" ? (JSON.parse(text) as unknown) : text,
    };
  }
  form(path: string, fields: Record<string, string>): Promise<Reply> {
    return this.send(path, { method: "POST", body: new URLSearchParams(fields) });
  }
  /** A call below /services/data/v67.0 with the token. */
  rest(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    return this.send(`/services/data/v67.0${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
  query(soql: string, all = false): Promise<Reply> {
    return this.rest("GET", `/${all ? "queryAll" : "query"}?q=${encodeURIComponent(soql)}`);
  }
}

/** Lets everything else run until it holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise<void>((resolve) => setImmediate(resolve));
}

const opened: StandInOrg[] = [];
afterEach(async () => {
  for (const org of opened.splice(0)) await org.close();
});

/** A fresh org on a manual clock, logged in; closed after the test. */
export async function openOrg(options: StartOptions = {}): Promise<Caller> {
  const clock = new ManualClock();
  const org = await startOrg({ clock, ...options });
  opened.push(org);
  const caller = new Caller(org, clock);
  await caller.login();
  return caller;
}
