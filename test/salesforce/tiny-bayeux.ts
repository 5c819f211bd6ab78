import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { BayeuxMessage } from "../../service/salesforce/bayeux.ts";

export const channel = "/event/Lantern_Change__e";
/** A message as it came, with the token it came under. */
export type Sent = BayeuxMessage & { token: string; clientId?: string };
type Reply = (message: Sent) => object | "silence" | "hold";

/**
 * A streaming endpoint a test scripts: each rule answers the next messages to its channel in turn, then the usual
 * answers follow. Connects are held until `release`.
 */
export async function tinyBayeux() {
  const sent: Sent[] = [];
  const rules = new Map<string, Reply[]>();
  const held: { message: Sent; response: ServerResponse }[] = [];
  const connected = new Set<string>();
  let clients = 0;

  const ok = (message: Sent, more: object = {}) => ({
    channel: message.channel,
    id: message.id,
    clientId: message.clientId,
    successful: true,
    ...more,
  });
  const usual = (message: Sent): object | "hold" => {
    switch (message.channel) {
      case "/meta/handshake":
        return ok(message, {
          clientId: `client${++clients}`,
          version: "1.0",
          supportedConnectionTypes: ["long-polling"],
          ext: { replay: true },
        });
      case "/meta/connect": {
        // The first connect of a client is answered at once.
        const client = message.clientId ?? "";
        // faye asks for an answer at once when a connect shares its request with other messages.
        if (connected.has(client) && message.advice?.timeout !== 0) return "hold";
        connected.add(client);
        return ok(message, { advice: { interval: 0, timeout: 110_000, reconnect: "retry" } });
      }
      default:
        return ok(message, { subscription: message.subscription });
    }
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const token = (request.headers.authorization ?? "").replace(/^OAuth /, "");
      const messages = JSON.parse(Buffer.concat(chunks).toString()) as BayeuxMessage[];
      const answers: object[] = [];
      for (const plain of messages) {
        const message: Sent = { ...plain, token };
        sent.push(message);
        const reply = rules.get(message.channel ?? "")?.shift()?.(message) ?? usual(message);
        if (reply === "silence") return;
        if (reply === "hold") {
          held.push({ message, response });
          response.on("close", () => held.splice(0, held.length, ...held.filter((one) => one.response !== response)));
        } else answers.push(reply);
        // A goodbye ends the client's held connect, as the real endpoint does.
        if (message.channel === "/meta/disconnect") release([], (one) => one.clientId === message.clientId);
      }
      if (!held.some((one) => one.response === response))
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answers));
    });
  });

  /** Ends held connects with these messages before their own answer. */
  const release = (
    messages: object[],
    which: (message: Sent) => boolean = () => true,
    answer: (message: Sent) => object = (message) => ok(message),
  ) => {
    for (const one of held.filter(({ message }) => which(message))) {
      held.splice(held.indexOf(one), 1);
      one.response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify([...messages, answer(one.message)]));
    }
  };

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    held,
    of: (meta: string) => sent.filter((message) => message.channel === `/meta/${meta}`),
    /** The next messages to `/meta/<name>` are answered so, each once. */
    next: (meta: string, ...replies: Reply[]) => rules.set(`/meta/${meta}`, replies),
    release,
    publish: (...events: object[]) => release(events),
  };
}

export const event = (replayId: number, payload: object = {}) => ({
  channel,
  data: { schema: "s", payload, event: { replayId, EventUuid: `uuid-${replayId}` } },
});
export const failed =
  (error: string, more: object = {}): Reply =>
  ({ channel: meta, id, clientId, subscription }) => ({
    channel: meta,
    id,
    clientId,
    subscription,
    successful: false,
    error,
    ...more,
  });
