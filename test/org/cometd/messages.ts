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

/** What the platform is too busy for: the reason stands in `ext`, next to an error that says less. */
const busyReason = "503::Server is too busy. Please try your request again later.";
export const tooBusy = (message: BayeuxMessage): Reply =>
  message.channel === "/meta/handshake"
    ? handshakeDenied(message, busyReason)
    : {
        ...refused(message, `403::${message.channel === "/meta/connect" ? "Connect" : "Subscribe"} denied`),
        ext: { sfdc: { failureReason: busyReason }, ...ext },
        ...(message.channel === "/meta/connect" ? { advice: { interval: 0, reconnect: "none" } } : {}),
        ...(message.subscription === undefined ? {} : { subscription: message.subscription }),
      };

export const tooManyConnections =
  "403::To protect all customers from excessive usage and Denial of Service attacks, we limit the number of simultaneous connections per server. Your request has been denied because this limit has been exceeded. Please try your request again later.";
export const tooManyClients = "403::Organization concurrent user limit exceeded";
export const dailyLimit = "403::Organization total events daily limit exceeded";

/** In a live connection too: no advice brings it back before the day is over. */
export const dailyLimitReached = (message: BayeuxMessage): Reply => ({
  ...refused(message, dailyLimit),
  ...(message.channel === "/meta/connect" ? { advice: { interval: 0, reconnect: "none" } } : {}),
  ...(message.subscription === undefined ? {} : { subscription: message.subscription }),
});

/** Old deployments name neither the message nor the channel: a client that waits for its id waits for ever. */
export const nameless = (error: string): Reply => ({ error, successful: false });

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

export const unknownClient = (message: BayeuxMessage, code = 403): Reply => ({
  channel: message.channel,
  id: message.id,
  error: `${code}::Unknown client`,
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
