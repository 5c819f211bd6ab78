/** Starts a stand-in Salesforce org on loopback: OAuth, REST, SOAP, CometD, and the control API. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../service/clock.ts";
import { systemClock } from "../../service/clock.ts";
import { Bus } from "./cometd/bus.ts";
import { CometD } from "./cometd/endpoint.ts";
import { Control } from "./control.ts";
import { addPackage } from "./engine/metadata.ts";
import { Org } from "./engine/org.ts";
import { Schema } from "./engine/schema.ts";
import { standardObjects } from "./engine/standard-objects.ts";
import { Faults } from "./faults.ts";
import { OAuth } from "./oauth.ts";
import { Cursors } from "./rest/cursors.ts";
import { integrationUsername, seed } from "./seed.ts";
import { listener } from "./server.ts";
import { announcements, packageTrigger } from "./triggers.ts";
import { ApiUsage } from "./usage.ts";
import type { WebhookTarget } from "./webhook.ts";
import { Webhook } from "./webhook.ts";

export interface OrgOptions {
  clock?: Clock;
  /** 0 (the default) takes any free port. */
  port?: number;
  /** Folder of the package's metadata; default: this repository's. */
  packageDir?: string;
  /** Newest API version the org speaks. */
  apiVersion?: string;
  webhook?: WebhookTarget;
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

const ownPackage = fileURLToPath(new URL("../../force-app/main/default", import.meta.url));

export async function startOrg(options: OrgOptions = {}): Promise<StandInOrg> {
  const clock = options.clock ?? systemClock;
  const packageDir = options.packageDir ?? ownPackage;
  const schema = new Schema();
  for (const object of standardObjects()) schema.add(object);
  addPackage(schema, packageDir);
  const org = new Org({ clock, schema, apiVersion: options.apiVersion ?? "67.0" });
  const seeded = seed(org, packageDir);
  const oauth = new OAuth(org, { username: integrationUsername, runAs: seeded.integrationUserId });
  const bus = new Bus(org);
  const webhook = new Webhook(() => org.id, options.webhook);
  org.triggers.push(packageTrigger);
  org.publish = (events, userId) => bus.publish(events, userId);
  org.listeners.push((tx) => webhook.enqueue(announcements(tx)));
  const cometd = new CometD(org, oauth, bus);
  const usage = new ApiUsage(clock);
  const cursors = new Cursors(clock);
  const faults = new Faults(clock);
  const control = new Control({
    org,
    seeded,
    oauth,
    usage,
    cursors,
    bus,
    faults,
    webhook,
    forgetStreamClients: () => cometd.forgetAll(),
  });

  const closing = new AbortController();
  const server = createServer(
    listener({ org, oauth, usage, cursors, faults, cometd, control, closing: closing.signal }),
  );
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
    integrationUserId: seeded.integrationUserId,
    control,
    close: async () => {
      closing.abort();
      webhook.stop();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
