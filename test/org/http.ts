/** HTTP as the parts of the org see it: a request with its body read, and an answer to send. */
export interface HttpRequest {
  method: string;
  /** Path alone, double slashes collapsed. */
  path: string;
  /** Path and query as sent. */
  url: string;
  query: URLSearchParams;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
  /** Aborted when the connection is gone, by the client's doing or because the org closes. */
  signal: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  text?: string;
  type?: string;
}

export const collapse = (path: string): string => path.replace(/\/{2,}/g, "/");
