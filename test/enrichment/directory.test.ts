import { Readable } from "node:stream";
import { pino } from "pino";
import { expect, it } from "vitest";
import {
  createCascade,
  directoryProvider,
  importDirectory,
  questionOf,
  type ImportKind,
  type ImportProgress,
} from "../../service/enrichment/index.ts";
import type { Store } from "../../service/store/store.ts";
import { countingIds, ManualClock } from "../support/manual-clock.ts";
import { onBothStores } from "../support/stores.ts";

const setting = (store: Store) => {
  const base = { store, clock: new ManualClock(), ids: countingIds() };
  const load = (kind: ImportKind, csv: string | Iterable<string | Uint8Array>, more: object = {}) =>
    importDirectory(base, {
      tenant: 1,
      kind,
      stream: Readable.from(typeof csv === "string" ? [csv] : csv),
      name: "f.csv",
      ...more,
    });
  const cascade = createCascade([directoryProvider({ store })]);
  const ask = (row: Record<string, unknown>, object = "Lead", tenant = 1) =>
    cascade.explain({ tenant, store, clock: base.clock, log: pino({ level: "silent" }) }, questionOf(object, row));
  const people = () => store.read((tx) => tx.db.select().from(tx.t.directoryPeople));
  return { ...base, load, ask, people };
};

const peopleCsv = `Name,Email,Company,Website,Title,Phone
Alice Ng,alice@acme.com,Acme Inc,acme.com,CTO,+1 312 555 0100
Bo Li,,Beta LLC,beta.io,CEO,+1 312 555 0101
Cy Po,,Gamma GmbH,,CFO,+1 312 555 0102
`;

onBothStores("the directory", (open) => {
  it("finds a person by e-mail, then by name and domain, then by name and company, less and less sure", async () => {
    const { load, ask } = setting(await open());
    await load("people", peopleCsv);
    const found = async (row: Record<string, unknown>) => {
      const { answer } = await ask(row);
      return [answer["title"]?.value, answer["title"]?.confidence];
    };
    expect(await found({ Email: "ALICE@acme.com" })).toEqual(["CTO", 0.98]);
    expect(await found({ FirstName: "Bo", LastName: "Li", Email: "someone@beta.io" })).toEqual(["CEO", 0.9]);
    expect(await found({ FirstName: "Cy", LastName: "Pó", Company: "GAMMA" })).toEqual(["CFO", 0.8]);
    expect(await found({ FirstName: "Cy", LastName: "Po", Company: "Delta" })).toEqual([undefined, undefined]);
  });

  it("answers nothing about two different people, and one answer for two equal rows", async () => {
    const { load, ask } = setting(await open());
    await load("people", "id,first name,last name,company,title\n1,Al,Ng,Acme,CTO\n2,Al,Ng,Acme Inc.,CEO\n");
    const { answer, asked } = await ask({ FirstName: "Al", LastName: "Ng", Company: "Acme" });
    expect(answer).toEqual({});
    expect(asked[0]).toMatchObject({ outcome: "none", reason: "2 different rows of the directory fit" });
    await load("people", "id,first name,last name,company,title\n1,Al,Ng,Acme,CTO\n2,Al,Ng,Acme,CTO\n");
    expect((await ask({ FirstName: "Al", LastName: "Ng", Company: "Acme" })).answer).toMatchObject({
      title: { value: "CTO" },
    });
  });

  it("finds a company by domain, then by name, and completes a lead from both tables", async () => {
    const { load, ask } = setting(await open());
    await load("people", peopleCsv);
    await load(
      "companies",
      "Name;Website;Phone;Employees;City\nAcme Inc;https://www.acme.com;+1 312 555 0000;1200;Chicago\n",
    );
    const { answer } = await ask({ Email: "alice@acme.com" });
    expect(answer).toMatchObject({
      phone: { value: "+1 312 555 0100" },
      employees: { value: "1200", confidence: 0.95 },
      city: { value: "Chicago" },
    });
    const account = await ask({ Name: "ACME" }, "Account");
    expect(account.answer).toMatchObject({ company_phone: { value: "+1 312 555 0000", confidence: 0.75 } });
  });

  it("is one tenant's own", async () => {
    const { load, ask } = setting(await open());
    await load("people", peopleCsv);
    expect((await ask({ Email: "alice@acme.com" }, "Lead", 2)).answer).toEqual({});
  });
});

