/**
 * A process that is going to be killed. It is given lives on several places, runs each up to its point, lets it freeze
 * there with whatever it has open, says so, and waits for the end.
 */
import { ManualClock } from "../support/manual-clock.ts";
import { beginLife, type LifeOptions, type Telling } from "./life.ts";
import type { Point } from "./tripwire.ts";

export interface DoomedLife {
  life: Pick<LifeOptions, "databaseUrl" | "org" | "name">;
  now: number;
  telling: Telling;
  point: Point;
}
/** `end`: frozen, finished, or what went wrong. */
export type FromChild = { ready: true } | { index: number; end: string };

const tell = (message: FromChild): void => void process.send?.(message);

async function run({ life, now, telling, point }: DoomedLife): Promise<"frozen" | "finished"> {
  const living = await beginLife({ ...life, clock: new ManualClock(now), ending: "freeze" });
  living.wire.arm(point);
  const ran = (async () => {
    await living.hear(telling);
    await living.work();
  })();
  return Promise.race([ran.then(() => "finished" as const), living.wire.tripped.then(() => "frozen" as const)]);
}

process.on("message", (lives: DoomedLife[]) => {
  lives.forEach((life, index) => {
    run(life).then(
      (end) => tell({ index, end }),
      (error: unknown) => tell({ index, end: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
});
tell({ ready: true });
