/**
 * A network that misbehaves: a TCP proxy between the service and the org. It knows bytes, not HTTP; what it does to them
 * (latency, pause, cut after so many, reset, a request that arrives long after its sender is gone) is told from outside.
 */
import { createServer, connect, type AddressInfo, type Socket } from "node:net";

/** up: from the service to the org. */
export type Direction = "up" | "down";

export interface Proxy {
  url: string;
  /** Where connections lead; to be set before the first. */
  aim(url: string): void;
  /** Every chunk is this late from now on (ms of real time). */
  latencyMs: number;
  /** Nothing passes until `resume`; connections stay open. */
  pause(): void;
  resume(): void;
  /** Each connection is cut when so many bytes of it have passed that way; undefined: never. */
  cutAfter: { direction: Direction; bytes: number } | undefined;
  /** Resets every open connection. */
  reset(): void;
  /**
   * The next request with this text in it is kept on the way, and its sender's connection is reset. Resolves once that has
   * happened, with what delivers it after all, and resolves when the org has answered.
   */
  orphan(text: string): Promise<() => Promise<void>>;
  /** Before the next request with this text arrives at the org, this happens. */
  before(text: string, act: () => Promise<void>): void;
  /** Connections so far. */
  connections(): number;
  close(): Promise<void>;
}

interface Rule {
  text: string;
  kind: "orphan" | "before";
  meet: (pair: Pair, chunk: Buffer) => Promise<boolean>;
}

class Pair {
  readonly service: Socket;
  readonly org: Socket;
  #passed: Record<Direction, number> = { up: 0, down: 0 };
  /** What passes, one chunk after another. */
  #order: Record<Direction, Promise<void>> = { up: Promise.resolve(), down: Promise.resolve() };
  /** The sender is gone; the org is to be told nothing of that. */
  orphaned = false;

  constructor(service: Socket, org: Socket) {
    this.service = service;
    this.org = org;
  }
  queue(direction: Direction, work: () => Promise<void>): void {
    this.#order[direction] = this.#order[direction].then(work, work);
  }
  pass(direction: Direction, chunk: Buffer, limit: number): void {
    const room = limit - this.#passed[direction];
    const to = direction === "up" ? this.org : this.service;
    this.#passed[direction] += chunk.length;
    if (room >= chunk.length) {
      if (!to.destroyed) to.write(chunk);
      return;
    }
    to.write(chunk.subarray(0, Math.max(0, room)), () => this.reset());
  }
  reset(): void {
    this.service.resetAndDestroy();
    this.org.destroy();
  }
}

export async function startProxy(): Promise<Proxy> {
  let target: { host: string; port: number } | undefined;
  let paused: Promise<void> | undefined;
  let unpause: () => void = () => undefined;
  let count = 0;
  const pairs = new Set<Pair>();
  let rules: Rule[] = [];

  const treat = async (pair: Pair, direction: Direction, chunk: Buffer): Promise<void> => {
    if (proxy.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, proxy.latencyMs));
    while (paused) await paused;
    const rule = direction === "up" ? rules.find(({ text }) => chunk.includes(text)) : undefined;
    if (rule) {
      rules = rules.filter((other) => other !== rule);
      if (await rule.meet(pair, chunk)) return;
    }
    const cut = proxy.cutAfter;
    pair.pass(direction, chunk, cut?.direction === direction ? cut.bytes : Infinity);
  };

  const server = createServer((service) => {
    if (!target) return service.destroy();
    count++;
    const pair = new Pair(service, connect(target));
    pairs.add(pair);
    for (const [direction, from, to] of [
      ["up", pair.service, pair.org],
      ["down", pair.org, pair.service],
    ] as const) {
      from.on("data", (chunk: Buffer) => pair.queue(direction, () => treat(pair, direction, chunk)));
      from.on("error", () => undefined);
      from.on("close", () =>
        pair.queue(direction, async () => {
          if (direction === "down") pairs.delete(pair);
          if (!pair.orphaned || direction === "down") to.destroy();
        }),
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  const proxy: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    aim(url) {
      const { hostname, port } = new URL(url);
      target = { host: hostname, port: Number(port) };
    },
    latencyMs: 0,
    cutAfter: undefined,
    pause() {
      paused ??= new Promise((resolve) => (unpause = resolve));
    },
    resume() {
      paused = undefined;
      unpause();
    },
    reset() {
      for (const pair of pairs) pair.reset();
    },
    orphan: (text) =>
      new Promise((kept) => {
        rules.push({
          text,
          kind: "orphan",
          meet: async (pair, chunk) => {
            pair.orphaned = true;
            pair.service.resetAndDestroy();
            kept(
              () =>
                new Promise((answered) => {
                  pair.org.once("data", () => answered());
                  pair.org.once("close", () => answered());
                  pair.pass("up", chunk, Infinity);
                }),
            );
            return true;
          },
        });
      }),
    before(text, act) {
      rules.push({
        text,
        kind: "before",
        meet: async () => {
          await act();
          return false;
        },
      });
    },
    connections: () => count,
    async close() {
      proxy.resume();
      proxy.reset();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}
