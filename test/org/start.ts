/** Starts a stand-in Salesforce org on loopback: OAuth, REST, SOAP, CometD, and the control API. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { OrgOptions } from "./assemble.ts";
import { assemble } from "./assemble.ts";
import type { Control } from "./control.ts";
import { listener } from "./server.ts";

export interface StartOptions extends OrgOptions {
  /** 0 (the default) takes any free port. */
  port?: number;
}

export interface StandInOrg {
  url: string;
  orgId: string;
  clientId: string;
  clientSecret: string;
  username: string;
  /** PEM (PKCS #8) for JWT bearer. */
  privateKey: string;
  integrationUserId: string;
  control: Control;
  /** Cuts every connection, held ones too. */
  close(): Promise<void>;
}

export async function startOrg(options: StartOptions = {}): Promise<StandInOrg> {
  const parts = assemble(options);
  const { org, oauth, control, webhook } = parts;
  // Node's own limit must not answer before the org's.
  const server = createServer({ maxHeaderSize: 256 * 1024 }, listener(parts));
  // Clients probe for a WebSocket; the platform has none.
  server.on("upgrade", (_request, socket) =>
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    orgId: org.id,
    clientId: oauth.app.clientId,
    clientSecret: oauth.app.clientSecret,
    username: oauth.app.username,
    privateKey: oauth.app.privateKey,
    integrationUserId: parts.seeded.integrationUserId,
    control,
    close: async () => {
      webhook.stop();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
