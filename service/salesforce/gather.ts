/**
 * One record at a time for the caller, whole batches for the org. Journeys each handle one record; when thousands run
 * at once, their reads, writes and conversions share calls, which is what keeps a load cheap on the API allowance.
 */
import { batcher, Crowd } from "./batcher.ts";
import type { ConditionalResult, ConditionalUpdate, LeadConvert, LeadConvertResult, Row, Salesforce } from "./port.ts";

export interface GatheredSalesforce {
  /** The record with at least these fields; null when there is none (or it is out of sight). */
  read(object: string, id: string, fields: readonly string[]): Promise<Row | null>;
  write(update: ConditionalUpdate): Promise<ConditionalResult>;
  /** Leads that name the same account are never converted by two calls at the same time. */
  convert(request: LeadConvert): Promise<LeadConvertResult>;
  /** The same verbs in the name of one journey: however many calls it has out, it is one of those at work. */
  as(who: string): GatheredSalesforce;
}

export interface GatherOptions {
  /** How long the first waits for others, where `atWork` is not given (ms). */
  windowMs?: number;
  /** How many may be about to call: calls leave when all of them wait, or the window is over. */
  atWork?: () => number;
}

/** The port's single-record verbs, gathered. A batch that fails as a whole fails each of its callers alike. */
export function gathered(salesforce: Salesforce, options: GatherOptions = {}): GatheredSalesforce {
  const { windowMs = 5 } = options;
  const crowd = options.atWork ? new Crowd(options.atWork) : undefined;

  type Read = { id: string; fields: readonly string[] };
  const readers = new Map<string, (read: Read, who: string) => Promise<Row | null>>();
  const readerOf = (object: string) => {
    const reader =
      readers.get(object) ??
      batcher<Read, Row | null>({
        size: 200,
        parallel: 5,
        windowMs,
        crowd,
        send: async (reads) => {
          const ids = [...new Set(reads.map(({ id }) => id))];
          const fields = [...new Set(reads.flatMap((read) => read.fields))];
          const rows = await salesforce.retrieve(object, ids, fields);
          const byId = new Map(ids.map((id, i) => [id, rows[i] ?? null]));
          // Each caller gets a row of its own: changing it changes nobody else's.
          return reads.map(({ id }) => structuredClone(byId.get(id) ?? null));
        },
      });
    readers.set(object, reader);
    return reader;
  };

  const write = batcher<ConditionalUpdate, ConditionalResult>({
    size: 25,
    parallel: 5,
    windowMs,
    crowd,
    // Two writes of one record go one after the other: the second must see that the first moved it.
    lockOf: ({ id }) => id,
    send: (updates) => salesforce.updateIfUnmodified(updates),
  });
  const convert = batcher<LeadConvert, LeadConvertResult>({
    size: 100,
    parallel: 2,
    windowMs,
    crowd,
    // A conversion locks its account's row; a second one beside it waits for the lock and may fail.
    lockOf: ({ accountId }) => accountId,
    send: (requests) => salesforce.convertLeads(requests),
  });
  let strangers = 0;
  const as = (who?: string): GatheredSalesforce => {
    // A caller without a name is one of its own each time.
    const name = () => who ?? `caller ${++strangers}`;
    return {
      read: (object, id, fields) => readerOf(object)({ id, fields }, name()),
      write: (update) => write(update, name()),
      convert: (request) => convert(request, name()),
      as,
    };
  };
  return as();
}
