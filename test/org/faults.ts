/** What goes wrong on purpose: consulted once before a call is dispatched. */
import type { Clock } from "../../service/clock.ts";
import type { HttpAnswer } from "./http.ts";

export interface FaultCall {
  kind: string;
  method: string;
  path: string;
  body: string;
}

/**
 * delay: that many ms of the org's clock, then as usual. hold: until released, then as usual. hang: never answered.
 * status: this answer instead. cutBefore: the connection is cut and nothing happens. cutAfter: it happens, then the
 * connection is cut.
 */
export type FaultAction =
  | { delay: number }
  | "hold"
  | "hang"
  | "cutBefore"
  | "cutAfter"
  | { status: number; code?: string; message?: string; body?: string; type?: string };

export interface Fault {
  /** A call kind (`query`, `convertLead` …), `*`, or a test of the call. */
  match: string | ((call: FaultCall) => boolean);
  /** From the n-th matching call on (1 is the next). Default 1. */
  nth?: number;
  /** For so many calls. Default 1. */
  times?: number;
  action: FaultAction;
}

export class Faults {
  readonly #clock: Clock;
  #armed: { fault: Fault; seen: number }[] = [];
  #held = new Set<() => void>();
  #delayed = 0;
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  add(fault: Fault): void {
    this.#armed.push({ fault, seen: 0 });
  }
  clear(): void {
    this.#armed = [];
    this.release();
  }
  /** Calls now held, delayed or hanging. */
  held(): number {
    return this.#held.size + this.#delayed;
  }
  release(): void {
    for (const go of [...this.#held]) go();
  }

  #next(call: FaultCall): FaultAction | undefined {
    let chosen: FaultAction | undefined;
    for (const armed of this.#armed) {
      const { match, nth = 1, times = 1, action } = armed.fault;
      const hit = typeof match === "function" ? match(call) : match === "*" || match === call.kind;
      if (!hit) continue;
      armed.seen++;
      if (chosen === undefined && armed.seen >= nth && armed.seen < nth + times) chosen = action;
    }
    return chosen;
  }

  #hold(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        this.#held.delete(go);
        signal.removeEventListener("abort", go);
        resolve();
      };
      if (signal.aborted) return go();
      this.#held.add(go);
      signal.addEventListener("abort", go, { once: true });
    });
  }

  /** Runs `work` under whatever fault is due; "cut" means: destroy the connection. */
  async around(call: FaultCall, signal: AbortSignal, work: () => Promise<HttpAnswer>): Promise<HttpAnswer | "cut"> {
    const action = this.#next(call);
    if (action === undefined) return work();
    if (action === "cutBefore") return "cut";
    if (action === "cutAfter") {
      await work();
      return "cut";
    }
    if (action === "hang") {
      await this.#hold(signal);
      return "cut";
    }
    if (action === "hold") {
      await this.#hold(signal);
      return signal.aborted ? "cut" : work();
    }
    if ("delay" in action) {
      this.#delayed++;
      await this.#clock.sleep(action.delay, signal).catch(() => undefined);
      this.#delayed--;
      return signal.aborted ? "cut" : work();
    }
    if (action.body !== undefined)
      return { status: action.status, text: action.body, type: action.type ?? "text/html" };
    return {
      status: action.status,
      json: [
        { message: action.message ?? `Refused with ${action.status}.`, errorCode: action.code ?? "SERVER_UNAVAILABLE" },
      ],
    };
  }
}
