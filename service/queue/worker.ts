/**
 * Runs jobs: claims what is due, up to its capacity, and gives each to the handler of its kind. The handler ends the job
 * inside its own last transaction (`settle`); when it throws, the error's fate decides: again with backoff, later, or
 * parked with the reason.
 */
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { LanternError, LostLease, messageOf } from "../errors.ts";
import type { Store } from "../store/store.ts";
import { backoffMs } from "./backoff.ts";
import { claim, heartbeat, nameOf, nextDue, settle, type Job, type Outcome } from "./queue.ts";

/** Ends without a value: it has settled the job in its own transaction, or the worker settles it as `done`. */
export type Handler = (job: Job, signal: AbortSignal) => Promise<Outcome | "settled">;

export interface WorkerOptions {
  store: Store;
  clock: Clock;
  log: Logger;
  name: string;
  handlers: Record<string, Handler>;
  /** Jobs at once. Journeys that run together share calls to Salesforce, so many is cheap. */
  capacity?: number;
  leaseMs?: number;
  /** How often to look without being woken. */
  idleMs?: number;
  maxAttempts?: number;
  random?: () => number;
}

/** With a backoff that grows to a quarter of an hour: about half a day. */
const patientAttempts = 100;

export class Worker {
  readonly #o: Required<WorkerOptions>;
  readonly #kinds: string[];
  readonly #running = new Map<string, { job: Job; done: Promise<void> }>();
  readonly #stop = new AbortController();
  #loop: Promise<void> | null = null;
  #wake: (() => void) | null = null;
  #woken = false;
  #offWake: (() => void) | null = null;

  constructor(options: WorkerOptions) {
    this.#o = {
      capacity: 200,
      leaseMs: 60_000,
      idleMs: 1_000,
      maxAttempts: 8,
      random: Math.random,
      ...options,
    };
    this.#kinds = Object.keys(options.handlers);
  }

  get running(): number {
    return this.#running.size;
  }
  /** Whether another job could start at once. */
  get free(): boolean {
    return this.#loop !== null && this.#running.size < this.#o.capacity;
  }

  /** Claims and starts what is due now; answers how many were started. */
  async tick(): Promise<number> {
    const { store, clock, name, leaseMs, capacity } = this.#o;
    const room = capacity - this.#running.size;
    if (room <= 0 || this.#stop.signal.aborted) return 0;
    const jobs = await store.write((tx) =>
      claim(tx, { worker: name, now: clock.now(), leaseMs, limit: room, kinds: this.#kinds }),
    );
    for (const job of jobs) {
      const entry = { job, done: Promise.resolve() };
      this.#running.set(nameOf(job), entry);
      entry.done = this.#run(job).finally(() => {
        // After a stall longer than its lease this worker may have claimed the same job anew: that one goes on.
        if (this.#running.get(nameOf(job)) === entry) this.#running.delete(nameOf(job));
        this.#nudge();
      });
    }
    return jobs.length;
  }

  /** Runs until nothing is due at the clock's present time. For tests and one-shot commands. */
  async drain(): Promise<void> {
    for (;;) {
      const started = await this.tick();
      if (started > 0) continue;
      if (this.#running.size > 0) {
        await Promise.race([...this.#running.values()].map((r) => r.done));
        continue;
      }
      const due = await this.#o.store.read((tx) => nextDue(tx, this.#kinds));
      if (due === null || due > this.#o.clock.now()) return;
    }
  }

  start(): void {
    this.#offWake = this.#o.store.onWake(() => this.#nudge());
    this.#loop = this.#forever();
  }

  /** Claims nothing more and waits for what runs. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error("the worker stops"));
    this.#offWake?.();
    this.#nudge();
    await this.#loop;
    await Promise.allSettled([...this.#running.values()].map((r) => r.done));
  }

  async #forever(): Promise<void> {
    let beatAt = this.#o.clock.now() + this.#o.leaseMs / 3;
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#o.clock.now() >= beatAt) {
          await this.#beat();
          beatAt = this.#o.clock.now() + this.#o.leaseMs / 3;
        }
        if ((await this.tick()) > 0) continue;
      } catch (error) {
        this.#o.log.error({ err: error }, "the worker could not claim work; it tries again");
      }
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    if (this.#woken) {
      this.#woken = false;
      return;
    }
    const abort = new AbortController();
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    await Promise.race([woken, this.#o.clock.sleep(this.#o.idleMs, abort.signal).catch(() => undefined)]);
    abort.abort(new Error("woken"));
    this.#wake = null;
    this.#woken = false;
  }

  #nudge(): void {
    this.#woken = true;
    this.#wake?.();
  }

  async #beat(): Promise<void> {
    const held = [...this.#running.values()].map((r) => r.job);
    if (held.length === 0) return;
    const { store, clock, name, leaseMs, log } = this.#o;
    const alive = await store.write((tx) => heartbeat(tx, name, held, clock.now() + leaseMs));
    for (const job of held) if (!alive.has(nameOf(job))) log.warn({ job: nameOf(job) }, "lost the lease on a job");
  }

  async #run(job: Job): Promise<void> {
    const { handlers, store, clock, log } = this.#o;
    const handler = handlers[job.kind];
    try {
      if (!handler) throw new LanternError(`Nobody handles jobs of kind ${job.kind}.`, { code: "no_handler" });
      const outcome = await handler(job, this.#stop.signal);
      if (outcome !== "settled") await store.write((tx) => settle(tx, job, outcome, clock.now()));
    } catch (error) {
      if (error instanceof LostLease) {
        log.warn({ job: nameOf(job) }, error.message);
        return;
      }
      await this.#fail(job, error).catch((second: unknown) => {
        // The lease runs out by itself and somebody claims the job again.
        if (!(second instanceof LostLease))
          log.error({ err: second, job: nameOf(job) }, "could not settle a failed job");
      });
    }
  }

  async #fail(job: Job, error: unknown): Promise<void> {
    const { store, clock, log } = this.#o;
    const outcome = this.#fateOf(job, error);
    const facts = { job: nameOf(job), outcome: outcome.state };
    // Waiting for a quiet time or for somebody else's work is everyday; what fails or stops is worth a look.
    if (outcome.state === "later") log.debug(facts, messageOf(error));
    else log.warn({ ...facts, err: error, attempt: job.attempts + 1 }, messageOf(error));
    await store.write((tx) => settle(tx, job, outcome, clock.now()));
  }

  #fateOf(job: Job, error: unknown): Outcome {
    const now = this.#o.clock.now();
    // What is not one of our errors is a defect or a broken database: worth another try, then shown.
    const fate = error instanceof LanternError ? error.fate : "backoff";
    const code = error instanceof LanternError ? error.code : "defect";
    if (typeof fate === "object") return { state: "later", runAt: now + fate.afterMs };
    if (fate === "never") return { state: "parked", code, reason: messageOf(error) };
    if (job.attempts + 1 >= (fate === "patiently" ? patientAttempts : this.#o.maxAttempts))
      return { state: "parked", code, reason: `${messageOf(error)} (after ${job.attempts + 1} attempts)` };
    return { state: "retry", runAt: now + backoffMs(job.attempts + 1, this.#o.random) };
  }
}
