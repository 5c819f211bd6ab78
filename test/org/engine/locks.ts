/** Waiting for row locks: a call that meets another transaction's lock is taken back and begun again when it is free. */
import type { Clock } from "../../../service/clock.ts";

/** Thrown through a call that may still wait; never seen by clients. */
export class LockBusy extends Error {
  readonly id: string;
  constructor(id: string) {
    super(`The row ${id} is locked by another transaction.`);
    this.name = "LockBusy";
    this.id = id;
  }
}

/**
 * Finished parts of a call whose parts commit one by one (a composite's subrequests, conversions one at a time): begun
 * again after a wait, the call takes these as they are.
 */
export class Finished {
  readonly #parts: unknown[] = [];
  #at = 0;
  /** The next part: what it came to before, or `work` now. */
  part<T>(work: () => T): T {
    const at = this.#at++;
    if (at < this.#parts.length) return this.#parts[at] as T;
    const result = work();
    this.#parts.push(result);
    return result;
  }
  again(): void {
    this.#at = 0;
  }
}

export class Locks {
  /** How long a call waits for a lock, on the org's clock; the platform waits 10 s. 0: refused at once. */
  waitMs = 0;
  /** Whether the call now running may still wait. */
  patient = false;
  readonly #clock: Clock;
  readonly #holders = new Map<string, unknown>();
  /** Row id → those who wait for it. */
  readonly #waiters = new Map<string, Set<AbortController>>();
  /** Calls that wait for a lock now. */
  waiting = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** The lock is the holder's, or was already. False: somebody else has it. */
  take(id: string, holder: unknown): boolean {
    const now = this.#holders.get(id);
    if (now !== undefined && now !== holder) return false;
    this.#holders.set(id, holder);
    return true;
  }
  free(holder: unknown): void {
    for (const [id, by] of this.#holders) {
      if (by !== holder) continue;
      this.#holders.delete(id);
      for (const waiter of this.#waiters.get(id) ?? []) waiter.abort();
    }
  }

  /** Runs a call, as often as locks in its way become free in time; the last time without patience. */
  async around<T>(signal: AbortSignal, work: (finished: Finished) => T): Promise<T> {
    const until = this.#clock.now() + this.waitMs;
    const finished = new Finished();
    for (;;) {
      let busy: string;
      this.patient = this.#clock.now() < until && !signal.aborted;
      try {
        finished.again();
        return work(finished);
      } catch (error) {
        if (!(error instanceof LockBusy)) throw error;
        busy = error.id;
      } finally {
        this.patient = false;
      }
      // Only for that row: calls that are taken back free others all the time, and would wake each other for ever.
      const waiter = new AbortController();
      const waiters = this.#waiters.get(busy) ?? new Set();
      this.#waiters.set(busy, waiters.add(waiter));
      this.waiting++;
      await this.#clock
        .sleep(until - this.#clock.now(), AbortSignal.any([waiter.signal, signal]))
        .catch(() => undefined);
      this.waiting--;
      waiters.delete(waiter);
    }
  }
}
