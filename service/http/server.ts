/** Serves an API on a port, and stops without cutting anybody off. */
import { serve } from "@hono/node-server";
import { once } from "node:events";
import { createServer, type Server } from "node:http";

export interface Served {
  /** The port it really listens on; with port 0 the system chooses. */
  port: number;
  /** Takes no new requests, lets those in flight finish for up to `graceMs`, then closes what is left. */
  stop(graceMs?: number): Promise<void>;
}

export interface ServeOptions {
  fetch: (request: Request, env: never) => Response | Promise<Response>;
  port: number;
  hostname?: string;
}

/** @throws when the port is taken. */
export async function serveApi({ fetch, port, hostname }: ServeOptions): Promise<Served> {
  const server = serve({
    fetch: fetch as Parameters<typeof serve>[0]["fetch"],
    port,
    createServer,
    // A client that sends slowly must not hold a socket for ever.
    serverOptions: { requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 10_000 },
    ...(hostname === undefined ? {} : { hostname }),
  }) as Server;
  await Promise.race([
    once(server, "listening"),
    once(server, "error").then(([error]) => Promise.reject(error as Error)),
  ]);
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : port,
    async stop(graceMs = 10_000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(force);
    },
  };
}
