import { expect, it } from "vitest";
import { LostLease } from "../../service/errors.ts";
import {
  claim,
  heartbeat,
  hold,
  nextDue,
  parkWaiting,
  redrive,
  settle,
  want,
  wantAll,
  type Job,
  type Outcome,
  type Want,
} from "../../service/queue/queue.ts";
import type { Store } from "../../service/store/store.ts";
import { onBothStores } from "../support/stores.ts";

const leaseMs = 60_000;
const job = (key: string, own: Partial<Want> = {}): Want => ({ kind: "journey", key, tenant: 1, now: 0, ...own });

function queueOn(store: Store) {
  return {
    want: (...wants: Want[]) => store.write((tx) => wantAll(tx, wants)),
    claim: (now: number, worker = "w1", limit = 100) => store.write((tx) => claim(tx, { worker, now, leaseMs, limit })),
    claimOne: async (now: number, worker = "w1"): Promise<Job> => {
      const [one] = await store.write((tx) => claim(tx, { worker, now, leaseMs, limit: 1 }));
      if (!one) throw new Error("nothing was due");
      return one;
    },
    settle: (held: Job, outcome: Outcome, now: number) => store.write((tx) => settle(tx, held, outcome, now)),
    rows: () => store.read((tx) => tx.db.select().from(tx.t.jobs)),
    nextDue: () => store.read((tx) => nextDue(tx)),
  };
}
const done: Outcome = { state: "done" };
const keysOf = (jobs: readonly Job[]) => jobs.map((j) => j.key).sort();

