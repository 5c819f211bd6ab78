/** Rows that a poll cannot take in: parked one by one and listed; the page goes on, and nothing is passed over. */
import { eq } from "drizzle-orm";
import { expect, it, vi } from "vitest";
import { firstTenant } from "../../service/app.ts";
import type * as matching from "../../service/matching/index.ts";
import { redrive } from "../../service/queue/queue.ts";
import type { HttpAnswer } from "../org/http.ts";
import { inWorlds } from "../support/in-world.ts";
import { emea, inbound } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";
import type { World } from "../support/world.ts";

const mirror = vi.hoisted(() => ({ chokesOn: new Set<string>() }));
// The mirror chokes on the rows a test names, as on a value nobody has thought of.
vi.mock("../../service/matching/index.ts", async (original) => {
  const real = await original<typeof matching>();
  return {
    ...real,
    mirrorRows: async (...given: Parameters<typeof real.mirrorRows>) => {
      for (const { row } of given[2])
        if (mirror.chokesOn.has(String(row["LastName"]))) throw new TypeError("a value nobody has thought of");
      return real.mirrorRows(...given);
    },
  };
});

const options = { pools: emea, policies: [inbound] };
const leads = (world: World, count: number) =>
  world.control.as().create(
    "Lead",
    Array.from({ length: count }, (_v, i) => ({ LastName: `Row ${i}`, Company: `Company ${i}` })),
  );
const heard = (world: World) =>
  world.store.read((tx) => tx.db.select().from(tx.t.records).where(eq(tx.t.records.object, "Lead")));
const watermark = async (world: World) => {
  const rows = await world.store.read((tx) =>
    tx.db.select().from(tx.t.watermarks).where(eq(tx.t.watermarks.object, "Lead")),
  );
  return rows[0]?.watermark ?? 0;
};

/** Changes records of the next poll's answer before it leaves the org. */
function spoil(world: World, change: (record: Record<string, unknown>) => unknown): void {
  type Part = { body: { records?: Record<string, unknown>[] } };
  world.control.faults.add({
    match: (call) => call.kind === "composite" && call.body.includes("Lantern_Watch__c"),
    action: {
      rewrite: (answer: HttpAnswer) => {
        const json = answer.json as { compositeResponse: Part[] };
        const parts = json.compositeResponse.map((part) =>
          part.body.records ? { ...part, body: { ...part.body, records: part.body.records.map(change) } } : part,
        );
        return { ...answer, json: { compositeResponse: parts } };
      },
    },
  });
}

onBothStores("a row that cannot be read", (open) => {
  const inWorld = inWorlds(open);

  it(
    "is parked by itself, with the reason; all others of its page are heard and the watermark moves",
    inWorld(options, async (world) => {
      const ids = leads(world, 40);
      await world.advance(60 * 60_000);
      const before = await watermark(world);
      mirror.chokesOn = new Set(["Row 7", "Row 23"]);
      await world.hearPoll();
      const known = new Set((await heard(world)).map((r) => r.recordId));
      expect(ids.filter((id) => !known.has(id))).toEqual([ids[7], ids[23]]);
      const parked = await world.parked();
      expect(parked.map((p) => [p.key, p.code])).toEqual(
        expect.arrayContaining([7, 23].map((i) => [`${world.org.orgId}:Lead:${ids[i] ?? ""}`, "row_unreadable"])),
      );
      expect(parked).toHaveLength(2);
      expect(parked[0]?.reason).toContain("Re-drive it");
      expect(parked[0]?.reason).not.toContain("nobody has thought of");
      expect(await watermark(world)).toBeGreaterThan(before);
    }),
  );

  it(
    "is heard when it is re-driven and can be read by then; before, it is parked again",
    inWorld(options, async (world) => {
      const [id = ""] = leads(world, 1);
      mirror.chokesOn = new Set(["Row 0"]);
      await world.hearPoll();
      await world.work();
      const again = () =>
        world.store.write((tx) => redrive(tx, { tenant: firstTenant, kind: "row" }, world.clock.now()));
      expect(await again()).toBe(1);
      await world.work();
      expect(await world.parked()).toMatchObject([{ code: "row_unreadable" }]);
      expect(await world.run(id)).toBeUndefined();
      mirror.chokesOn.clear();
      await again();
      await world.work();
      expect(await world.parked()).toEqual([]);
      expect(await world.run(id)).toMatchObject({ state: "done" });
    }),
  );

  it(
    "is no longer listed once the poll has heard a later version of it",
    inWorld(options, async (world) => {
      const [id = ""] = leads(world, 1);
      mirror.chokesOn = new Set(["Row 0"]);
      await world.hearPoll();
      expect(await world.parked()).toHaveLength(1);
      await world.advance(60_000);
      world.control.as().update("Lead", [{ Id: id, LastName: "Readable" }]);
      await world.hearPoll();
      await world.work();
      expect(await world.parked()).toEqual([]);
      expect(await world.run(id)).toMatchObject({ state: "done" });
    }),
  );

  it(
    "without id, without stamp, or no record at all is parked once, however often it comes",
    inWorld(options, async (world) => {
      mirror.chokesOn.clear();
      const ids = leads(world, 5);
      for (let poll = 0; poll < 2; poll++) {
        spoil(world, (record) => {
          if (record["Id"] === ids[1]) return { ...record, Id: undefined };
          if (record["Id"] === ids[2]) return { ...record, SystemModstamp: "soon" };
          return record["Id"] === ids[4] ? null : record;
        });
        await world.hearPoll();
        expect((await heard(world)).map((r) => r.recordId).sort()).toEqual([ids[0], ids[3]].sort());
        expect(await world.parked()).toHaveLength(3);
      }
      // As the org answers rightly again, the overlap of the poll brings them all.
      await world.hearPoll();
      await world.work();
      expect((await heard(world)).map((r) => r.recordId).sort()).toEqual([...ids].sort());
    }),
  );

  it(
    "does not turn a failing store into parked rows: the poll fails and its watermark stays",
    inWorld(options, async (world) => {
      mirror.chokesOn.clear();
      leads(world, 20);
      await world.advance(60 * 60_000);
      const before = await watermark(world);
      const write = world.store.write.bind(world.store);
      let writes = 0;
      // What admins set can still be kept; hearing rows and parking them fails.
      const failing = vi
        .spyOn(world.store, "write")
        .mockImplementation((work) => (++writes > 1 ? Promise.reject(new Error("the disk is full")) : write(work)));
      await expect(world.hearPoll()).rejects.toThrow("the disk is full");
      failing.mockRestore();
      expect(await watermark(world)).toBe(before);
      expect(await world.parked()).toEqual([]);
    }),
  );
});
