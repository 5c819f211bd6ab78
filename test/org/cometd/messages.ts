/** Bayeux messages as Salesforce words them: answers and errors, in their exact shape. */
export interface BayeuxMessage {
  channel?: string;
  id?: string;
  clientId?: string;
  connectionType?: string;
  supportedConnectionTypes?: string[];
  subscription?: string | string[];
  advice?: { timeout?: number };
  ext?: { replay?: unknown };
  [other: string]: unknown;
}
export type Reply = Record<string, unknown>;

const ext = { replay: true, "payload.format": true };

export const handshakeOk = (message: BayeuxMessage, clientId: string): Reply => ({
  ext,
  minimumVersion: "1.0",
  clientId,
  supportedConnectionTypes: ["long-polling"],
  channel: "/meta/handshake",
  id: message.id,
  version: "1.0",
  successful: true,
});

/** `failureReason` says why; clients see "none" for every reason, not only for authentication. */
export const handshakeDenied = (message: BayeuxMessage, failureReason: string): Reply => ({
  ext: { sfdc: { failureReason }, ...ext },
  advice: { reconnect: "none" },
  channel: "/meta/handshake",
  id: message.id,
  error: "403::Handshake denied",
  successful: false,
});

export const connectOk = (message: BayeuxMessage, first: boolean): Reply => ({
  clientId: message.clientId,
  ...(first ? { advice: { interval: 0, timeout: 110_000, reconnect: "retry" } } : {}),
  channel: "/meta/connect",
  id: message.id,
  successful: true,
});

export const tokenGone = (message: BayeuxMessage): Reply[] => [
  ...(message.channel === "/meta/connect" ? [{ channel: "/meta/disconnect" }] : []),
  {
    clientId: message.clientId,
    advice: { interval: 0, reconnect: "none" },
    channel: message.channel,
    id: message.id,
    error: "401::Authentication invalid",
    successful: false,
  },
];

export const unknownClient = (message: BayeuxMessage): Reply => ({
  channel: message.channel,
  id: message.id,
  error: "403::Unknown client",
  successful: false,
  advice: { interval: 0, reconnect: "handshake" },
});

export const refused = (message: BayeuxMessage, error: string, more: Reply = {}): Reply => ({
  clientId: message.clientId,
  channel: message.channel,
  id: message.id,
  ...more,
  error,
  successful: false,
});

export const ok = (message: BayeuxMessage, more: Reply = {}): Reply => ({
  clientId: message.clientId,
  channel: message.channel,
  id: message.id,
  ...more,
  successful: true,
});

export const staleReplay = (id: string): string =>
  `400::The replayId {${id}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.`;

export const missingReplay = (channel: string, map: Record<string, unknown>): string =>
  `400::The replayId for channel {${channel}} wasn't found using the provided replay ID map {{${Object.entries(map)
    .map(([name, id]) => `${name}=${String(id)}`)
    .join(
      ", ",
    )}}}. Ensure that the channel name you provided in the replay map is valid and matches the channel name used for subscribing.`;