onBothStores("the queue", (open) => {
  const start = async () => {
    const store = await open();
    return { store, ...queueOn(store) };
  };

  it("wants of one piece of work become one job, that looks once", async () => {
    const q = await start();
    await q.want(job("a"), job("a"), job("b"));
    await Promise.all(Array.from({ length: 20 }, () => q.want(job("a"))));
    expect((await q.rows()).map((r) => r.key).sort()).toEqual(["a", "b"]);
    const jobs = await q.claim(0);
    expect(keysOf(jobs)).toEqual(["a", "b"]);
    for (const one of jobs) expect(await q.settle(one, done, 1)).toEqual({ wantedAgain: false });
    expect(await q.rows()).toEqual([]);
  });

  it("a want that comes while the work runs brings a second look, and no third", async () => {
    const q = await start();
    await q.want(job("a"));
    const first = await q.claimOne(0);
    await q.want(job("a", { now: 5 }));
    await q.want(job("a", { now: 6 }));
    expect(await q.claim(6)).toEqual([]);
    expect(await q.settle(first, done, 7)).toEqual({ wantedAgain: true });
    const second = await q.claimOne(7);
    expect(second.wantSeq).toBeGreaterThan(first.wantSeq);
    expect(await q.settle(second, done, 8)).toEqual({ wantedAgain: false });
  });

  it("the earlier of two times wins, and a want for later that comes while the work runs waits for its time", async () => {
    const q = await start();
    await q.want(job("a", { runAt: 100 }));
    await q.want(job("a", { runAt: 50 }));
    await q.want(job("a", { runAt: 80 }));
    expect(await q.claim(49)).toEqual([]);
    const first = await q.claimOne(50);
    await q.want(job("a", { now: 51, runAt: 700 }));
    await q.want(job("a", { now: 52, runAt: 600 }));
    await q.settle(first, done, 60);
    expect(await q.claim(599)).toEqual([]);
    expect(keysOf(await q.claim(600))).toEqual(["a"]);
  });

  it("a want does not hurry a job that waits after a failure", async () => {
    const q = await start();
    await q.want(job("a"));
    await q.settle(await q.claimOne(0), { state: "retry", runAt: 1_000 }, 0);
    await q.want(job("a", { now: 10 }));
    expect(await q.claim(999)).toEqual([]);
    const again = await q.claimOne(1_000);
    expect(again.attempts).toBe(1);
    await q.want(job("a", { now: 1_001 }));
    expect(await q.settle(again, done, 1_002)).toEqual({ wantedAgain: true });
    expect((await q.claimOne(1_002)).attempts).toBe(0);
  });

  it("later costs no attempt, a retry costs one", async () => {
    const q = await start();
    await q.want(job("a"));
    await q.settle(await q.claimOne(0), { state: "later", runAt: 10 }, 0);
    await q.settle(await q.claimOne(10), { state: "retry", runAt: 20 }, 10);
    expect(await q.claimOne(20)).toMatchObject({ attempts: 1, fence: 3 });
  });

  it("a dead worker's job is taken over when its lease runs out, and its late finish changes nothing", async () => {
    const q = await start();
    await q.want(job("a"));
    const dead = await q.claimOne(0, "dead");
    expect(await q.claim(leaseMs - 1, "w2")).toEqual([]);
    const alive = await q.claimOne(leaseMs, "w2");
    expect(alive.fence).toBeGreaterThan(dead.fence);
    for (const outcome of [done, { state: "retry", runAt: 0 }, { state: "parked", code: "c", reason: "r" }] as const)
      await expect(q.settle(dead, outcome, leaseMs)).rejects.toThrow(LostLease);
    await expect(q.store.write((tx) => hold(tx, dead))).rejects.toThrow(LostLease);
    await q.settle(alive, done, leaseMs + 1);
  });

  it("a worker that wakes up after the job was done and wanted anew cannot finish the new one", async () => {
    const q = await start();
    await q.want(job("a"));
    const dead = await q.claimOne(0, "dead");
    await q.settle(await q.claimOne(leaseMs, "w2"), done, leaseMs + 1);
    await q.want(job("a", { now: leaseMs + 2 }));
    const fresh = await q.claimOne(leaseMs + 2, "w3");
    await expect(q.settle(dead, done, leaseMs + 3)).rejects.toThrow(LostLease);
    await expect(q.store.write((tx) => hold(tx, dead))).rejects.toThrow(LostLease);
    expect(await q.settle(fresh, done, leaseMs + 4)).toEqual({ wantedAgain: false });
  });

  it("what a lost worker saved beside its finish is rolled back with it", async () => {
    const q = await start();
    await q.want(job("a"));
    const dead = await q.claimOne(0, "dead");
    await q.claimOne(leaseMs, "w2");
    const finish = q.store.write(async (tx) => {
      await want(tx, job("made by the dead"));
      await settle(tx, dead, done, leaseMs);
    });
    await expect(finish).rejects.toThrow(LostLease);
    expect((await q.rows()).map((r) => r.key)).toEqual(["a"]);
  });

  it("a heartbeat keeps what is still held, and tells what is not", async () => {
    const q = await start();
    await q.want(job("a"), job("b"));
    const held = await q.claim(0, "w1");
    const [lost] = held.filter((h) => h.key === "b");
    if (!lost) throw new Error("b was not claimed");
    await q.settle(lost, done, 1);
    const alive = await q.store.write((tx) => heartbeat(tx, "w1", held, 2 * leaseMs));
    expect([...alive]).toEqual(["journey a"]);
    expect(await q.claim(leaseMs, "w2")).toEqual([]);
    expect(keysOf(await q.claim(2 * leaseMs, "w2"))).toEqual(["a"]);
  });

  it("jobs of one group run one at a time, in the order of their times, and do not hold up others", async () => {
    const q = await start();
    await q.want(
      ...[1, 2, 3].map((n) => job(`g${n}`, { group: "pool:x", runAt: n })),
      job("other", { runAt: 9 }),
      job("second group", { group: "pool:y", runAt: 9 }),
    );
    const first = await q.claim(10, "w1", 1);
    expect(keysOf(first)).toEqual(["g1"]);
    // With room for one only, what waits behind the group must still get its turn.
    const second = [...(await q.claim(10, "w2", 1)), ...(await q.claim(10, "w2", 1))];
    expect(keysOf(second)).toEqual(["other", "second group"]);
    expect(await q.claim(10)).toEqual([]);
    await q.settle(first[0] ?? (await q.claimOne(10)), done, 11);
    expect(keysOf(await q.claim(11))).toEqual(["g2"]);
  });

  it("many workers at once never hold one job twice, nor two of a group, and finish everything", async () => {
    const q = await start();
    const groups = 5;
    await q.want(...Array.from({ length: 120 }, (_, i) => job(`j${i}`, i % 2 ? { group: `g${i % groups}` } : {})));
    const running = new Set<string>();
    const ran = new Map<string, number>();
    const worker = async (name: string) => {
      for (let idle = 0; idle < 200;) {
        const jobs = await q.claim(0, name, 3);
        idle = jobs.length === 0 ? idle + 1 : 0;
        for (const one of jobs) {
          const n = Number(one.key.slice(1));
          const names = [one.key, ...(n % 2 ? [`group ${n % groups}`] : [])];
          for (const name of names) {
            expect(running.has(name), name).toBe(false);
            running.add(name);
          }
          await Promise.resolve();
          ran.set(one.key, (ran.get(one.key) ?? 0) + 1);
          for (const name of names) running.delete(name);
          await q.settle(one, done, 0);
        }
        if (ran.size === 120) return;
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, i) => worker(`w${i}`)));
    expect(ran.size).toBe(120);
    expect([...ran.values()].every((times) => times === 1)).toBe(true);
    expect(await q.rows()).toEqual([]);
  });

  it("wants of the same work from many transactions at once, in any order, are all counted", async () => {
    const q = await start();
    const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => q.want(...(i % 2 ? keys : [...keys].reverse()).map((key) => job(key)))),
    );
    const rows = await q.rows();
    expect(rows).toHaveLength(30);
    expect(rows.every((row) => row.wantSeq === 12)).toBe(true);
  });

  it("parked work is listed with its reason, remembers new wants, and goes on when it is re-driven, once", async () => {
    const q = await start();
    await q.want(job("a"), job("b"), job("c", { tenant: 2 }));
    for (const held of await q.claim(0)) await q.settle(held, { state: "parked", code: "short", reason: "why" }, 5);
    await q.want(job("a", { now: 6 }));
    expect(await q.claim(1_000_000)).toEqual([]);
    expect(await q.nextDue()).toBeNull();
    expect((await q.rows()).find((r) => r.key === "a")).toMatchObject({
      state: "parked",
      parkedCode: "short",
      parkedReason: "why",
      parkedAt: 5,
      wantSeq: 2,
    });
    const redriven = () => q.store.write((tx) => redrive(tx, { tenant: 1, code: "short" }, 10));
    expect(await q.store.write((tx) => redrive(tx, { tenant: 1, code: "other" }, 10))).toBe(0);
    expect((await Promise.all([redriven(), redriven(), redriven()])).reduce((a, b) => a + b, 0)).toBe(2);
    const jobs = await q.claim(10);
    expect(keysOf(jobs)).toEqual(["a", "b"]);
    expect(jobs.every((one) => one.attempts === 0)).toBe(true);
    for (const one of jobs) expect(await q.settle(one, done, 11)).toEqual({ wantedAgain: false });
  });

  it("only what waits can be parked from outside", async () => {
    const q = await start();
    await q.want(job("waits"), job("runs", { runAt: -1 }));
    const runs = await q.claimOne(-1);
    for (const key of ["waits", "runs"])
      await q.store.write((tx) => parkWaiting(tx, "journey", key, "short", "why", 1));
    expect((await q.rows()).map((r) => [r.key, r.state]).sort()).toEqual([
      ["runs", "running"],
      ["waits", "parked"],
    ]);
    await q.settle(runs, done, 1);
  });

  it("tells when the next work is due: a waiting job's time or a lease's end", async () => {
    const q = await start();
    expect(await q.nextDue()).toBeNull();
    await q.want(job("a", { runAt: 500 }));
    expect(await q.nextDue()).toBe(500);
    await q.claimOne(500);
    expect(await q.nextDue()).toBe(500 + leaseMs);
  });
});
