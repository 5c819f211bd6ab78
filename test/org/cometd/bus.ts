/** The event bus: published events with their replay ids, kept for 72 hours, and who listens. */
import { createHash, randomUUID } from "node:crypto";
import type { Org } from "../engine/org.ts";
import type { SObject, Value } from "../engine/schema.ts";
import type { PendingEvent } from "../engine/transaction.ts";

export interface StoredEvent {
  channel: string;
  replayId: number;
  /** When it was published, ms. */
  at: number;
  data: {
    schema: string;
    payload: Record<string, unknown>;
    event: { EventUuid: string; replayId: number; EventApiName: string };
  };
}

const retentionMs = 72 * 3_600_000;

export class Bus {
  readonly #org: Org;
  #events: StoredEvent[] = [];
  #lastId: number;
  /** The first id of the present stream; ids before it mean nothing any more. */
  #firstId: number;
  #purgedTo: number;
  /** Called with each event as it comes. */
  deliver: (event: StoredEvent) => void = () => undefined;
  /** The next so many events are published and never delivered nor kept. */
  lose = 0;
  /** The next so many events arrive twice: same EventUuid, another replay id. */
  duplicate = 0;
  /** While silent, events are kept and not delivered. */
  silent = false;

  constructor(org: Org) {
    this.#org = org;
    this.#lastId = 1000;
    this.#firstId = this.#lastId;
    this.#purgedTo = this.#lastId;
  }

  publish(events: readonly PendingEvent[], userId: string): void {
    for (const { object, fields } of events) {
      const at = this.#org.clock.now();
      const uuid = randomUUID();
      if (this.lose > 0) {
        this.lose--;
        this.#nextId();
        continue;
      }
      const payload = { CreatedDate: new Date(at).toISOString(), CreatedById: userId, ...payloadOf(object, fields) };
      const copies = this.duplicate > 0 ? 2 : 1;
      if (copies === 2) this.duplicate--;
      for (let i = 0; i < copies; i++) this.#store(object, payload, uuid, at);
    }
  }
  /** Replay ids rise, with gaps: others use the same bus. */
  #nextId(): number {
    this.#lastId += 1 + (this.#lastId % 3);
    return this.#lastId;
  }
  #store(object: SObject, payload: Record<string, unknown>, uuid: string, at: number): void {
    const replayId = this.#nextId();
    const event: StoredEvent = {
      channel: `/event/${object.name}`,
      replayId,
      at,
      data: { schema: schemaId(object), payload, event: { EventUuid: uuid, replayId, EventApiName: object.name } },
    };
    this.#events.push(event);
    if (!this.silent) this.deliver(event);
  }
  #purge(): void {
    const oldest = this.#org.clock.now() - retentionMs;
    const kept = this.#events.findIndex((e) => e.at >= oldest);
    const gone = kept === -1 ? this.#events.length : kept;
    this.#purgedTo = this.#events[gone - 1]?.replayId ?? this.#purgedTo;
    this.#events.splice(0, gone);
  }

  /** Events a subscriber gets at once; undefined when the id means nothing here. */
  replay(channel: string, from: number): StoredEvent[] | undefined {
    this.#purge();
    if (from === -1) return [];
    if (from === -2) return this.#events.filter((e) => e.channel === channel);
    if (from < Math.max(this.#firstId, this.#purgedTo) || from > this.#lastId) return undefined;
    return this.#events.filter((e) => e.channel === channel && e.replayId > from);
  }
  publishedLastHour(): number {
    const since = this.#org.clock.now() - 3_600_000;
    let from = this.#events.length;
    while ((this.#events[from - 1]?.at ?? -Infinity) > since) from--;
    return this.#events.length - from;
  }
  published(): StoredEvent[] {
    return [...this.#events];
  }
  /** Everything kept so far is aged out: stored positions become invalid. */
  expire(): void {
    this.#events = [];
    this.#nextId();
    this.#purgedTo = this.#lastId;
  }
  /** Ids begin again far below, as after a migration of the org. */
  reset(): void {
    this.#events = [];
    this.#lastId = 10;
    this.#firstId = this.#lastId;
    this.#purgedTo = this.#lastId;
  }
}

/** Every field of the event, null when empty; date-times in the event's own form. */
function payloadOf(object: SObject, given: Record<string, Value>): Record<string, unknown> {
  const payload: Record<string, unknown> = {};
  for (const field of object.fields.values()) {
    if (!field.custom) continue;
    const entry = Object.entries(given).find(([name]) => name.toLowerCase() === field.name.toLowerCase());
    payload[field.name] = entry && entry[1] !== "" ? entry[1] : field.default;
  }
  return payload;
}

/** Changes with the event's definition. */
const schemaId = (object: SObject): string =>
  createHash("sha256")
    .update([...object.fields.keys()].join())
    .digest("base64url")
    .slice(0, 22);
