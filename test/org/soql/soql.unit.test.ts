import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../support/manual-clock.ts";
import { assemble } from "../assemble.ts";
import { PlatformError } from "../engine/errors.ts";
import { runSoql } from "./run.ts";

let clock: ManualClock;
let parts: ReturnType<typeof assemble>;

function run(soql: string, all = false) {
  const { org } = parts;
  const result = runSoql({ schema: org.schema, reader: org.rows, apiVersion: "67.0", all }, soql);
  if (result.kind === "count") return result.total;
  return result.kind === "aggregate" ? result.records : result.ids.map((id) => result.show(id));
}
const names = (soql: string) => (run(soql) as { Name: string }[]).map((r) => r.Name);
function refusal(soql: string): string {
  try {
    run(soql);
    return "not refused";
  } catch (error) {
    if (error instanceof PlatformError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

beforeEach(() => {
  clock = new ManualClock();
  parts = assemble({ clock });
});

describe("WHERE", () => {
  beforeEach(() => {
    parts.control.as().create("Account", [
      { Name: "Alpha", NumberOfEmployees: 5, Phone: "1", Website: "a_b.example" },
      { Name: "beta", NumberOfEmployees: 50, Website: "axb.example" },
      { Name: "Gamma's \\ Co", Phone: "3" },
    ]);
  });
  test.each([
    ["texts compare without case", "Name = 'ALPHA'", ["Alpha"]],
    ["!= keeps empty values", "Phone != '1'", ["beta", "Gamma's \\ Co"]],
    ["NOT IN keeps empty values", "Phone NOT IN ('1')", ["beta", "Gamma's \\ Co"]],
    ["null is asked for by name", "Phone = null", ["beta"]],
    ["an empty text means null", "Phone = ''", ["beta"]],
    ["nothing is less than or greater than null", "NumberOfEmployees < 10", ["Alpha"]],
    ["IN", "Name IN ('alpha', 'BETA')", ["Alpha", "beta"]],
    ["AND within OR in parentheses", "(Name = 'alpha' AND Phone = '1') OR Name = 'beta'", ["Alpha", "beta"]],
    ["NOT binds to what follows it", "NOT Name = 'alpha' AND Phone = null", ["beta"]],
    ["NOT over parentheses", "NOT (Name = 'alpha' OR Phone = null)", ["Gamma's \\ Co"]],
    ["% in LIKE", "Name LIKE 'A%'", ["Alpha"]],
    ["_ in LIKE is any one character", "Website LIKE 'a_b%'", ["Alpha", "beta"]],
    ["an escaped _ in LIKE is itself", "Website LIKE 'a\\_b%'", ["Alpha"]],
    ["escaped quote and backslash", "Name = 'gamma\\'s \\\\ co'", ["Gamma's \\ Co"]],
    ["a parent's field", "Owner.Name = 'Rita Rep' AND Name = 'alpha'", ["Alpha"]],
    ["a semi join", "Id IN (SELECT AccountId FROM Contact)", []],
  ])("%s", (_what, where, expected) => {
    expect(names(`SELECT Name FROM Account WHERE ${where}`)).toEqual(expected);
  });

  test.each([
    [
      "AND beside OR without parentheses",
      "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
      "MALFORMED_QUERY",
    ],
    ["an unknown field", "SELECT Nope FROM Account", "INVALID_FIELD: No such column 'Nope' on entity 'Account'"],
    ["an unknown field in WHERE", "SELECT Id FROM Account WHERE Nope = 1", "INVALID_FIELD: No such column 'Nope'"],
    ["an unknown object", "SELECT Id FROM Nope", "INVALID_TYPE: sObject type 'Nope'"],
    ["an unknown parent", "SELECT Nope.Name FROM Account", "INVALID_FIELD: Didn't understand relationship 'Nope'"],
    [
      "an unknown child",
      "SELECT Id, (SELECT Id FROM Nopes) FROM Account",
      "INVALID_TYPE: Didn't understand relationship 'Nopes'",
    ],
    [
      "a quoted time",
      "SELECT Id FROM Account WHERE CreatedDate > '2026-01-01T00:00:00Z'",
      "INVALID_FIELD: value of filter criterion",
    ],
    ["a malformed id", "SELECT Id FROM Account WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR: invalid ID field: x"],
    [
      "a filter on a long text",
      "SELECT Id FROM Account WHERE Description = 'x'",
      "INVALID_FIELD: field 'Description' can not be filtered",
    ],
    ["FOR UPDATE", "SELECT Id FROM Account FOR UPDATE", "MALFORMED_QUERY: the clause 'for'"],
    [
      "HAVING",
      "SELECT Name, COUNT(Id) FROM Account GROUP BY Name HAVING COUNT(Id) > 1",
      "MALFORMED_QUERY: the clause 'having'",
    ],
    ["TYPEOF", "SELECT TYPEOF Owner WHEN User THEN Name END FROM Account", "MALFORMED_QUERY: 'FieldTypeof'"],
    ["a date function", "SELECT Id FROM Account WHERE CreatedDate = TODAY", "MALFORMED_QUERY: the literal"],
    ["an event", "SELECT Id FROM Lantern_Change__e", "INVALID_TYPE"],
    ["no text at all", "", "MALFORMED_QUERY"],
  ])("%s is refused by name", (_what, soql, expected) => {
    expect(refusal(soql)).toContain(expected);
  });
});

describe("order and windows", () => {
  test("nulls come first unless the query says last, and ties fall to the next key", () => {
    parts.control
      .as()
      .create("Account", [{ Name: "b", NumberOfEmployees: 2 }, { Name: "C" }, { Name: "a", NumberOfEmployees: 2 }]);
    expect(names("SELECT Name FROM Account ORDER BY NumberOfEmployees, Name")).toEqual(["C", "a", "b"]);
    expect(names("SELECT Name FROM Account ORDER BY NumberOfEmployees NULLS LAST, Name DESC")).toEqual(["b", "a", "C"]);
    expect(names("SELECT Name FROM Account ORDER BY Name LIMIT 1 OFFSET 1")).toEqual(["b"]);
  });

  test("any chain of (SystemModstamp, Id) pages sees every row once, ties included", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 25 }),
        fc.integer({ min: 1, max: 7 }),
        (gaps, page) => {
          const time = new ManualClock();
          parts = assemble({ clock: time });
          const made: string[] = [];
          for (const gap of gaps) {
            void time.advance(gap * 1000);
            made.push(...parts.control.as().create("Lead", [{ LastName: "x", Company: "y" }]));
          }
          const seen: string[] = [];
          let after = "SystemModstamp >= 2020-01-01T00:00:00Z";
          for (;;) {
            const rows = run(
              `SELECT Id, SystemModstamp FROM Lead WHERE ${after} ORDER BY SystemModstamp, Id LIMIT ${page}`,
            ) as Record<string, string>[];
            const last = rows.at(-1);
            if (!last) break;
            seen.push(...rows.map((r) => r.Id ?? ""));
            const t = last.SystemModstamp?.replace("+0000", "Z");
            after = `SystemModstamp >= ${t} AND (SystemModstamp > ${t} OR (SystemModstamp = ${t} AND Id > '${last.Id}'))`;
          }
          expect(seen).toEqual(made);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("times", () => {
  test("SystemModstamp has whole seconds, and a filter's milliseconds do not count", () => {
    void clock.advance(700);
    parts.control.as().create("Account", [{ Name: "a" }]);
    expect(run("SELECT SystemModstamp FROM Account")).toMatchObject([
      { SystemModstamp: "2026-11-23T10:00:00.000+0000" },
    ]);
    expect(names("SELECT Name FROM Account WHERE SystemModstamp >= 2026-11-23T10:00:00.900Z")).toEqual(["a"]);
    expect(names("SELECT Name FROM Account WHERE SystemModstamp > 2026-11-23T10:00:00Z")).toEqual([]);
    expect(names("SELECT Name FROM Account WHERE SystemModstamp = 2026-11-23T11:00:00+01:00")).toEqual(["a"]);
  });
});

describe("relations", () => {
  test("a queue's lead shows its owner's name and kind", () => {
    const { control } = parts;
    control.as().create("Lead", [{ LastName: "x", Company: "y", OwnerId: control.users.leadQueueId }]);
    const [row] = run("SELECT Owner.Name, Owner.Type FROM Lead WHERE Owner.Type = 'Group'") as Record<
      string,
      unknown
    >[];
    expect(row?.Owner).toMatchObject({ attributes: { type: "Name" }, Name: "Lead Queue", Type: "Group" });
  });

  test("a pool's members come with it, and a pool without any has null", () => {
    const { control } = parts;
    const admin = control.as(control.users.adminUserId);
    const [full = "", empty = ""] = admin.create("Lantern_Pool__c", [
      { Name: "Full", Key__c: "full" },
      { Name: "Empty", Key__c: "empty" },
    ]);
    admin.create("Lantern_Pool_Member__c", [
      { Pool__c: full, User__c: control.users.repUserId, Position__c: 2 },
      { Pool__c: full, Position__c: 1, Active__c: false },
    ]);
    const rows = run(
      "SELECT Id, (SELECT Position__c, Weight__c, User__r.Name FROM Members__r ORDER BY Position__c) FROM Lantern_Pool__c ORDER BY Name",
    ) as Record<string, unknown>[];
    expect(rows[0]).toMatchObject({ Id: empty, Members__r: null });
    expect(rows[1]?.Members__r).toMatchObject({
      totalSize: 2,
      records: [
        { Position__c: 1, Weight__c: 1, User__r: null },
        { Position__c: 2, User__r: { Name: "Rita Rep" } },
      ],
    });
  });
});

describe("aggregates and deleted rows", () => {
  test("COUNT() is a number, GROUP BY counts each group", () => {
    parts.control.as().create("Account", [{ Name: "a", Phone: "1" }, { Name: "A" }, { Name: "b" }]);
    expect(run("SELECT COUNT() FROM Account")).toBe(3);
    expect(run("SELECT Name, COUNT(Phone) phones, COUNT(Id) FROM Account GROUP BY Name")).toMatchObject([
      { Name: "a", phones: 1, expr0: 2 },
      { Name: "b", phones: 0, expr0: 1 },
    ]);
  });

  test("deleted rows are seen by queryAll only, with the time of deletion", () => {
    const [id = ""] = parts.control.as().create("Account", [{ Name: "a" }]);
    void clock.advance(5000);
    parts.control.as().delete("Account", [id]);
    expect(run("SELECT Id FROM Account")).toEqual([]);
    expect(run("SELECT IsDeleted, SystemModstamp FROM Account WHERE IsDeleted = true", true)).toMatchObject([
      { IsDeleted: true, SystemModstamp: "2026-11-23T10:00:05.000+0000" },
    ]);
  });
});
