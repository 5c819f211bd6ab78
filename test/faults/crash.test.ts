import { expect, it } from "vitest";
import { onBothStores } from "../support/stores.ts";
import { CrashSite, settleMs, type Crash } from "./crash.ts";
import { killAt } from "./kill.ts";
import { chosenSeed, randomOf, shuffled } from "./random.ts";

const simulated = Number(process.env["LANTERN_CRASH_POINTS"] ?? 20);
const killed = Number(process.env["LANTERN_KILL_POINTS"] ?? 27);
/** Lives that one process carries; it is killed with all of them. */
const livesAtOnce = 11;
/** A life that has asked the org for a description already makes a call less, so a few of the last points do not come. */
const fewest = 0.9;

onBothStores("a service that dies in the middle of a journey and begins again", (open, dialect) => {
  /** How it goes without a crash is the same for all places of one database. */
  let learnt: CrashSite["references"] | undefined;

  it("has done everything once, and has nothing left to do after a minute", { timeout: 600_000 }, async () => {
    const random = randomOf(chosenSeed(`crashes on ${dialect}`));
    const site = await CrashSite.open(await open.url(), simulated + 20);
    try {
      await site.learn();
      learnt = site.references;
      const points = site.points();
      expect(points.length).toBeGreaterThanOrEqual(300);
      const steps = new Set([...site.references.values()].flatMap((r) => [...r.steps.values()]));
      expect([...steps].sort()).toEqual(
        ["unheard", "look", "enrich", "match", "own", "write", "convert", "survive", "close", "done"].sort(),
      );
      const wrongs: string[] = [];
      let [reached, worstMs] = [0, 0];
      let life = await site.live();
      for (const crash of shuffled(points, random).slice(0, simulated)) {
        const round = await site.crash(life, crash);
        life = round.life;
        if (round.reached) reached++;
        worstMs = Math.max(worstMs, round.tookMs);
        wrongs.push(...round.wrongs);
      }
      await life.end();
      expect(wrongs).toEqual([]);
      expect(reached).toBeGreaterThanOrEqual(fewest * Math.min(simulated, points.length));
      expect(worstMs).toBeLessThanOrEqual(settleMs);
    } finally {
      await site.close();
    }
  });

  it(
    "holds the same when the process is really killed, after every step and in between",
    { timeout: 600_000 },
    async () => {
      const random = randomOf(chosenSeed(`kills on ${dialect}`));
      const rounds = Math.ceil(killed / livesAtOnce) + 20;
      const sites = await Promise.all(
        Array.from({ length: livesAtOnce }, async () => CrashSite.open(await open.url(), rounds)),
      );
      try {
        const [first] = sites;
        if (learnt && first) first.references = learnt;
        else await first?.learn();
        for (const site of sites) if (first) site.references = first.references;
        const chosen = sample(first?.stepPoints() ?? [], first?.points() ?? [], random);
        const { reached, wrongs, worstMs } = await killAt(sites, chosen);
        expect(wrongs).toEqual([]);
        expect(reached).toBeGreaterThanOrEqual(fewest * killed);
        expect(worstMs).toBeLessThanOrEqual(settleMs);
      } finally {
        for (const site of sites) await site.close();
      }
    },
  );
});

/** Each step of the journey once, by chance through which kind and door; the rest from all points. */
function sample(steps: readonly Crash[], all: readonly Crash[], random: () => number): Crash[] {
  const once = new Map<string, Crash>();
  for (const crash of shuffled(steps, random)) once.set(`${crash.kind} ${crash.point.nth}`, crash);
  const begun = shuffled([...once.values()], random).slice(0, Math.floor(killed / 2));
  return [...begun, ...shuffled(all, random)].slice(0, killed);
}
