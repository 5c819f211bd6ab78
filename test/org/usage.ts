/** API calls made: by kind since the last reset, and over the rolling day that the allocation counts. */
import type { Clock } from "../../service/clock.ts";

const hourMs = 3_600_000;

export class ApiUsage {
  /** Calls allowed in 24 hours; over it, REQUEST_LIMIT_EXCEEDED. */
  limit = 115_000;
  readonly #clock: Clock;
  readonly #byHour = new Map<number, number>();
  #byKind: Record<string, number> = {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  count(kind: string): void {
    this.#byKind[kind] = (this.#byKind[kind] ?? 0) + 1;
    this.add(1);
  }
  /** Calls by others in the same org, to come near the limit. */
  add(calls: number): void {
    const hour = Math.floor(this.#clock.now() / hourMs);
    this.#byHour.set(hour, (this.#byHour.get(hour) ?? 0) + calls);
    for (const old of this.#byHour.keys()) if (old <= hour - 24) this.#byHour.delete(old);
  }
  used(): number {
    const oldest = Math.floor(this.#clock.now() / hourMs) - 24;
    return [...this.#byHour].reduce((sum, [hour, calls]) => (hour > oldest ? sum + calls : sum), 0);
  }
  exhausted(): boolean {
    return this.used() >= this.limit;
  }
  header(): string {
    return `api-usage=${this.used()}/${this.limit}`;
  }
  report(): { total: number; byKind: Record<string, number> } {
    return { total: Object.values(this.#byKind).reduce((a, b) => a + b, 0), byKind: { ...this.#byKind } };
  }
  reset(): void {
    this.#byKind = {};
  }
}
