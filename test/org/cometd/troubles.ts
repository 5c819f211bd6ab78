/** What the streaming endpoint refuses on purpose, and the limits it keeps. */
export type StreamStep = "handshake" | "connect" | "subscribe";

/**
 * overload: 503 in `ext.sfdc`, next to another error. connections: too many on this server. clients: too many of this org.
 * dailyLimit: the day's deliveries are used up; a held connect is told at once.
 */
export type StreamTrouble = "overload" | "connections" | "clients" | "dailyLimit";

const stepsOf: Record<StreamTrouble, StreamStep[]> = {
  overload: ["handshake", "connect", "subscribe"],
  connections: ["handshake", "connect", "subscribe"],
  clients: ["handshake"],
  dailyLimit: ["connect", "subscribe"],
};

export interface TroubleOptions {
  /** Default: every step at which the platform says it. */
  on?: StreamStep[];
  /** So many messages. Default: until it is ended. */
  times?: number;
}

export class Troubles {
  readonly #on = new Map<StreamTrouble, { steps: Set<StreamStep>; left: number }>();

  begin(trouble: StreamTrouble, options: TroubleOptions = {}): void {
    if (!(trouble in stepsOf)) throw new Error(`The stream knows no trouble named ${String(trouble)}.`);
    this.#on.set(trouble, { steps: new Set(options.on ?? stepsOf[trouble]), left: options.times ?? Infinity });
  }
  end(trouble?: StreamTrouble): void {
    if (trouble === undefined) this.#on.clear();
    else this.#on.delete(trouble);
  }
  has(trouble: StreamTrouble, step: StreamStep): boolean {
    return this.#on.get(trouble)?.steps.has(step) ?? false;
  }
  /** What befalls this message, if anything; one of its times is used up. */
  strike(step: StreamStep): StreamTrouble | undefined {
    for (const [trouble, armed] of this.#on) {
      if (!armed.steps.has(step)) continue;
      if (--armed.left <= 0) this.#on.delete(trouble);
      return trouble;
    }
    return undefined;
  }
}
