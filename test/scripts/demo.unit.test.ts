/** The demo's pure parts; above all, that its checks see what is lost and what is done twice. */
import { describe, expect, test } from "vitest";
import { doubled, imbalance, lost, type Given } from "../../scripts/demo/checks.ts";
import type { Evidence } from "../../scripts/demo/evidence.ts";
import { planLeads } from "../../scripts/demo/feed.ts";
import { DemoUsageError, readOptions } from "../../scripts/demo/options.ts";
import { madeUp } from "../../scripts/demo/people.ts";
import { lineOf, paintFor, type EndedRun } from "../../scripts/demo/show.ts";
import { barOf } from "../../scripts/lantern/progress.ts";

const us = "005000000000009AAA";
const lead = "00Q000000000001EAA";

const nothing: Evidence = {
  records: [],
  runs: [],
  jobs: [],
  turns: [],
  members: [],
  routeLog: [],
  reviews: [],
  ledger: [],
  balances: [],
  effects: [],
  calls: { total: 0, byKind: {} },
};
/** Rows with only what the checks look at. */
const evidence = (given: { [K in keyof Evidence]?: object[] }): Evidence => ({ ...nothing, ...given }) as Evidence;
const given = (more: Partial<Given> = {}): Given => ({
  created: [lead],
  edits: [],
  integrationUserId: us,
  record: () => undefined,
  ...more,
});
const run = (outcome: string | null, state = "done") => ({ recordId: lead, outcome, state, reason: "so it was" });

describe("lost", () => {
  test("nothing, when the lead's journey ended", () => {
    expect(lost(evidence({ runs: [run("echo"), run("converted")] }), given())).toEqual([]);
  });
  test.each([
    ["a lead that nobody looked at", {}, /had no journey/],
    [
      "a lead whose journey goes on",
      { runs: [run("superseded"), run(null, "open"), run("assigned")] },
      /has not ended/,
    ],
    ["a lead that was only ever taken for an old one", { runs: [run("baseline")] }, /nothing was done: so it was/],
    [
      "work that is parked",
      { runs: [run("assigned")], jobs: [{ key: "k", state: "parked", parkedCode: "c", parkedReason: "r" }] },
      /k is parked \(c\): r/,
    ],
  ])("%s", (_what, rows, message) => {
    expect(lost(evidence(rows), given()).join()).toMatch(message);
  });
  test("a person's value that is no longer there", () => {
    const edits = [{ id: lead, field: "Title", value: "Chief" }];
    const rows = evidence({ runs: [run("assigned")] });
    expect(lost(rows, given({ edits, record: () => ({ Title: "Clerk" }) })).join()).toMatch(
      /“Chief”, and it was overwritten/,
    );
    expect(lost(rows, given({ edits, record: () => ({ Title: "Chief" }) }))).toEqual([]);
  });
});

describe("done twice", () => {
  const effect = (kind: string, more: object = {}) => ({
    kind,
    object: "Lead",
    id: lead,
    user: us,
    changes: {},
    ...more,
  });
  const spent = (effectKey: string) => ({ account: "spent", amount: 200, effectKey });
  test.each([
    ["a conversion", { effects: [effect("convert"), effect("convert")] }, /converted 2 times/],
    [
      "an owner",
      { effects: [1, 2].map(() => effect("owner", { changes: { OwnerId: ["a", "b"] } })) },
      /The owner of .* to b was written 2 times/,
    ],
    ["a charge", { ledger: [spent("charge:convert:o:l"), spent("charge:convert:o:l")] }, /was charged 2 times/],
    [
      "a version that is paid for",
      {
        ledger: [spent(`charge:enrich:o:${lead}:a`), spent(`charge:enrich:o:${lead}:b`)],
        effects: [effect("insert", { user: "somebody" })],
      },
      /was paid for 2 times and changed 1 times/,
    ],
    ["a turn", { turns: [1, 2].map(() => ({ pool: "p", recordId: lead })) }, /2 turns were taken of p/],
    [
      "an account",
      { effects: [1, 2].map((n) => effect("insert", { object: "Account", id: `a${n}` })) },
      /2 accounts were made/,
    ],
  ])("%s", (_what, rows, message) => {
    expect(doubled(evidence(rows), given({ record: () => ({ Name: "Acme" }) })).join()).toMatch(message);
  });
  test("one of each is as it should be", () => {
    const rows = evidence({
      effects: [
        effect("insert", { user: "somebody" }),
        effect("convert"),
        effect("owner", { changes: { OwnerId: ["a", "b"] } }),
      ],
      ledger: [spent(`charge:enrich:o:${lead}:a`), spent(`charge:convert:o:${lead}`)],
      turns: [{ pool: "p", recordId: lead }],
    });
    expect(doubled(rows, given())).toEqual([]);
  });
  test("a ledger that does not sum to zero is seen", () => {
    expect(imbalance(evidence({ ledger: [{ amount: 200 }, { amount: -100 }] }))).toBe(100);
  });
});

