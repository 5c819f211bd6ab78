/** kill -9: one process carries lives on several places, each frozen at a point of its own, and is killed with all of them. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Crash, CrashSite } from "./crash.ts";
import type { DoomedLife, FromChild } from "./crash-child.ts";
import { told } from "./crash.ts";
import { tellingOf } from "./story.ts";

const childFile = fileURLToPath(new URL("./crash-child.ts", import.meta.url));

export interface Killed {
  /** Points at which a process really died. */
  reached: number;
  missed: number;
  wrongs: string[];
  worstMs: number;
}

/** Kills a process at every point given, as many points a process as there are sites. */
export async function killAt(sites: readonly CrashSite[], crashes: readonly Crash[]): Promise<Killed> {
  const sum: Killed = { reached: 0, missed: 0, wrongs: [], worstMs: 0 };
  let next = Child.start();
  try {
    for (let i = 0; i < crashes.length; i += sites.length) {
      const paired = crashes.slice(i, i + sites.length).flatMap((crash, n) => {
        const site = sites[n];
        return site ? [{ site, crash }] : [];
      });
      const round = await Promise.all(
        paired.map(async ({ site, crash }) => ({ site, crash, lead: await site.newLead(crash.kind) })),
      );
      const child = next;
      const ends = await child.doom(round.map((one) => doomed(one)));
      await child.kill();
      // The next one loads its code while this one's traces are looked at.
      next = Child.start();
      const checks = round.map(async ({ site, crash, lead }, n) => {
        const end = ends[n] ?? "silent";
        if (end === "finished") sum.missed++;
        else if (end === "frozen") sum.reached++;
        else sum.wrongs.push(`${told(crash)}: ${end}`);
        const life = await site.live();
        const { wrongs, tookMs } = await site.recover(life, crash, lead);
        await life.end();
        sum.wrongs.push(...wrongs);
        sum.worstMs = Math.max(sum.worstMs, tookMs);
      });
      await Promise.all(checks);
    }
  } finally {
    await next.kill();
  }
  return sum;
}

function doomed({ site, crash, lead }: { site: CrashSite; crash: Crash; lead: string }): DoomedLife {
  return {
    life: site.lifeOptions(),
    now: site.place.clock.now(),
    telling: tellingOf(site.place, crash.door, [lead]),
    point: crash.point,
  };
}

class Child {
  readonly #process: ChildProcess;
  readonly #ready: Promise<void>;
  #onEnd: (index: number, end: string) => void = () => undefined;

  private constructor() {
    this.#process = spawn(process.execPath, ["--import", "tsx", childFile], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#ready = new Promise((resolve, reject) => {
      this.#process.on("message", (message: FromChild) => {
        if ("ready" in message) resolve();
        else this.#onEnd(message.index, message.end);
      });
      this.#process.on("exit", (code, signal) => reject(new Error(`the child ended by itself: ${code ?? signal}`)));
    });
    this.#ready.catch(() => undefined);
  }
  static start(): Child {
    return new Child();
  }
  /** Resolves when each of the lives has come to its point, or to its end. */
  async doom(lives: readonly DoomedLife[]): Promise<string[]> {
    await this.#ready;
    const ends: string[] = [];
    let open = lives.length;
    return new Promise((resolve, reject) => {
      this.#process.once("exit", () => reject(new Error("the child ended before it was killed")));
      this.#onEnd = (index, end) => {
        ends[index] = end;
        if (--open === 0) resolve(ends);
      };
      this.#process.send(lives);
    });
  }
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }
}
