/** Collects single items into calls. When a call leaves is decided by a window, or by the crowd that may still come. */

/**
 * Who may still come. Journeys go step by step: when everybody at work waits for a call, nobody else will join, and
 * waiting longer gains nothing; until then the moment until the stragglers are here (those whose call is out among them)
 * saves calls. One record alone never waits; thousands share calls, whichever database sets their pace.
 */
export class Crowd {
  readonly #atWork: () => number;
  readonly #flushes = new Set<() => void>();
  /** Who waits, and with how many items. */
  readonly #here = new Map<string, number>();
  constructor(atWork: () => number) {
    this.#atWork = atWork;
  }
  /** How long the first waits for the last, at most (ms): a larger crowd takes longer to gather. */
  get windowMs(): number {
    return Math.min(1_500, Math.max(5, 5 * this.#atWork()));
  }
  get complete(): boolean {
    return this.#here.size >= this.#atWork();
  }
  onComplete(flush: () => void): void {
    this.#flushes.add(flush);
  }
  arrive(who: string): void {
    this.#here.set(who, (this.#here.get(who) ?? 0) + 1);
    if (this.complete) for (const flush of this.#flushes) flush();
  }
  leave(who: string): void {
    const items = (this.#here.get(who) ?? 1) - 1;
    if (items > 0) this.#here.set(who, items);
    else this.#here.delete(who);
  }
}

interface Waiting<T, R> {
  item: T;
  who: string;
  /** Items with the same one do not go into calls that run side by side. */
  lock: string | undefined;
  /** Its time to wait for others is over; only a lock or the calls that are out hold it back. */
  due: boolean;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

export interface BatchRule<T, R> {
  /** Items a call. */
  size: number;
  /** Calls side by side. */
  parallel: number;
  /** How long the first item waits for others, where no crowd tells (ms). */
  windowMs: number;
  crowd?: Crowd | undefined;
  lockOf?: (item: T) => string | undefined;
  send: (items: T[]) => Promise<R[]>;
}

/** A full batch goes at once. */
export function batcher<T, R>(rule: BatchRule<T, R>): (item: T, who: string) => Promise<R> {
  const { crowd } = rule;
  let waiting: Waiting<T, R>[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running = 0;
  const locked = new Set<string>();

  const run = async (batch: Waiting<T, R>[]): Promise<void> => {
    const locks = new Set(batch.flatMap(({ lock }) => (lock === undefined ? [] : [lock])));
    running++;
    locks.forEach((lock) => locked.add(lock));
    batch.forEach(({ who }) => crowd?.leave(who));
    try {
      const results = await rule.send(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error(`${results.length} results came for ${batch.length} rows.`);
      batch.forEach((one, i) => one.resolve(results[i] as R));
    } catch (error) {
      batch.forEach((one) => one.reject(error));
    } finally {
      running--;
      locks.forEach((lock) => locked.delete(lock));
      if (waiting.some((one) => one.due)) start(0);
      else if (waiting.length > 0) arm();
    }
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
      waiting = rest;
      void run(batch);
    }
  };

  // Real time, not the injected clock: this is how long calls of the same few milliseconds wait for each other, and a
  // test that moves the clock by hand must not hang on it.
  const arm = (): void => {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        flush();
      },
      crowd ? crowd.windowMs : rule.windowMs,
    );
  };

  const flush = (): void => {
    for (const one of waiting) one.due = true;
    start(0);
  };

  crowd?.onComplete(flush);
  return (item, who) =>
    new Promise<R>((resolve, reject) => {
      waiting.push({ item, who, lock: rule.lockOf?.(item), due: false, resolve, reject });
      if (waiting.length >= rule.size) start(rule.size);
      arm();
      crowd?.arrive(who);
    });
}
