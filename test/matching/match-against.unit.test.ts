import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../service/matching/decide.ts";
import type { ScoredRecord } from "../../service/matching/decide.ts";
import { explain } from "../../service/matching/explain.ts";
import {
  columnsOf,
  defaultAccountRules,
  defaultContactRules,
  fieldOf,
  matchAgainst,
  parseRules,
} from "../../service/matching/index.ts";
import type { FlatFields, GivenRules, MatchObject, MatchRecord } from "../../service/matching/index.ts";
import { PRIOR_BITS } from "../../service/matching/weights.ts";

function ask(
  object: MatchObject,
  given: GivenRules,
  candidate: FlatFields,
  rows: FlatFields[],
  more: { threshold?: number; reviewThreshold?: number; sameAccountIsNoTie?: boolean } = {},
) {
  const parsed = parseRules(given);
  if (parsed.kind !== "rules") throw new Error(JSON.stringify(parsed));
  const records = rows.map((fields, i): MatchRecord => ({ recordId: `r${i}`, object, fields, accountId: "a1" }));
  return matchAgainst({
    object,
    candidate,
    rules: parsed.rules,
    records,
    threshold: 0.9,
    reviewThreshold: 0.5,
    ...more,
  });
}

describe("a candidate is decided", () => {
  const acme = {
    Name: "Acme Robotics Inc",
    Phone: "312 226 2649",
    BillingStreet: "10 S Kedzie Ave",
    Website: "acme.com",
    BillingCity: "Chicago",
  };

  test("the account with the same domain and name is a match, with evidence that adds up to the confidence", () => {
    const { decision, matches, reason } = ask(
      "account",
      defaultAccountRules,
      { company: "ACME Robotics", email: "jon@acme.com" },
      [acme, { Name: "Other", Website: "other.com" }],
    );
    expect({ decision, reason }).toEqual({ decision: "match", reason: "match" });
    const [best] = matches;
    expect(best).toMatchObject({ recordId: "r0", rule: "domain:eq" });
    const bits = (best?.fields ?? []).reduce((sum, row) => sum + row.weight, PRIOR_BITS.account);
    expect(best?.confidence).toBeCloseTo(1 / (1 + 2 ** -bits), 2);
    expect(best?.fields.map((row) => row.field)).toEqual(["domain", "company"]);
    expect(best?.explanation).toMatch(
      /^Same company name \(“ACME Robotics” \/ “Acme Robotics Inc”\) and same web domain .*: more than 99 % sure\.$/,
    );
  });

  test("a lead's row is understood as it is", () => {
    const lead = {
      Name: "Jon Smyth",
      FirstName: "Jon",
      LastName: "Smyth",
      Company: "Acme Robotics",
      Phone: "+1 312 226 2649",
      Street: "10 South Kedzie",
    };
    expect(ask("account", defaultAccountRules, lead, [acme]).decision).toBe("match");
  });

  test("another tenant of the house with the same switchboard is for a person to judge", () => {
    const { decision, matches } = ask(
      "account",
      defaultAccountRules,
      { company: "Stefano's Bakery", phone: "312 226 2649", street: "10 S Kedzie" },
      [acme],
    );
    expect(decision).toBe("review");
    expect(matches[0]?.explanation).toContain("but the company name differs");
  });

  test("a colleague at the same firm is not the person", () => {
    const contact = {
      FirstName: "Anna",
      LastName: "Lopez",
      "Account.Name": "Acme Robotics",
      Phone: "312 226 2649",
      Email: "anna@acme.com",
    };
    const outcome = ask(
      "contact",
      { by: ["phone:eq", "company:eq", "domain:eq"] },
      { name: "Jon Smyth", company: "Acme Robotics", phone: "312 226 2649", email: "jon@acme.com" },
      [contact],
    );
    expect(outcome).toMatchObject({ decision: "none", reason: "below_threshold", matches: [] });
  });

  test("a short form of the name at the same firm is the person", () => {
    const contact = { FirstName: "Robert", LastName: "Smith", "Account.Name": "Acme Robotics Inc" };
    expect(
      ask("contact", defaultContactRules, { name: "Bob Smith", company: "ACME Robotics" }, [contact]).decision,
    ).toBe("match");
  });

  test("only a common name says too little to convert", () => {
    expect(
      ask("contact", { by: ["name:eq"] }, { name: "John Smith" }, [{ FirstName: "John", LastName: "Smith" }]).decision,
    ).toBe("review");
  });

  test("a shared mailbox does not make two people one", () => {
    const contact = { FirstName: "Anna", LastName: "Lopez", Email: "info@acme.com" };
    expect(ask("contact", defaultContactRules, { name: "Jon Smyth", email: "info@acme.com" }, [contact]).decision).toBe(
      "none",
    );
  });

  test("two equal accounts are a tie for review, whichever comes first", () => {
    const twins = [acme, { ...acme }];
    const outcome = ask("account", defaultAccountRules, { company: "Acme Robotics", phone: "312 226 2649" }, twins);
    expect(outcome).toMatchObject({ decision: "review", reason: "tie" });
    expect(outcome.matches.map((match) => match.recordId)).toEqual(["r0", "r1"]);
  });

  test("twin contacts of one account are no tie where the caller says so", () => {
    const anna = { FirstName: "Anna", LastName: "Lopez", Email: "anna@acme.com" };
    const candidate = { name: "Anna Lopez", email: "anna@acme.com" };
    expect(ask("contact", defaultContactRules, candidate, [anna, { ...anna }]).reason).toBe("tie");
    expect(
      ask("contact", defaultContactRules, candidate, [anna, { ...anna }], { sameAccountIsNoTie: true }).decision,
    ).toBe("match");
  });

  test("with any: false every group must hold", () => {
    const both: GivenRules = { mode: "grouped", groups: [{ all: ["company:eq"] }, { all: ["phone:eq"] }], any: false };
    expect(ask("account", both, { company: "Acme Robotics", phone: "312 226 2649" }, [acme])).toMatchObject({
      decision: "match",
      matches: [{ rule: "company:eq and phone:eq" }],
    });
    expect(ask("account", both, { company: "Acme Robotics", phone: "312 555 0100" }, [acme])).toMatchObject({
      decision: "none",
      reason: "no_rule_held",
    });
  });

  test("a composite holds only when every part is there and holds", () => {
    const contact = { FirstName: "Anna", LastName: "Lopez", "Account.Name": "Acme" };
    const by: GivenRules = { by: ["name_company:eq"] };
    expect(ask("contact", by, { name: "Anna Lopez", company: "Acme Inc" }, [contact]).decision).toBe("match");
    expect(ask("contact", by, { name: "Anna Lopez" }, [contact]).reason).toBe("no_rule_held");
  });

  test("a field of the org's own identifies when a rule names it", () => {
    expect(
      ask("account", { by: ["Tax_Id__c:eq"] }, { Tax_Id__c: "DE 811", company: "Acme Robotics" }, [
        { ...acme, Tax_Id__c: "de811 ".replace("de", "DE ") },
      ]).decision,
    ).toBe("match");
  });

  test("nothing to compare with is said as such", () => {
    expect(ask("account", defaultAccountRules, { company: "Acme" }, [])).toEqual({
      decision: "none",
      matches: [],
      reason: "no_candidates",
    });
  });

  test("any flat values are decided without an error and never match on nothing", () => {
    const value = fc.oneof(fc.string(), fc.constant(null), fc.integer(), fc.boolean());
    const flat = fc.dictionary(
      fc.constantFrom("name", "email", "company", "Phone", "street", "Website", "toString", "x__c"),
      value,
    );
    fc.assert(
      fc.property(
        flat,
        fc.dictionary(fc.constantFrom("Name", "Phone", "BillingStreet", "Website"), value),
        (candidate, fields) => {
          const outcome = ask("account", defaultAccountRules, candidate, [fields]);
          if (outcome.decision !== "none") expect(outcome.matches[0]?.fields.some((row) => row.weight > 0)).toBe(true);
        },
      ),
    );
  });
});

