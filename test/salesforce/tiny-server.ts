import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { connectSalesforce, type ConnectOptions, type Salesforce } from "../../service/salesforce/index.ts";
import { ManualClock } from "../support/manual-clock.ts";

export interface Asked {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** What one request is answered; a string is a JSON body with status 200. */
export type Answer = (asked: Asked, response: ServerResponse) => void;

export const json =
  (value: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response
      .writeHead(status, { "content-type": "application/json;charset=UTF-8", ...headers })
      .end(JSON.stringify(value));
  };
export const html =
  (status: number): Answer =>
  (_, response) => {
    response.writeHead(status, { "content-type": "text/html" }).end("<html><body>Sorry</body></html>");
  };
export const xml =
  (inner: string, status = 200): Answer =>
  (_, response) => {
    response
      .writeHead(status, { "content-type": "text/xml" })
      .end(
        `<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>${inner}</soapenv:Body></soapenv:Envelope>`,
      );
  };
export const silence: Answer = () => undefined;
/** The connection dies before anything is said. */
export const cut: Answer = (_, response) => (response.socket as Socket).resetAndDestroy();
/** The connection dies in the middle of the body. */
export const cutBody: Answer = (_, response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "1000" }).write("[{");
  setImmediate(() => (response.socket as Socket).resetAndDestroy());
};
export const expired = json([{ message: "Session expired or invalid", errorCode: "INVALID_SESSION_ID" }], 401);
export const rows = (...records: object[]) => json({ totalSize: records.length, done: true, records });

/** A server that speaks just what a case needs: token requests always succeed unless a case says otherwise. */
export async function tinyServer(answer: Answer, login?: Answer) {
  const asked: Asked[] = [];
  let logins = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      if (one.path === "/services/oauth2/token") {
        logins++;
        return (login ?? tokenAnswer(url, `token-${logins}`))(one, response);
      }
      asked.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(close);
  return { url, asked, logins: () => logins, close };
}

export const tokenAnswer = (url: string, token: string, instanceUrl = url): Answer =>
  json({
    access_token: token,
    instance_url: instanceUrl,
    id: `${url}/id/00D000000000001EAA/005000000000001AAA`,
    token_type: "Bearer",
  });

/** Answers in turn; the last one stays. */
export const inTurn = (...answers: Answer[]): Answer => {
  let next = 0;
  return (asked, response) => answers[Math.min(next++, answers.length - 1)]?.(asked, response);
};

export const quiet = pino({ level: "silent" });

export async function connectTo(
  url: string,
  options: Partial<ConnectOptions> = {},
): Promise<{ salesforce: Salesforce; clock: ManualClock }> {
  const clock = new ManualClock();
  const salesforce = await connectSalesforce({
    loginUrl: url,
    auth: { kind: "client_credentials", clientId: "client", clientSecret: "secret" },
    allowInsecureLocal: true,
    clock,
    log: quiet,
    random: () => 0,
    ...options,
  });
  return { salesforce, clock };
}
