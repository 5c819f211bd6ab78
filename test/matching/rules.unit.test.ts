import { describe, expect, test } from "vitest";
import { defaultAccountRules, defaultContactRules, parseRule, parseRules } from "../../service/matching/index.ts";

describe("a rule is read", () => {
  test.each([
    ["email:exact", ["email"], { kind: "exact" }],
    ["Company:EQ", ["company"], { kind: "eq" }],
    ["name:fuzzy0.88", ["name"], { kind: "fuzzy", atLeast: 0.88 }],
    ["name:fuzzy.9", ["name"], { kind: "fuzzy", atLeast: 0.9 }],
    ["name:fuzzy", ["name"], { kind: "fuzzy", atLeast: 0.85 }],
    [" street : contains ", ["street"], { kind: "contains" }],
    ["name_company:eq", ["name", "company"], { kind: "eq" }],
    ["first_name_postal_code:eq", ["first_name", "postal_code"], { kind: "eq" }],
    ["Tax_Id__c:eq", ["Tax_Id__c"], { kind: "eq" }],
    ["Account.Name:fuzzy", ["Account.Name"], { kind: "fuzzy", atLeast: 0.85 }],
  ])("%s", (text, fields, comparator) => {
    const result = parseRule(text);
    expect(result).toMatchObject({ ok: true, rule: { fields, comparator } });
  });

  test.each([
    ["email", 5, "colon is missing"],
    [":exact", 0, "none is named"],
    ["na me:eq", 2, "cannot hold"],
    ["9lives:eq", 0, "not a field name"],
    ["compny:eq", 0, "Did you mean company?"],
    ["email:", 6, "comparator is missing"],
    ["email:sounds", 6, "not a comparator"],
    ["email: sounds", 7, "not a comparator"],
    ["email:fuzzy2", 11, "similarity above 0"],
    ["email:fuzzy0", 11, "similarity above 0"],
    ["email:fuzzyish", 11, "similarity above 0"],
  ])("%j is refused at character %i", (text, at, message) => {
    const result = parseRule(text);
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(result.at).toBe(at);
    expect(result.message).toContain(message);
  });
});

describe("a rules object is read", () => {
  test("without a mode, groups mean grouped and by means simple", () => {
    expect(parseRules({ groups: [{ all: ["email:eq"] }] })).toMatchObject({
      kind: "rules",
      rules: { mode: "grouped", any: true },
    });
    expect(parseRules({ by: ["email:eq", "phone:eq"] })).toMatchObject({
      kind: "rules",
      rules: { mode: "simple", groups: [[{}], [{}]] },
    });
  });

  test("with neither, the policy's rules apply, with the threshold that was given", () => {
    expect(parseRules(undefined)).toEqual({ kind: "absent" });
    expect(parseRules({ threshold: 0.7 })).toEqual({ kind: "absent", threshold: 0.7 });
  });

  test("every mistake is named with its place", () => {
    const result = parseRules({
      mode: "grouped",
      threshold: 2,
      groups: [{ all: ["email:eq", "name:"] }, { all: [] }, { all: ["x"] }],
    });
    expect(result.kind).toBe("problems");
    if (result.kind !== "problems") return;
    expect(result.problems.map(({ path }) => path)).toEqual([
      ["threshold"],
      ["groups", 0, "all", 1],
      ["groups", 1, "all"],
      ["groups", 2, "all", 0],
    ]);
  });

  test("a mode without its list is refused", () => {
    expect(parseRules({ mode: "simple", by: [] }).kind).toBe("problems");
    expect(parseRules({ mode: "grouped", groups: [] }).kind).toBe("problems");
  });

  test("mode ai keeps its instructions and may come without rules", () => {
    expect(parseRules({ mode: "ai", instructions: "Prefer the parent." })).toMatchObject({
      kind: "rules",
      rules: { mode: "ai", groups: [], instructions: "Prefer the parent." },
    });
  });

  test("the default rules parse", () => {
    expect(parseRules(defaultAccountRules).kind).toBe("rules");
    expect(parseRules(defaultContactRules).kind).toBe("rules");
  });
});
