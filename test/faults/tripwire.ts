/**
 * Ends one life of the service at an exact point: around its n-th store write or its n-th call to Salesforce. It lies
 * around the store and around fetch, so the service itself knows nothing of it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Store, Tx } from "../../service/store/store.ts";

export interface Point {
  where: "write" | "call";
  /** Counted from the moment the wire is armed; 1 is the first. */
  nth: number;
  /** inside: the transaction's work is done and not committed. after: done, and nobody has heard of it. */
  moment: "before" | "inside" | "after";
}

export const named = ({ where, nth, moment }: Point): string => `${moment} ${where} ${nth}`;

/** freeze: what is open stays open, for a kill from outside. fall: open transactions roll back, as a kill would have them do. */
export type Ending = "freeze" | "fall";

class Fallen extends Error {}
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

export class Tripwire {
  readonly ending: Ending;
  /** Resolves when the point is reached. From then on nothing of this life goes on. */
  readonly tripped: Promise<void>;
  /** Called after each committed write, while armed. */
  onWrite: ((nth: number) => Promise<void>) | undefined;
  #fire: () => void = () => undefined;
  #point: Point | undefined;
  #armed = false;
  #over = false;
  #seen = { write: 0, call: 0 };

  constructor(ending: Ending) {
    this.ending = ending;
    this.tripped = new Promise((resolve) => (this.#fire = resolve));
  }
  /** Counts from here; without a point it only counts. */
  arm(point?: Point): void {
    this.#point = point;
    this.#armed = true;
    this.#seen = { write: 0, call: 0 };
  }
  disarm(): { write: number; call: number } {
    this.#armed = false;
    return { ...this.#seen };
  }
  get over(): boolean {
    return this.#over;
  }
  /** The number of this write or call; 0 while not armed. */
  count(where: Point["where"]): number {
    return this.#armed ? ++this.#seen[where] : 0;
  }
  reaches(where: Point["where"], nth: number, moment: Point["moment"]): boolean {
    const point = this.#point;
    if (!this.#armed || this.#over || point?.where !== where || point.nth !== nth || point.moment !== moment)
      return false;
    this.#over = true;
    this.#fire();
    return true;
  }
}

/** The store as that life sees it. */
export function storeOf(raw: Store, wire: Tripwire): Store {
  const write = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    if (wire.over) return never();
    const nth = wire.count("write");
    if (wire.reaches("write", nth, "before")) return never();
    try {
      const value = await raw.write(async (tx) => {
        if (wire.over) return stopped<T>(wire);
        const done = await work(tx);
        return wire.reaches("write", nth, "inside") || wire.over ? stopped<T>(wire) : done;
      });
      if (wire.over || wire.reaches("write", nth, "after")) return await never();
      if (nth > 0) await wire.onWrite?.(nth);
      return value;
    } catch (error) {
      if (wire.over) return never();
      throw error;
    }
  };
  return {
    dialect: raw.dialect,
    read: async (work) => {
      if (wire.over) return never();
      const value = await raw.read(work);
      return wire.over ? never() : value;
    },
    write,
    onWake: (listener) => raw.onWake(listener),
    close: () => raw.close(),
  };
}

/** Inside a transaction: it stays open to be cut by the kill, or it rolls back. */
function stopped<T>(wire: Tripwire): Promise<T> {
  if (wire.ending === "freeze") return never();
  throw new Fallen("this life is over");
}

/** The wire of the life that the present code belongs to; timers and promises carry it on. */
export const lifeOf = new AsyncLocalStorage<Tripwire>();

const plainFetch = globalThis.fetch;
/** Takes the place of fetch once, for all lives of this process; what belongs to no life passes untouched. */
export function watchCalls(): void {
  globalThis.fetch = async (input, init) => {
    const wire = lifeOf.getStore();
    if (!wire) return plainFetch(input, init);
    if (wire.over) return never();
    const nth = wire.count("call");
    if (wire.reaches("call", nth, "before")) return never();
    const response = await plainFetch(input, init);
    // The org has done its part when its answer is complete.
    await response.clone().arrayBuffer();
    return wire.over || wire.reaches("call", nth, "after") ? never() : response;
  };
}
