import type { Caller } from "../caller.ts";

export const changeChannel = "/event/Lantern_Change__e";
export type Message = Record<string, unknown>;

/** A hand-driven Bayeux client: every message is a step of the test. */
export class BayeuxClient {
  readonly #caller: Caller;
  clientId = "";
  cookie = "";
  #id = 0;
  constructor(caller: Caller) {
    this.#caller = caller;
  }
  async post(messages: Message[], headers: Record<string, string> = {}): Promise<Message[]> {
    const reply = await this.#caller.send("/cometd/67.0", {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `OAuth ${this.#caller.token}`,
        ...(this.cookie === "" ? {} : { Cookie: this.cookie }),
        ...headers,
      },
      body: JSON.stringify(
        messages.map((m) => ({
          id: String(++this.#id),
          ...(this.clientId === "" ? {} : { clientId: this.clientId }),
          ...m,
        })),
      ),
    });
    this.cookie = reply.headers.get("set-cookie")?.split(";")[0] ?? this.cookie;
    return reply.body as Message[];
  }
  async handshake(): Promise<Message> {
    const [reply = {}] = await this.post([
      { channel: "/meta/handshake", version: "1.0", supportedConnectionTypes: ["long-polling"] },
    ]);
    this.clientId = String(reply.clientId);
    return reply;
  }
  connect(more: Message = {}): Promise<Message[]> {
    return this.post([{ channel: "/meta/connect", connectionType: "long-polling", ...more }]);
  }
  async subscribe(from?: unknown, to = changeChannel): Promise<Message> {
    const [reply = {}] = await this.post([
      {
        channel: "/meta/subscribe",
        subscription: to,
        ...(from === undefined ? {} : { ext: { replay: { [to]: from } } }),
      },
    ]);
    return reply;
  }
  /** Handshake, first connect, subscribe. */
  static async listening(caller: Caller, from?: unknown): Promise<BayeuxClient> {
    const client = new BayeuxClient(caller);
    await client.handshake();
    await client.connect();
    await client.subscribe(from);
    return client;
  }
}
