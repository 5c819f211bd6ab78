import { describe, expect, test } from "vitest";
import { gathered, type GatherOptions } from "../../service/salesforce/gather.ts";
import type { ConditionalUpdate, LeadConvert, Row, Salesforce } from "../../service/salesforce/index.ts";

interface Held<T> {
  given: T;
  answer: (results?: unknown[]) => void;
  fail: (error: unknown) => void;
}
interface Retrieve {
  object: string;
  ids: readonly string[];
  fields: readonly string[];
}

/** A port whose calls wait until the test answers them. */
function heldSalesforce(options: GatherOptions = { windowMs: 1 }) {
  const reads: Held<Retrieve>[] = [];
  const writes: Held<readonly ConditionalUpdate[]>[] = [];
  const converts: Held<readonly LeadConvert[]>[] = [];
  const hold = <T, R>(into: Held<T>[], given: T, usual: () => R[]) =>
    new Promise<R[]>((resolve, reject) =>
      into.push({ given, answer: (results) => resolve((results as R[] | undefined) ?? usual()), fail: reject }),
    );
  const port: Pick<Salesforce, "retrieve" | "updateIfUnmodified" | "convertLeads"> = {
    retrieve: (object, ids, fields) =>
      hold(reads, { object, ids, fields }, (): (Row | null)[] => ids.map((Id) => ({ Id }))),
    updateIfUnmodified: (updates) => hold(writes, updates, () => updates.map(() => ({ status: "written" as const }))),
    convertLeads: (requests) =>
      hold(converts, requests, () =>
        requests.map(({ leadId }) => ({
          ok: true as const,
          leadId,
          accountId: "a",
          contactId: "c",
          opportunityId: null,
        })),
      ),
  };
  // Only these three are gathered.
  const port3 = port as Salesforce;
  return { reads, writes, converts, salesforce: gathered(port3, options) };
}

/** Lets the window pass: a window of 1 ms is over after a timer of 1 ms that was set later. */
const window = () => new Promise<void>((resolve) => setTimeout(resolve, 3));
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const update = (id: string): ConditionalUpdate => ({ object: "Lead", id, fields: {}, unmodifiedSince: 0 });
const lead = (leadId: string, accountId?: string): LeadConvert => ({
  leadId,
  convertedStatus: "Q",
  doNotCreateOpportunity: true,
  ...(accountId ? { accountId } : {}),
});

