import { pino } from "pino";
import { expect, it, vi } from "vitest";
import { LanternError, Unavailable } from "../../service/errors.ts";
import { claim, redrive, settle, want, type Job, type Want } from "../../service/queue/queue.ts";
import { Worker, type Handler, type WorkerOptions } from "../../service/queue/worker.ts";
import type { Store } from "../../service/store/store.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { onBothStores } from "../support/stores.ts";

const log = pino({ level: "silent" });
const done: Handler = async () => ({ state: "done" });

/** For what waits for the database, not for the clock, which stands still. */
const until = (holds: () => boolean | Promise<boolean>) => vi.waitUntil(holds, { timeout: 20_000, interval: 1 });

function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

onBothStores("the worker", (open) => {
  const start = async () => {
    const store = await open();
    const clock = new ManualClock();
    const make = (handlers: Record<string, Handler>, own: Partial<WorkerOptions> = {}) =>
      new Worker({ store, clock, log, name: "w1", handlers, random: () => 0.5, ...own });
    const ask = (key: string, own: Partial<Want> = {}) =>
      store.write((tx) => want(tx, { kind: "journey", key, tenant: 1, now: clock.now(), ...own }));
    return { store, clock, make, ask };
  };
  const rows = (store: Store) => store.read((tx) => tx.db.select().from(tx.t.jobs));

  it("runs what is due, once, and leaves what is not its kind or not due yet", async () => {
    const { store, clock, make, ask } = await start();
    const ran: string[] = [];
    const worker = make({
      journey: async (job) => {
        ran.push(job.key);
        return { state: "done" };
      },
    });
    await ask("a");
    await ask("b", { runAt: clock.now() + 1 });
    await ask("c", { kind: "poll" });
    await worker.drain();
    expect(ran).toEqual(["a"]);
    await clock.advance(1);
    await worker.drain();
    expect(ran).toEqual(["a", "b"]);
    expect((await rows(store)).map((r) => r.key)).toEqual(["c"]);
  });

  it("runs again what was wanted while it ran", async () => {
    const { store, make, ask } = await start();
    let looks = 0;
    const worker = make({
      journey: async () => {
        if (++looks === 1) await ask("a");
        return { state: "done" };
      },
    });
    await ask("a");
    await worker.drain();
    expect(looks).toBe(2);
    expect(await rows(store)).toEqual([]);
  });

  it("a failure that may pass is tried again with growing waits, then parked with its reason", async () => {
    const { store, clock, make, ask } = await start();
    let attempts = 0;
    const worker = make(
      {
        journey: async () => {
          attempts++;
          throw new Unavailable("Salesforce does not answer.", { code: "salesforce_transient" });
        },
      },
      { maxAttempts: 3 },
    );
    await ask("a");
    const waits: number[] = [];
    for (let i = 0; i < 2; i++) {
      await worker.drain();
      const [row] = await rows(store);
      waits.push((row?.runAt ?? 0) - clock.now());
      await clock.advance(waits[i] ?? 0);
    }
    expect(waits).toEqual([1_000, 2_000]);
    await worker.drain();
    expect(attempts).toBe(3);
    expect((await rows(store))[0]).toMatchObject({
      state: "parked",
      parkedCode: "salesforce_transient",
      parkedReason: "Salesforce does not answer. (after 3 attempts)",
    });
  });

  it("a failure that cannot pass is parked at once, and goes on when it is re-driven", async () => {
    const { store, clock, make, ask } = await start();
    let broken = true;
    const worker = make({
      journey: async () => {
        if (broken) throw new LanternError("The policy is not valid.", { code: "bad_policy" });
        return { state: "done" };
      },
    });
    await ask("a");
    await worker.drain();
    expect((await rows(store))[0]).toMatchObject({ state: "parked", parkedCode: "bad_policy", attempts: 0 });
    broken = false;
    await store.write((tx) => redrive(tx, { tenant: 1 }, clock.now()));
    await worker.drain();
    expect(await rows(store)).toEqual([]);
  });

  it("a rate limit means later and costs no attempt, however often it comes", async () => {
    const { store, clock, make, ask } = await start();
    let tries = 0;
    const worker = make(
      {
        journey: async () => {
          if (++tries <= 5) throw new Unavailable("Too many calls.", { fate: { afterMs: 1_000 } });
          return { state: "done" };
        },
      },
      { maxAttempts: 2 },
    );
    await ask("a");
    for (let i = 0; i < 5; i++) {
      await worker.drain();
      expect((await rows(store))[0]).toMatchObject({ state: "waiting", attempts: 0, runAt: clock.now() + 1_000 });
      await clock.advance(1_000);
    }
    await worker.drain();
    expect(await rows(store)).toEqual([]);
  });

  it("a defect is tried again, since a restart may have mended it", async () => {
    const { store, clock, make, ask } = await start();
    const worker = make({ journey: async () => Promise.reject(new TypeError("x is undefined")) });
    await ask("a");
    await worker.drain();
    expect((await rows(store))[0]).toMatchObject({ state: "waiting", attempts: 1, runAt: clock.now() + 1_000 });
  });

  it("while it works it keeps its lease, so that nobody else begins the same", async () => {
    const { store, clock, make, ask } = await start();
    const { passed, open: finish } = gate();
    let began = 0;
    const handler: Handler = async () => {
      began++;
      await passed;
      return { state: "done" };
    };
    const worker = make({ journey: handler }, { leaseMs: 30_000, idleMs: 1_000 });
    await ask("a");
    worker.start();
    await until(() => began === 1);
    const other = make({ journey: handler }, { name: "w2" });
    for (let second = 0; second < 90; second++) {
      const before = clock.now();
      await clock.advance(1_000);
      // The loop is between two sleeps only while it talks to the database; let it come back to sleep.
      await until(async () => (await rows(store)).every((r) => r.leaseUntil > before + 11_000));
      expect(await other.tick()).toBe(0);
    }
    finish();
    await worker.stop();
    expect(began).toBe(1);
    expect(await rows(store)).toEqual([]);
  });

  it("the job of a worker that died is finished by another one after the lease, and only then", async () => {
    const { store, clock, make, ask } = await start();
    await ask("a");
    await store.write((tx) => claim(tx, { worker: "dead", now: clock.now(), leaseMs: 60_000, limit: 1 }));
    const worker = make({ journey: done });
    await clock.advance(59_999);
    await worker.drain();
    expect(await rows(store)).toHaveLength(1);
    await clock.advance(1);
    await worker.drain();
    expect(await rows(store)).toEqual([]);
  });

  it("a worker that lost its lease finishes nothing, and says nothing over the one that has it", async () => {
    const { store, clock, make, ask } = await start();
    const { passed, open: finish } = gate();
    const began = gate();
    const slow = make({
      journey: async () => {
        began.open();
        await passed;
        throw new LanternError("too late to matter", { code: "late" });
      },
    });
    await ask("a");
    await slow.tick();
    await began.passed;
    await clock.advance(60_000);
    const [taken] = await store.write((tx) => claim(tx, { worker: "w2", now: clock.now(), leaseMs: 60_000, limit: 1 }));
    finish();
    await until(() => slow.running === 0);
    expect((await rows(store))[0]).toMatchObject({ state: "running", worker: "w2", parkedCode: null });
    if (taken) await store.write((tx) => settle(tx, taken, { state: "done" }, clock.now()));
    expect(await rows(store)).toEqual([]);
  });

  it("never runs more at once than its capacity, and does everything in the end", async () => {
    const { make, ask } = await start();
    let now = 0;
    let most = 0;
    const ran: Job[] = [];
    const worker = make(
      {
        journey: async (job) => {
          most = Math.max(most, ++now);
          await new Promise<void>((resolve) => setImmediate(resolve));
          now--;
          ran.push(job);
          return { state: "done" };
        },
      },
      { capacity: 4 },
    );
    for (let i = 0; i < 25; i++) await ask(`j${i}`);
    await worker.drain();
    expect(most).toBeLessThanOrEqual(4);
    expect(new Set(ran.map((job) => job.key)).size).toBe(25);
    expect(ran).toHaveLength(25);
  });

  it("hears at once of work that is wanted, without waiting for its next look", async () => {
    const { make, ask } = await start();
    const ran: string[] = [];
    const worker = make({
      journey: async (job) => {
        ran.push(job.key);
        return { state: "done" };
      },
    });
    worker.start();
    await new Promise<void>((resolve) => setImmediate(resolve));
    // The clock stands still: only the wake can make it look.
    await ask("a");
    await until(() => ran.length === 1);
    await worker.stop();
  });

  it("stopping waits for what runs and begins nothing new", async () => {
    const { store, make, ask } = await start();
    const { passed, open: finish } = gate();
    let began = 0;
    const worker = make({
      journey: async () => {
        began++;
        await passed;
        return { state: "done" };
      },
    });
    await ask("a");
    worker.start();
    await until(() => began === 1);
    const stopped = worker.stop();
    await ask("b");
    finish();
    await stopped;
    expect(began).toBe(1);
    expect((await rows(store)).map((r) => [r.key, r.state])).toEqual([["b", "waiting"]]);
  });
});