test("the same seed makes the same people, another seed others, and nobody twice", () => {
  expect(planLeads(7)).toEqual(planLeads(7));
  expect(planLeads(7)).not.toEqual(planLeads(8));
  const made = madeUp(3);
  const companies = Array.from({ length: 48 }, () => made.company());
  expect(new Set(companies.map((company) => company.name)).size).toBe(48);
  const emails = companies.map((company) => made.person(company).email);
  expect(new Set(emails).size).toBe(48);
});

describe("a journey's line", () => {
  const ended = (data: EndedRun["data"], outcome = "converted"): EndedRun => ({
    id: "run_1",
    recordId: lead,
    object: "Lead",
    heardBy: "stream",
    outcome,
    reason: null,
    finishedAt: 0,
    data: { record: { FirstName: "Ada", LastName: "Quill", Company: "Acme" }, ...data },
  });
  const evidenceOf = (object: string) => ({
    recordId: "x",
    object,
    confidence: 0.984,
    rule: "",
    fields: [],
    explanation: "",
  });
  const line = (one: EndedRun) => lineOf(one, (id) => `<${id}>`, paintFor(false))?.replace(/^\S+ +/, "");

  test("tells who, by which door, what was filled, matched, given and done", () => {
    expect(
      line(
        ended({
          changes: { Phone: "1", Street: "s", City: "c", PostalCode: "p" },
          match: { decision: "match", account: evidenceOf("Account"), candidates: [], reason: "" },
          owner: { id: "u", by: "turn", pool: "p", sequence: 4, reason: "" },
          converted: { contactId: "c", accountId: "a", opportunityId: null, adopted: false },
        }),
      ),
    ).toBe(
      "stream    Ada Quill @ Acme · +Phone +address · is account <x> (98 %) · → <u> (turn 4) · converted: new contact at <a>",
    );
  });
  test("tells what a person must decide", () => {
    const match = { decision: "review" as const, candidates: [evidenceOf("Account")], reason: "" };
    expect(line(ended({ match }, "review"))).toMatch(/may be account <x> \(98 %\) · a person must decide/);
  });
  test("is not written for an echo", () => {
    expect(line(ended({}, "echo"))).toBeUndefined();
  });
});

test("a progress bar is full at the end, and only then", () => {
  expect(barOf("Reading", 50, 100)).toBe(`Reading  [${"█".repeat(15)}${"·".repeat(15)}] 50 %  50 of 100`);
  expect(barOf("Reading", 100, 100)).toContain(`[${"█".repeat(30)}] 100 %`);
  expect(barOf("Reading", 999, 1_000)).toContain("99 %");
  expect(barOf("Reading", 5, null)).toBe("Reading  5");
});

describe("the demo's options", () => {
  test("stand for themselves when nothing is said", () => {
    expect(readOptions([], {})).toMatchObject({ once: false, leads: null, port: 8_000, orgPort: 4_455, key: null });
  });
  test.each([
    [["--leads"], {}, /argument/i],
    [["--frob"], {}, /--frob/],
    [["--accounts", "a.csv"], {}, /--accounts goes with --leads/],
    [[], { PORT: "many" }, /PORT is a port/],
    [[], { ORG_PORT: "70000" }, /ORG_PORT is a port/],
    [[], { LANTERN_API_KEY: "ltn_live_short" }, /not an API key of Lantern/],
  ])("%j with %j are refused by name", (argv, env, message) => {
    expect(() => readOptions(argv, env)).toThrow(DemoUsageError);
    expect(() => readOptions(argv, env)).toThrow(message);
  });
});