describe("reading", () => {
  test("those who ask together share a call, its fields are everybody's, and each gets its own row", async () => {
    const { salesforce, reads } = heldSalesforce();
    const all = Promise.all([
      salesforce.read("Lead", "1", ["Id", "Email"]),
      salesforce.read("Lead", "2", ["Id", "Phone"]),
      salesforce.read("Lead", "1", ["Id"]),
    ]);
    await window();
    expect(reads.map(({ given }) => given)).toEqual([
      { object: "Lead", ids: ["1", "2"], fields: ["Id", "Email", "Phone"] },
    ]);
    reads[0]?.answer([{ Id: "1" }, null]);
    const [one, two, again] = await all;
    expect([one, two, again]).toEqual([{ Id: "1" }, null, { Id: "1" }]);
    expect(again).not.toBe(one);
  });

  test("leaves as soon as everybody at work waits, and not before", async () => {
    let atWork = 3;
    const { salesforce, reads } = heldSalesforce({ atWork: () => atWork });
    const first = [salesforce.read("Lead", "1", ["Id"]), salesforce.read("Lead", "2", ["Id"])];
    await window();
    expect(reads).toHaveLength(0);
    const third = salesforce.read("Contact", "3", ["Id"]);
    await settled();
    expect(reads.map(({ given }) => given.ids)).toEqual([["1", "2"], ["3"]]);
    reads.forEach((read) => read.answer());
    await Promise.all([...first, third]);
    atWork = 1;
    const alone = salesforce.read("Lead", "4", ["Id"]);
    await settled();
    expect(reads).toHaveLength(3);
    reads[2]?.answer();
    await alone;
  });

  test("objects do not share calls", async () => {
    const { salesforce, reads } = heldSalesforce();
    const all = Promise.all([salesforce.read("Lead", "1", ["Id"]), salesforce.read("Contact", "2", ["Id"])]);
    await window();
    expect(reads.map(({ given }) => given.object)).toEqual(["Lead", "Contact"]);
    reads.forEach((read) => read.answer());
    await all;
  });

  test("a failing call fails each of its callers with the same error, and nobody else", async () => {
    const { salesforce, reads } = heldSalesforce();
    const outcomes = Promise.allSettled([salesforce.read("Lead", "1", ["Id"]), salesforce.read("Lead", "2", ["Id"])]);
    await window();
    const error = new Error("no");
    reads[0]?.fail(error);
    expect((await outcomes).map((outcome) => outcome.status === "rejected" && (outcome.reason as unknown))).toEqual([
      error,
      error,
    ]);
    const next = salesforce.read("Lead", "1", ["Id"]);
    await window();
    reads[1]?.answer();
    expect(await next).toEqual({ Id: "1" });
  });

  test("fewer results than rows fail the callers rather than shift them", async () => {
    const { salesforce, writes } = heldSalesforce();
    const outcome = Promise.allSettled([salesforce.write(update("1")), salesforce.write(update("2"))]);
    await window();
    writes[0]?.answer([{ status: "written" }]);
    expect((await outcome).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});

describe("writing", () => {
  test("a full batch leaves at once, at most five run side by side, and the rest follows", async () => {
    const { salesforce, writes } = heldSalesforce();
    const all = Promise.all(Array.from({ length: 180 }, (_, i) => salesforce.write(update(`${i}`))));
    // Before any window is over.
    expect(writes.map(({ given }) => given.length)).toEqual([25, 25, 25, 25, 25]);
    await window();
    expect(writes).toHaveLength(5);
    for (let i = 0; i < writes.length; i++) {
      writes[i]?.answer();
      await settled();
    }
    expect(await all).toHaveLength(180);
    expect(writes.map(({ given }) => given.length).reduce((sum, n) => sum + n)).toBe(180);
    expect(writes.length).toBe(8);
  });

  test("a second write of a record waits for the first, while others go on", async () => {
    const { salesforce, writes } = heldSalesforce();
    const first = salesforce.write(update("1"));
    await window();
    const second = salesforce.write(update("1"));
    const other = salesforce.write(update("2"));
    await window();
    expect(writes.map(({ given }) => given.map(({ id }) => id))).toEqual([["1"], ["2"]]);
    writes[1]?.answer();
    await other;
    writes[0]?.answer([{ status: "moved" }]);
    expect(await first).toEqual({ status: "moved" });
    await window();
    writes[2]?.answer();
    expect(await second).toEqual({ status: "written" });
  });
});

describe("converting", () => {
  test("leads of one account are never in two calls at once; in one call they may be", async () => {
    const { salesforce, converts } = heldSalesforce();
    const all = [salesforce.convert(lead("1", "acme")), salesforce.convert(lead("2", "acme"))];
    await window();
    all.push(
      salesforce.convert(lead("3", "acme")),
      salesforce.convert(lead("4", "other")),
      salesforce.convert(lead("5")),
    );
    await window();
    const ids = () => converts.map(({ given }) => given.map(({ leadId }) => leadId));
    expect(ids()).toEqual([
      ["1", "2"],
      ["4", "5"],
    ]);
    converts[1]?.answer();
    await window();
    expect(ids()).toHaveLength(2);
    converts[0]?.answer();
    await window();
    expect(ids()[2]).toEqual(["3"]);
    converts[2]?.answer();
    expect((await Promise.all(all)).map((result) => result.leadId)).toEqual(["1", "2", "3", "4", "5"]);
  });

  test("a hundred go in one call", async () => {
    const { salesforce, converts } = heldSalesforce();
    const all = Promise.all(Array.from({ length: 150 }, (_, i) => salesforce.convert(lead(`${i}`))));
    await window();
    expect(converts.map(({ given }) => given.length)).toEqual([100, 50]);
    converts.forEach((convert) => convert.answer());
    expect((await all).map(({ leadId }) => leadId)).toEqual(Array.from({ length: 150 }, (_, i) => `${i}`));
  });

  test("a failed conversion frees its account", async () => {
    const { salesforce, converts } = heldSalesforce();
    const first = salesforce.convert(lead("1", "acme")).catch((error: unknown) => error);
    await window();
    const second = salesforce.convert(lead("2", "acme"));
    converts[0]?.fail(new Error("lost"));
    expect(await first).toEqual(new Error("lost"));
    await window();
    converts[1]?.answer();
    expect(await second).toMatchObject({ ok: true, leadId: "2" });
  });
});
