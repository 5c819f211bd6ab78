/**
 * How jsforce reaches the network here. jsforce keeps what it does well above it (token requests, URLs, session and
 * call-option headers); its own transport is replaced because it cannot be made safe from outside: its time limit ends
 * at the headers, a body cut half-way leaves the promise pending for ever, it follows redirects with the session
 * attached, and it cannot be aborted. This one bounds the whole exchange and speaks `SalesforceError` only, which
 * jsforce passes on as it is.
 */
import { PassThrough } from "node:stream";
import type { HttpRequest, HttpResponse } from "jsforce";
import { Transport } from "jsforce/lib/transport.js";
import { StreamPromise } from "jsforce/lib/util/promise.js";
import { failureOf, lost, type Effect } from "./answers.ts";
import { SalesforceError } from "./errors.ts";

export interface Exchange {
  /** For the whole answer, the body included. */
  timeoutMs: number;
  effect: Effect;
  /** Named in messages: "the query". */
  what: string;
  signal?: AbortSignal | undefined;
}

const largestAnswer = 64 * 1024 * 1024;
/** Failures before a single byte of the request could have left. */
const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "ENETUNREACH",
  "EHOSTUNREACH",
]);

export class BoundedTransport extends Transport {
  readonly #defaults: Exchange;
  readonly #onHeaders: (headers: Headers) => void;
  /** `onHeaders` sees the headers of each answer, failed ones too. */
  constructor(defaults: Exchange, onHeaders: (headers: Headers) => void) {
    super();
    this.#defaults = defaults;
    this.#onHeaders = onHeaders;
  }

  /** `options` are those given to `conn.request`; jsforce hands them on untouched. */
  override httpRequest(request: HttpRequest, options: object = {}): StreamPromise<HttpResponse> {
    const promise = this.#exchange(request, { ...this.#defaults, ...options });
    // jsforce wants a stream beside the promise; nobody here reads it.
    return StreamPromise.create(() => ({ stream: new PassThrough(), promise }));
  }

  async #exchange(request: HttpRequest, { timeoutMs, effect, what, signal }: Exchange): Promise<HttpResponse> {
    if (signal?.aborted)
      throw new SalesforceError("transient", "ABORTED", `Stopped before asking Salesforce for ${what}.`, signal.reason);
    // Real time on purpose, not the injected clock: a socket's patience has nothing to do with the service's calendar.
    const limit = AbortSignal.timeout(timeoutMs);
    // fetch counts the body itself; a length computed elsewhere could only disagree with it.
    const { "content-length": _, ...headers } = request.headers ?? {};
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers,
        ...(typeof request.body === "string" ? { body: request.body } : {}),
        redirect: "manual",
        signal: signal ? AbortSignal.any([limit, signal]) : limit,
      });
      this.#onHeaders(response.headers);
      const body = await textOf(response);
      if (!response.ok) throw failureOf({ status: response.status, body }, effect, what);
      // jsforce would parse by content type and hide what it could not read; the verbs parse for themselves.
      return { statusCode: response.status, headers: { "content-type": "text/plain" }, body };
    } catch (error) {
      throw this.#worded(error, effect, what, limit.aborted ? timeoutMs : undefined);
    }
  }

  #worded(error: unknown, effect: Effect, what: string, expiredAfterMs: number | undefined): SalesforceError {
    if (error instanceof SalesforceError) return error;
    if (expiredAfterMs !== undefined) return lost(effect, "TIMEOUT", `${what} within ${expiredAfterMs} ms`, error);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "NETWORK";
    if (neverSent.has(code))
      return new SalesforceError("transient", code, `Salesforce could not be reached for ${what} (${code}).`, error);
    return lost(effect, code, what, error);
  }
}

async function textOf(response: Response): Promise<string> {
  if (!response.body) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > largestAnswer)
      throw new SalesforceError(
        "permanent",
        "ANSWER_TOO_LARGE",
        "Salesforce's answer is larger than 64 MiB; ask for less.",
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
