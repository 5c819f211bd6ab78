/**
 * One record at a time for the caller, whole batches for the org. Journeys each handle one record; when thousands run
 * at once, their reads, writes and conversions share calls, which is what keeps a load cheap on the API allowance.
 */
import type { ConditionalResult, ConditionalUpdate, LeadConvert, LeadConvertResult, Row, Salesforce } from "./port.ts";

export interface GatheredSalesforce {
  /** The record with at least these fields; null when there is none (or it is out of sight). */
  read(object: string, id: string, fields: readonly string[]): Promise<Row | null>;
  write(update: ConditionalUpdate): Promise<ConditionalResult>;
  /** Leads that name the same account are never converted by two calls at the same time. */
  convert(request: LeadConvert): Promise<LeadConvertResult>;
}

interface Waiting<T, R> {
  item: T;
  /** Items with the same one do not go into calls that run side by side. */
  lock: string | undefined;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

interface BatchRule<T, R> {
  /** Items a call. */
  size: number;
  /** Calls side by side. */
  parallel: number;
  windowMs: number;
  lockOf?: (item: T) => string | undefined;
  /** While a call is out, callers gather for the next one; only a full batch does not wait. */
  patient?: boolean;
  send: (items: T[]) => Promise<R[]>;
}

/** Collects items for a moment, then sends them together; a full batch goes at once. */
function batcher<T, R>(rule: BatchRule<T, R>): (item: T) => Promise<R> {
  let waiting: Waiting<T, R>[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running = 0;
  const locked = new Set<string>();

  const run = async (batch: Waiting<T, R>[]): Promise<void> => {
    const locks = new Set(batch.flatMap(({ lock }) => (lock === undefined ? [] : [lock])));
    running++;
    locks.forEach((lock) => locked.add(lock));
    try {
      const results = await rule.send(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error(`${results.length} results came for ${batch.length} rows.`);
      batch.forEach((one, i) => one.resolve(results[i] as R));
    } catch (error) {
      batch.forEach((one) => one.reject(error));
    } finally {
      running--;
      locks.forEach((lock) => locked.delete(lock));
      // Whoever waited this long has waited out its window, unless those whom this answer sets going come along at once.
      if (rule.patient) arm();
      else start(0);
    }
  };

  // Real time, not the injected clock: this is how long calls of the same few milliseconds wait for each other, and a
  // test that moves the clock by hand must not hang on it.
  const arm = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      start(0);
    }, rule.windowMs);
  };

  /** Starts as many calls as may run, each of at least `least` items. */
  const start = (least: number): void => {
    while (running < rule.parallel) {
      const batch: Waiting<T, R>[] = [];
      const rest: Waiting<T, R>[] = [];
      for (const one of waiting) {
        const free = batch.length < rule.size && (one.lock === undefined || !locked.has(one.lock));
        (free ? batch : rest).push(one);
      }
      if (batch.length === 0 || batch.length < least) return;
      if (rule.patient && running > 0 && batch.length < rule.size) return;
      waiting = rest;
      void run(batch);
    }
  };

  return (item) =>
    new Promise<R>((resolve, reject) => {
      waiting.push({ item, lock: rule.lockOf?.(item), resolve, reject });
      if (waiting.length >= rule.size) start(rule.size);
      arm();
    });
}

/** The port's single-record verbs, gathered. A batch that fails as a whole fails each of its callers alike. */
export function gathered(salesforce: Salesforce, options: { windowMs?: number } = {}): GatheredSalesforce {
  const windowMs = options.windowMs ?? 5;

  type Read = { id: string; fields: readonly string[] };
  const readers = new Map<string, (read: Read) => Promise<Row | null>>();
  const readerOf = (object: string) => {
    const reader =
      readers.get(object) ??
      batcher<Read, Row | null>({
        size: 200,
        parallel: 5,
        windowMs,
        // One lead alone never waits, and thousands share calls the better the slower the org answers.
        patient: true,
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
    // Two writes of one record go one after the other: the second must see that the first moved it.
    lockOf: ({ id }) => id,
    send: (updates) => salesforce.updateIfUnmodified(updates),
  });
  const convert = batcher<LeadConvert, LeadConvertResult>({
    size: 100,
    parallel: 2,
    windowMs,
    // A conversion locks its account's row; a second one beside it waits for the lock and may fail.
    lockOf: ({ accountId }) => accountId,
    send: (requests) => salesforce.convertLeads(requests),
  });
  return { read: (object, id, fields) => readerOf(object)({ id, fields }), write, convert };
}