describe("the decision", () => {
  const scored = (recordId: string, bits: number): ScoredRecord => ({
    bits,
    accountId: null,
    evidence: {
      recordId,
      object: "Account",
      confidence: 1 / (1 + 2 ** -bits),
      rule: "x:eq",
      fields: [],
      explanation: "",
    },
  });

  test("between the thresholds is review, below none", () => {
    const options = { threshold: 0.9, reviewThreshold: 0.5, looked: 1 };
    expect(decide([scored("a", 5)], options).decision).toBe("match");
    expect(decide([scored("a", 1)], options)).toMatchObject({ decision: "review", reason: "review_band" });
    expect(decide([scored("a", -1)], options)).toMatchObject({ decision: "none", matches: [] });
  });

  test("without a review threshold there is no band", () => {
    expect(decide([scored("a", 1)], { threshold: 0.9, looked: 1 }).decision).toBe("none");
  });

  test("near certainty the stronger evidence wins, though both confidences round to one", () => {
    expect(decide([scored("a", 12), scored("b", 20)], { threshold: 0.9, looked: 2 })).toMatchObject({
      decision: "match",
      matches: [{ recordId: "b" }, {}],
    });
  });

  test("the order of the records changes nothing, and at most five are shown", () => {
    const bits = fc.integer({ min: -5, max: 12 });
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 9 }), (all) => {
        const records = all.map((b, i) => scored(`r${i}`, b));
        const options = { threshold: 0.9, reviewThreshold: 0.5, looked: all.length };
        const straight = decide(records, options);
        expect(decide(records.toReversed(), options)).toEqual(straight);
        expect(straight.matches.length).toBeLessThanOrEqual(5);
      }),
    );
  });
});

describe("fields", () => {
  test("the contract's names are found in each object's columns", () => {
    expect(fieldOf("contact", { "Account.Name": "Acme" }, "company")).toBe("Acme");
    expect(fieldOf("account", { Name: "Acme" }, "name")).toBe("Acme");
    expect(fieldOf("lead", { FirstName: "Jon", LastName: "Smyth", Name: "Mr Jon Smyth" }, "name")).toBe("Jon Smyth");
    expect(fieldOf("lead", { Website: null, Email: "jon@acme.co.uk" }, "domain")).toBe("acme.co.uk");
    expect(fieldOf("lead", { Email: "jon@gmail.com" }, "domain")).toBeNull();
    expect(fieldOf("account", { Tax_Id__c: "1" }, "tax_id__C")).toBe("1");
  });

  test("what must be fetched for a field is named", () => {
    expect(columnsOf("account", "domain")).toEqual(["Website", "PersonEmail"]);
    expect(columnsOf("contact", "Tax_Id__c")).toEqual(["Tax_Id__c"]);
  });
});

test("an explanation names what speaks for it first, what against after, and never says 100 %", () => {
  const row = { comparator: "eq", candidate: "x", record: "x" };
  const text = explain(
    [
      { ...row, field: "phone", similarity: 0, weight: -2, record: "y" },
      { ...row, field: "email", similarity: 1, weight: 9 },
    ],
    0.9999,
  );
  expect(text).toBe("Same e-mail address (“x”), but the phone number differs (“x” / “y”): more than 99 % sure.");
});