onBothStores("importing a directory", (open) => {
  it("updates and never doubles when the file is imported again", async () => {
    const { load, people, ask } = setting(await open());
    expect(await load("people", peopleCsv)).toMatchObject({ rows: 3, stored: 3, rejected: 0 });
    await load("people", peopleCsv.replace("CTO", "Chief"));
    expect(await people()).toHaveLength(3);
    expect((await ask({ Email: "alice@acme.com" })).answer).toMatchObject({ title: { value: "Chief" } });
  });

  it("lists bad rows by line with the reason, counts all of them, and stores the rest", async () => {
    const { load, people, store } = setting(await open());
    const csv = [
      "email,first name,last name,note",
      "a@b.co,A,B,1",
      "no-address,A,B,2",
      "c@d.co,too,many,cells,here",
      'e@f.co,bro"ken,x,3',
      'g@h.co,"quoted, with ""marks"" and\na line",y,4',
      "",
      "i@j.co,I,J,5",
    ].join("\r\n");
    const result = await load("people", csv);
    expect(result).toMatchObject({ rows: 6, stored: 3, rejected: 3, ignored: ["note"] });
    expect(result.errors.map((e) => e.row).sort()).toEqual([3, 4, 5]);
    expect((await people()).map((p) => p.email).sort()).toEqual(["a@b.co", "g@h.co", "i@j.co"]);
    const [row] = await store.read((tx) => tx.db.select().from(tx.t.directoryImports));
    expect(row).toMatchObject({ id: result.importId, state: "done", file: "f.csv", rows: 6, stored: 3, rejected: 3 });
    const many = await load("people", `email\n${"nobody\n".repeat(250)}`);
    expect(many.rejected).toBe(250);
    expect(many.errors).toHaveLength(100);
  });

  it("reads a byte order mark, semicolons, tabs, and characters cut in two by a chunk", async () => {
    const { load, people } = setting(await open());
    const bytes = Buffer.from("\uFEFFemail;last name;first name\nz@ö.de;Öz;Zoë\n");
    await load(
      "people",
      Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)),
    );
    await load("people", "email\tlast name\nt@t.de\tTab\n");
    expect((await people()).map((p) => p.fields["last_name"]).sort()).toEqual(["Tab", "Öz"]);
  });

  it("stores nothing in a dry run, and says the same", async () => {
    const { load, people, store } = setting(await open());
    expect(await load("people", `${peopleCsv}x\n`, { dryRun: true })).toMatchObject({
      importId: null,
      rows: 4,
      stored: 3,
      rejected: 1,
    });
    expect(await people()).toEqual([]);
    expect(await store.read((tx) => tx.db.select().from(tx.t.directoryImports))).toEqual([]);
  });

  it.each([
    ["an empty file", "", "The file is empty"],
    ["columns that name nobody", "shoe,size\n1,2\n", "people need a column"],
    [
      "a file that is not UTF-8",
      [Buffer.from("email,last name\n"), Buffer.from([0x61, 0x40, 0xff, 0x0a])],
      "not UTF-8",
    ],
    ["a UTF-16 file", [Buffer.from("\uFEFFemail\na@b.co\n", "utf16le")], "not UTF-8"],
  ])("refuses %s with a sentence", async (_what, csv, sentence) => {
    const { load, store } = setting(await open());
    await expect(load("people", csv)).rejects.toThrow(sentence);
    const rows = await store.read((tx) => tx.db.select().from(tx.t.directoryImports));
    expect(rows.every((r) => r.state === "failed" && r.finishedAt !== null)).toBe(true);
  });

  it("says which file cannot be read", async () => {
    const { store, clock, ids } = setting(await open());
    const missing = importDirectory({ store, clock, ids }, { tenant: 1, kind: "people", file: "/nowhere/x.csv" });
    await expect(missing).rejects.toMatchObject({ code: "no_such_file" });
  });

  it("takes thousands of rows in batches, tells how far it is, and goes on when it is run again after a stop", async () => {
    const { load, people } = setting(await open());
    const rows = (count: number) => Array.from({ length: count }, (_, i) => `p${i}@acme.com,P,No${i},Acme\n`);
    const csv = (count: number) => ["email,first,first name,last name,company\n".replace("first,", ""), ...rows(count)];
    async function* broken() {
      yield* csv(1_800);
      throw new Error("the disk is gone");
    }
    await expect(load("people", "", { stream: broken() })).rejects.toThrow("the disk is gone");
    expect((await people()).length).toBeGreaterThanOrEqual(1_000);
    const seen: ImportProgress[] = [];
    const result = await load("people", csv(2_300), { onProgress: (p: ImportProgress) => seen.push(p) });
    expect(result).toMatchObject({ rows: 2_300, stored: 2_300 });
    expect(seen.map((p) => p.stored)).toEqual([500, 1_000, 1_500, 2_000, 2_300]);
    expect(await people()).toHaveLength(2_300);
  });
});
