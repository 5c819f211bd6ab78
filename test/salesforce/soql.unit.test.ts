import { parseQuery } from "@jetstreamapp/soql-parser-js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as soql from "../../service/salesforce/soql.ts";

/** What the platform makes of a literal's text between the quotes. */
const unescaped = (text: string): string =>
  text.replace(/\\([\s\S])/g, (_, c: string) => ({ n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" })[c] ?? c);

interface ParsedCondition {
  left: { field: string; operator: string; value: string | string[]; literalType: string };
  right?: unknown;
}
const whereOf = (text: string): ParsedCondition => parseQuery(text).where as unknown as ParsedCondition;
const literalOf = (text: string): string => {
  const { left, right } = whereOf(text);
  expect(right).toBeUndefined();
  return unescaped(String(left.value).slice(1, -1));
};
const lead = (where: soql.Condition) => soql.select({ fields: ["Id"], from: "Lead", where });

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("\\", "'", '"', "%", "_", "\n", " OR ", "a", ")", "--") }),
);

describe("values", () => {
  test("any string is found as it is, and as nothing else", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(literalOf(lead(soql.equals("Company", text)))).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });

  test("any string is one item of a list", () => {
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 1, maxLength: 5 }), (texts) => {
        const { left } = whereOf(lead(soql.oneOf("Email", texts)));
        expect([left.value].flat().map((value) => unescaped(value.slice(1, -1)))).toEqual(texts);
      }),
    );
  });

  test("a LIKE takes wildcards in its text literally", () => {
    fc.assert(
      fc.property(
        anyText.filter((text) => text !== ""),
        (text) => {
          const inner = String(whereOf(lead(soql.like("Name", "contains", text))).left.value).slice(2, -2);
          expect(inner.replace(/\\[\s\S]/g, "")).not.toMatch(/[%_']/);
          expect(unescaped(inner)).toBe(text);
        },
      ),
    );
    expect(lead(soql.like("Name", "startsWith", "50%_\\"))).toBe("SELECT Id FROM Lead WHERE Name LIKE '50\\%\\_\\\\%'");
  });

  test("the classic ways out of a literal stay inside it", () => {
    for (const text of ["\\' OR Name LIKE '%", "x\\", "'; DELETE", "\\\\' OR Id != null OR Name = '"])
      expect(literalOf(lead(soql.equals("Email", text)))).toBe(text);
  });

  test("moments are whole seconds, numbers have no exponent, null and booleans are words", () => {
    expect(soql.moment(Date.parse("2026-11-23T10:00:00.999Z"))).toBe("2026-11-23T10:00:00Z");
    expect(soql.compare("SystemModstamp", ">=", new Date(0)).text).toBe("SystemModstamp >= 1970-01-01T00:00:00Z");
    expect(soql.equals("IsConverted", false).text).toBe("IsConverted = false");
    expect(soql.isNotNull("Email").text).toBe("Email != null");
    expect(soql.compare("Amount", "<", 12.5).text).toBe("Amount < 12.5");
  });

  test.each([NaN, Infinity, -Infinity, 1e30, 1e-9])("the number %s is refused", (number) => {
    expect(() => soql.equals("Amount", number)).toThrow(expect.objectContaining({ statusCode: "MALFORMED_QUERY" }));
  });
  test.each([NaN, Infinity, 9e15, Date.UTC(12_026, 1)])("the moment %s is refused", (ms) => {
    expect(() => soql.moment(ms)).toThrow(expect.objectContaining({ statusCode: "MALFORMED_QUERY" }));
  });
});

describe("names", () => {
  test.each(["Id != null OR Email", "a b", "", "1a", "a.", ".a", "a..b", "Name'", "a,b", "Näme", "x".repeat(256)])(
    "“%s” is no name",
    (name) => {
      expect(() => soql.equals(name, 1)).toThrow("is not a field or object name");
      expect(() => soql.select({ fields: [name], from: "Lead" })).toThrow("is not a field or object name");
      expect(() => soql.select({ fields: ["Id"], from: name })).toThrow("is not a field or object name");
      expect(() => soql.select({ fields: ["Id"], from: "Lead", orderBy: [name] })).toThrow(
        "is not a field or object name",
      );
    },
  );

  test("with a list of allowed fields no other is selected, compared or ordered by", () => {
    const allowed = new Set(["Id", "Owner.Name"]);
    expect(soql.select({ fields: ["Id", "Owner.Name"], from: "Lead", allowed })).toBe(
      "SELECT Id, Owner.Name FROM Lead",
    );
    expect(() => soql.select({ fields: ["Salary__c"], from: "Lead", allowed })).toThrow("“Salary__c” is not among");
    expect(() => soql.select({ fields: ["Id"], from: "Lead", orderBy: ["Salary__c"], allowed })).toThrow("not among");
    expect(() => soql.like("Salary__c", "contains", "x", allowed)).toThrow("not among");
  });
});

describe("what would widen a query is refused", () => {
  test.each([
    ["an empty list", () => soql.oneOf("Id", [])],
    ["an empty list of ids", () => soql.idIn("Id", [])],
    ["a list with what is no id", () => soql.idIn("Id", ["00Q000000000001EAA", "1=1"])],
    ["an empty LIKE", () => soql.like("Name", "contains", "")],
    ["no conditions", () => soql.and()],
    ["a where without conditions", () => soql.select({ fields: ["Id"], from: "Lead", where: [] })],
    ["an unknown operator", () => soql.compare("Id", "LIKE '%' OR Id >" as "=", "x")],
    ["less than null", () => soql.compare("Name", "<", null)],
    ["no fields", () => soql.select({ fields: [], from: "Lead" })],
    ["a limit that is no number", () => soql.select({ fields: ["Id"], from: "Lead", limit: 1.5 })],
    ["a value that is undefined", () => soql.equals("Id", undefined as unknown as string)],
    [
      "a direction that is none",
      () => soql.select({ fields: ["Id"], from: "Lead", orderBy: [{ field: "Id", direction: "ASC, Name" as "ASC" }] }),
    ],
    [
      "more text than a query holds",
      () => soql.select({ fields: ["Id"], from: "Lead", where: soql.equals("Name", "x".repeat(100_001)) }),
    ],
  ])("%s", (_, build) => {
    expect(build).toThrow(expect.objectContaining({ kind: "permanent" }));
  });
});

test("a whole query reads as it was asked", () => {
  const text = soql.select({
    fields: ["Id", "Key__c"],
    children: [
      { fields: ["User__c"], from: "Members__r", where: soql.equals("Active__c", true), orderBy: ["Position__c"] },
    ],
    from: "Lantern_Pool__c",
    where: [
      soql.or(
        soql.compare("SystemModstamp", ">", new Date(0)),
        soql.and(soql.isNull("A__c"), soql.not(soql.equals("B__c", "x"))),
      ),
      soql.idIn("Id", ["a0X000000000001"]),
    ],
    orderBy: ["SystemModstamp", { field: "Id", direction: "DESC", nulls: "LAST" }],
    limit: 2_000,
  });
  expect(text).toBe(
    "SELECT Id, Key__c, (SELECT User__c FROM Members__r WHERE Active__c = true ORDER BY Position__c ASC) FROM Lantern_Pool__c " +
      "WHERE ((SystemModstamp > 1970-01-01T00:00:00Z OR (A__c = null AND (NOT B__c = 'x'))) AND Id IN ('a0X000000000001EAA')) " +
      "ORDER BY SystemModstamp ASC, Id DESC NULLS LAST LIMIT 2000",
  );
  expect(() => parseQuery(text)).not.toThrow();
});
