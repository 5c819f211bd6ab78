/**
 * The crash harness. A place is an org with a database; round after round a lead is created there, the service works on
 * it, dies at a chosen point, begins again, and the lead's story must be the one that a run without a crash tells.
 */
import { beginLife, type Life, type LifeOptions } from "./life.ts";
import { storyOf, unsound, type Story } from "./oracle.ts";
import { createLead, doors, kinds, makePlace, tellingOf, type Door, type Kind, type Place } from "./story.ts";
import { named, type Point } from "./tripwire.ts";

export interface Crash {
  kind: Kind;
  door: Door;
  point: Point;
}

export const told = ({ kind, door, point }: Crash): string => `${kind} by ${door}, ${named(point)}`;

/** Longest time until nothing is left to do: a dead worker's lease of a minute, and the quiet time after our own write. */
export const settleMs = 62_000;

export interface Reference {
  story: Story;
  writes: number;
  calls: number;
  /** Writes after which the journey stands at another step, with that step. */
  steps: Map<number, string>;
}

/** A place with its lives, one after another, and the stories that undisturbed leads of each kind have there. */
export class CrashSite {
  readonly place: Place;
  references = new Map<string, Reference>();
  #lives = 0;
  #leads = 0;

  private constructor(place: Place) {
    this.place = place;
  }
  static async open(databaseUrl: string, rounds: number): Promise<CrashSite> {
    return new CrashSite(await makePlace(databaseUrl, rounds));
  }

  /** Of a new life on this place, also for a process of its own. */
  lifeOptions(): Pick<LifeOptions, "databaseUrl" | "org" | "name"> {
    const { url, orgId, clientId, clientSecret } = this.place.org;
    const name = `l${(++this.#lives).toString(36)}`;
    return { databaseUrl: this.place.databaseUrl, org: { url, orgId, clientId, clientSecret }, name };
  }
  live(): Promise<Life> {
    return beginLife({ ...this.lifeOptions(), clock: this.place.clock, ending: "fall" });
  }
  newLead(kind: Kind): Promise<string> {
    return createLead(this.place, kind, this.#leads++);
  }

  /** Runs one lead of each kind by each door without any crash, and remembers how that went. */
  async learn(): Promise<void> {
    const life = await this.live();
    try {
      // What is asked once a life (descriptions, lead statuses) is no part of the journey that is learnt.
      for (const kind of kinds) await this.#learnOne(life, kind, "webhook");
      for (const kind of kinds)
        for (const door of doors) this.references.set(`${kind} ${door}`, await this.#learnOne(life, kind, door));
    } finally {
      await life.end();
    }
  }
  async #learnOne(life: Life, kind: Kind, door: Door): Promise<Reference> {
    const lead = await this.newLead(kind);
    const steps = new Map<number, string>();
    let last = "";
    life.wire.onWrite = async (nth) => {
      const runs = await life.raw.read((tx) => tx.db.select().from(tx.t.runs));
      const run = runs.find((r) => r.recordId === lead);
      const step = run?.state === "done" ? "done" : (run?.step ?? "unheard");
      if (step !== last) steps.set(nth, step);
      last = step;
    };
    life.wire.arm();
    await life.hear(tellingOf(this.place, door, [lead]));
    await life.work();
    const { write, call } = life.wire.disarm();
    life.wire.onWrite = undefined;
    await life.settle(settleMs);
    const story = await storyOf(life.raw, this.place.org, lead);
    return { story, writes: write, calls: call, steps };
  }

  /** Every point of every kind and door: around each write and each call. */
  points(): Crash[] {
    const out: Crash[] = [];
    for (const kind of kinds)
      for (const door of doors) {
        const reference = this.references.get(`${kind} ${door}`);
        if (!reference) throw new Error("the site has not learnt how it goes without a crash");
        const add = (where: Point["where"], nth: number, moment: Point["moment"]) =>
          out.push({ kind, door, point: { where, nth, moment } });
        for (let nth = 1; nth <= reference.writes; nth++)
          for (const moment of ["before", "inside", "after"] as const) add("write", nth, moment);
        for (let nth = 1; nth <= reference.calls; nth++)
          for (const moment of ["before", "after"] as const) add("call", nth, moment);
      }
    return out;
  }
  /** The points right after each step of the journey was saved. */
  stepPoints(): Crash[] {
    return this.points().filter(
      ({ kind, door, point }) =>
        point.where === "write" &&
        point.moment === "after" &&
        this.references.get(`${kind} ${door}`)?.steps.has(point.nth) === true,
    );
  }

  /** One lead whose life ends at the point. Answers the life that goes on, and what is wrong: nothing, hopefully. */
  async crash(life: Life, crash: Crash): Promise<{ life: Life; wrongs: string[]; tookMs: number; reached: boolean }> {
    const lead = await this.newLead(crash.kind);
    life.wire.arm(crash.point);
    const ran = (async () => {
      await life.hear(tellingOf(this.place, crash.door, [lead]));
      await life.work();
    })();
    const ended = await Promise.race([ran.then(() => "finished"), life.wire.tripped.then(() => "tripped")]);
    if (ended === "finished") {
      life.wire.disarm();
      return { life, ...(await this.recover(life, crash, lead)), reached: false };
    }
    await new Promise((resolve) => setImmediate(resolve));
    await life.end();
    const next = await this.live();
    return { life: next, ...(await this.recover(next, crash, lead)), reached: true };
  }

  /** The service begins again: what it hears and finds must bring the lead to its proper end, once. */
  async recover(life: Life, crash: Crash, lead: string): Promise<{ wrongs: string[]; tookMs: number }> {
    await life.hear({ door: "poll" });
    const settled = await life.settle(settleMs);
    // Whoever told of it before tells of it again: org, stream and poll know nothing of our crash.
    await life.hear(tellingOf(this.place, crash.door, [lead]));
    await life.settle(settleMs);
    const reference = this.references.get(`${crash.kind} ${crash.door}`);
    const story = await storyOf(life.raw, this.place.org, lead);
    const wrongs = [...settled.waiting.map((job) => `left over: ${job}`), ...(await unsound(life.raw))];
    for (const part of Object.keys(story) as (keyof Story)[]) {
      const [is, should] = [JSON.stringify(story[part]), JSON.stringify(reference?.story[part])];
      if (is !== should) wrongs.push(`${part}: ${is} instead of ${should}`);
    }
    return { wrongs: wrongs.map((wrong) => `${told(crash)} (${lead}): ${wrong}`), tookMs: settled.tookMs };
  }

  close(): Promise<void> {
    return this.place.close();
  }
}
