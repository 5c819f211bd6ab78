/**
 * Leaves a source alone that keeps failing: after `failures` in a row nobody asks it for `pauseMs`, then one question
 * tries it, and its outcome decides. Pure but for what it remembers.
 */
export class Breaker {
  readonly #failures: number;
  readonly #pauseMs: number;
  #inARow = 0;
  #closedUntil = 0;
  #trying = false;

  constructor(failures = 5, pauseMs = 60_000) {
    this.#failures = failures;
    this.#pauseMs = pauseMs;
  }

  /** Whether one may ask now; who may must tell the outcome. */
  mayAsk(now: number): boolean {
    if (this.#inARow < this.#failures) return true;
    if (now < this.#closedUntil || this.#trying) return false;
    this.#trying = true;
    return true;
  }

  worked(): void {
    this.#inARow = 0;
    this.#trying = false;
  }

  failed(now: number): void {
    this.#inARow++;
    this.#trying = false;
    if (this.#inARow >= this.#failures) this.#closedUntil = now + this.#pauseMs;
  }
}
