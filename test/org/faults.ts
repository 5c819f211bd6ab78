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
 * status: this answer instead. html: a page of that status instead. cutBefore: the connection is cut and nothing happens.
 * cutAfter: it happens, then the connection is cut. lie: it happens, and this answer tells of a failure. rewrite: it
 * happens, and the answer is what the function makes of it.
 */
export type FaultAction =
  | { delay: number }
  | "hold"
  | "hang"
  | "cutBefore"
  | "cutAfter"
  | StatusAnswer
  | { html: number }
  | { lie: StatusAnswer }
  | { rewrite: (answer: HttpAnswer) => HttpAnswer };

export interface StatusAnswer {
  status: number;
  code?: string;
  message?: string;
  body?: string;
  type?: string;
}

export interface Fault {
  /** A call kind (`query`, `convertLead` …), `*`, or a test of the call. */
  match: string | ((call: FaultCall) => boolean);
  /** From the n-th matching call on (1 is the next). Default 1. */
  nth?: number;
  /** For so many calls. Default 1; with `share` or `untilMs` no limit. */
  times?: number;
  /** Strikes this share of the calls (0 to 1), by `faults.random`. */
  share?: number;
  /** No longer than until this time of the org's clock. */
  untilMs?: number;
  action: FaultAction;
}

export class Faults {
  readonly #clock: Clock;
  #armed: { fault: Fault; seen: number }[] = [];
  #held = new Set<() => void>();
  #delayed = 0;
  /** In [0, 1); give it a seeded one to repeat a run. */
  random: () => number = Math.random;
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
      const { match, nth = 1, share, untilMs, action } = armed.fault;
      const times = armed.fault.times ?? (share === undefined && untilMs === undefined ? 1 : Infinity);
      const hit = typeof match === "function" ? match(call) : match === "*" || match === call.kind;
      if (!hit) continue;
      if (untilMs !== undefined && this.#clock.now() >= untilMs) continue;
      if (share !== undefined && this.random() >= share) continue;
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
    if ("html" in action) return page(action.html);
    if ("rewrite" in action) return action.rewrite(await work());
    if ("lie" in action) {
      await work();
      return told(action.lie);
    }
    return told(action);
  }
}

function told(given: StatusAnswer): HttpAnswer {
  if (given.body !== undefined) return { status: given.status, text: given.body, type: given.type ?? "text/html" };
  const message = given.message ?? `Refused with ${given.status}.`;
  return { status: given.status, json: [{ message, errorCode: given.code ?? "SERVER_UNAVAILABLE" }] };
}

/** What stands in front of an org shows it while the org is away; no JSON, whatever was asked for. */
const page = (status: number): HttpAnswer => ({
  status,
  text: `<!DOCTYPE html><html><head><title>${status}</title></head><body><h1>We are down for maintenance.</h1></body></html>`,
  type: "text/html;charset=UTF-8",
});
