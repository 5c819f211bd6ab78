/** What a message from the org's streaming endpoint means. Pure. */
import type { Row, StreamEvent } from "./port.ts";

/** A Bayeux message, as far as anything here looks at it. */
export interface BayeuxMessage {
  channel?: string;
  id?: string;
  successful?: boolean;
  error?: string;
  subscription?: string | string[];
  advice?: { reconnect?: string; interval?: number; timeout?: number };
  ext?: Record<string, unknown>;
  data?: unknown;
}

export type Verdict =
  /** The server holds the connection. */
  | { is: "contact" }
  | { is: "subscribed" }
  | { is: "event"; event: StreamEvent }
  /** The access token is refused. */
  | { is: "session"; reason: string }
  /** The server forgot this client: handshake again. */
  | { is: "forgotten"; reason: string }
  /** The replay position is older than what is retained, or from before a reset: events were missed. */
  | { is: "stale"; reason: string }
  /** Limits, overload: only minutes help. */
  | { is: "busy"; reason: string }
  /** No such channel, no right to it: only an admin helps. */
  | { is: "refused"; reason: string }
  | { is: "other" };

const object = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** The replay id is opaque: number or string today, kept as text. Undefined for what is no event of ours. */
function findEvent(channel: string, data: unknown): StreamEvent | undefined {
  const { payload, event } = object(data);
  const { replayId, EventUuid } = object(event);
  if (typeof replayId !== "number" && typeof replayId !== "string") return undefined;
  return { channel, replayId: String(replayId), eventUuid: text(EventUuid) || null, payload: object(payload) as Row };
}

function reasonOf(message: BayeuxMessage): string {
  const failure = text(object(message.ext?.["sfdc"])["failureReason"]);
  return [...new Set([text(message.error), failure])].filter((part) => part !== "").join("; ") || "no reason given";
}

/**
 * `advice.reconnect: none` alone says nothing: a refused token and an exhausted allowance both carry it. The words
 * decide; they come with the error, in `ext.sfdc.failureReason`, or both.
 */
export function verdictOn(message: BayeuxMessage): Verdict {
  const { channel = "", successful } = message;
  if (successful === undefined) {
    const event = channel.startsWith("/meta/") ? undefined : findEvent(channel, message.data);
    return event ? { is: "event", event } : { is: "other" };
  }
  if (successful) {
    if (channel === "/meta/subscribe") return { is: "subscribed" };
    return channel === "/meta/connect" || channel === "/meta/handshake" ? { is: "contact" } : { is: "other" };
  }
  if (channel === "/meta/disconnect" || channel === "/meta/unsubscribe") return { is: "other" };
  const reason = reasonOf(message);
  if (/\b401::/.test(reason)) return { is: "session", reason };
  // Older answers say 402.
  if (/40[23]::Unknown client|BAYEUX_BROWSER|has not completed handshake/i.test(reason))
    return { is: "forgotten", reason };
  if (channel === "/meta/subscribe") {
    if (/replay ?id/i.test(reason)) return { is: "stale", reason };
    return /limit|too busy|\b503::|simultaneous/i.test(reason) ? { is: "busy", reason } : { is: "refused", reason };
  }
  if (message.advice?.reconnect === "handshake") return { is: "forgotten", reason };
  return { is: "busy", reason };
}

/** The position as the wire wants it: a number where it is one. */
export function replayPosition(replayId: string | null): number | string {
  if (replayId === null) return -1;
  const number = Number(replayId);
  return /^-?\d+$/.test(replayId) && Number.isSafeInteger(number) ? number : replayId;
}
