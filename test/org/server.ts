/** The HTTP side: reads a request, finds the part that answers it, lets faults have their way, writes the answer. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { QueryJobs } from "./bulk/query-jobs.ts";
import type { CometD } from "./cometd/endpoint.ts";
import type { Control } from "./control.ts";
import { handleControl } from "./control-http.ts";
import { PlatformError, restError } from "./engine/errors.ts";
import type { Org } from "./engine/org.ts";
import type { Faults } from "./faults.ts";
import type { HttpAnswer, HttpRequest } from "./http.ts";
import { collapse } from "./http.ts";
import type { OAuth } from "./oauth.ts";
import { bearer } from "./oauth.ts";
import type { Cursors } from "./rest/cursors.ts";
import { handleRest, kindOf, versions } from "./rest/routes.ts";
import { handleSoap, soapKind } from "./soap/endpoint.ts";
import type { ApiUsage } from "./usage.ts";

interface Host {
  org: Org;
  oauth: OAuth;
  usage: ApiUsage;
  cursors: Cursors;
  jobs: QueryJobs;
  allowances: () => Record<string, { max: number; used: number }>;
  faults: Faults;
  cometd: CometD;
  control: Control;
}

/** Of the URI, and of URI and headers together. */
const maxHeadBytes = 16_384;

/** Where a request goes: its kind (for faults and counters), whether it costs an API call, and who answers. */
interface Destination {
  kind: string;
  counted: boolean;
  answer: () => HttpAnswer | Promise<HttpAnswer>;
}

function destination(host: Host, request: HttpRequest, base: string): Destination {
  const { path } = request;
  const free = (kind: string, answer: Destination["answer"]): Destination => ({ kind, counted: false, answer });
  if (path.startsWith("/__control/")) return free("control", () => handleControl(host.control, request));
  if (path.startsWith("/services/oauth2/"))
    return free(path.slice("/services/oauth2/".length), () => host.oauth.answer(request, base));
  if (path.startsWith("/id/")) return free("identity", () => host.oauth.answer(request, base));
  if (path.startsWith("/cometd")) return free("cometd", () => host.cometd.answer(request));
  if (/^\/services\/data\/?$/.test(path))
    return free("versions", () => ({ status: 200, json: versions(host.org.apiVersion) }));
  if (path.startsWith("/services/data/"))
    return { kind: kindOf(request.method, path), counted: true, answer: () => rest(host, request) };
  if (path.startsWith("/services/Soap/u/"))
    return {
      kind: soapKind(request.body),
      counted: true,
      answer: () => handleSoap({ org: host.org, usage: host.usage, user: (token) => host.oauth.user(token) }, request),
    };
  return free("unknown", () => ({
    status: 404,
    json: [{ errorCode: "NOT_FOUND", message: "The requested resource does not exist" }],
  }));
}

async function rest(host: Host, request: HttpRequest): Promise<HttpAnswer> {
  const info = { "Sforce-Limit-Info": host.usage.header() };
  try {
    checkHead(request);
    const userId = host.oauth.user(bearer(request));
    if (userId === undefined) throw new PlatformError("INVALID_SESSION_ID", "Session expired or invalid");
    if (host.usage.exhausted()) throw new PlatformError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");
    const { org, cursors, usage, jobs, allowances } = host;
    const { method, query, headers, path } = request;
    const base = { org, cursors, usage, jobs, allowances, userId, method, query, headers, body: jsonBody(request) };
    const answer = await org.locks.around(request.signal, (finished) =>
      handleRest({ ...base, finished, tx: null }, path),
    );
    return {
      status: answer.status,
      json: answer.body,
      ...(answer.text === undefined ? {} : { text: answer.text }),
      ...(answer.type === undefined ? {} : { type: answer.type }),
      headers: { ...info, ...answer.headers },
    };
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return { status: error.status, json: [restError(error)], headers: info };
  }
}

function checkHead(request: HttpRequest): void {
  const uri = Buffer.byteLength(request.url);
  if (uri > maxHeadBytes) throw new PlatformError("URI_TOO_LONG", "The URI exceeds 16,384 bytes.");
  const headers = Object.entries(request.headers).reduce(
    (sum, [name, value]) => sum + name.length + (value ?? "").length + 4,
    0,
  );
  if (uri + headers > maxHeadBytes)
    throw new PlatformError("REQUEST_HEADER_TOO_LARGE", "URI and headers together exceed 16,384 bytes.", {
      status: 431,
    });
}

function jsonBody(request: HttpRequest): unknown {
  if (request.body === "") return undefined;
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("application/json"))
    throw new PlatformError(
      "UNSUPPORTED_MEDIA_TYPE",
      `Content type ${type === "" ? "(none)" : type} is not supported by this org.`,
    );
  try {
    return JSON.parse(request.body);
  } catch (error) {
    throw new PlatformError("JSON_PARSER_ERROR", (error as Error).message);
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

async function serve(host: Host, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const base = `http://${incoming.headers.host ?? "127.0.0.1"}`;
  const url = incoming.url ?? "/";
  const parsed = new URL(url.replace(/^\/{2,}/, "/"), base);
  const left = new AbortController();
  outgoing.on("close", () => left.abort());
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(incoming.headers))
    headers[name] = Array.isArray(value) ? value.join(", ") : value;
  const request: HttpRequest = {
    method: incoming.method ?? "GET",
    path: collapse(parsed.pathname),
    url,
    query: parsed.searchParams,
    headers,
    body: await readBody(incoming),
    signal: left.signal,
  };
  const to = destination(host, request, base);
  const call = { kind: to.kind, method: request.method, path: request.path, body: request.body };
  const work = async () => {
    if (to.counted) host.usage.count(to.kind);
    return to.answer();
  };
  const answer = to.kind === "control" ? await work() : await host.faults.around(call, request.signal, work);
  if (answer === "cut" || outgoing.destroyed) {
    incoming.socket.destroy();
    return;
  }
  write(host, outgoing, answer);
}

function write(host: Host, outgoing: ServerResponse, answer: HttpAnswer): void {
  const body = answer.text ?? (answer.json === undefined ? "" : JSON.stringify(answer.json));
  outgoing.writeHead(answer.status, {
    Date: new Date(host.org.clock.now()).toUTCString(),
    ...(body === "" ? {} : { "Content-Type": answer.type ?? "application/json;charset=UTF-8" }),
    ...(answer.status === 204 || answer.status === 304 ? {} : { "Content-Length": Buffer.byteLength(body) }),
    ...answer.headers,
  });
  outgoing.end(answer.status === 204 || answer.status === 304 ? undefined : body);
}

/** A defect of the stand-in itself must be seen, not look like the platform's refusal. */
export const listener =
  (host: Host) =>
  (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    serve(host, incoming, outgoing).catch((error: unknown) => {
      if (outgoing.headersSent || outgoing.destroyed) return;
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      write(host, outgoing, { status: 500, json: [{ errorCode: "STAND_IN_DEFECT", message }] });
    });
  };
