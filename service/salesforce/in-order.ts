/**
 * Hands items to an async receiver one at a time, in order, without making whoever brings them wait. After a failure the
 * rest is dropped: nothing may pass an item that failed.
 */
export class InOrder<T> {
  readonly #receive: (item: T) => Promise<void>;
  readonly #onFailure: (error: unknown) => Promise<void>;
  #waiting: T[] = [];
  #running: Promise<void> | undefined;

  constructor(receive: (item: T) => Promise<void>, onFailure: (error: unknown) => Promise<void>) {
    this.#receive = receive;
    this.#onFailure = onFailure;
  }

  push(item: T): void {
    this.#waiting.push(item);
    this.#running ??= this.#run();
  }

  /** Forgets what waits. */
  drop(): void {
    this.#waiting = [];
  }

  /** Resolves when nothing is being received. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) {
      try {
        await this.#receive(item);
      } catch (error) {
        this.drop();
        await this.#onFailure(error);
      }
    }
    this.#running = undefined;
  }
}
