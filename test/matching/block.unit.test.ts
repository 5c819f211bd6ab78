import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blockKeys, defaultAccountRules, lookupKeys, MAX_KEYS, parseRules } from "../../service/matching/index.ts";
import type { FlatFields, GivenRules, MatchObject } from "../../service/matching/index.ts";
import { prepareCandidate, prepareRow } from "../../service/matching/prepare.ts";
import { scorePair } from "../../service/matching/score.ts";

function rulesOf(given: GivenRules) {
  const parsed = parseRules(given);
  if (parsed.kind !== "rules") throw new Error(JSON.stringify(parsed));
  return parsed.rules;
}

function found(object: MatchObject, given: GivenRules, candidate: FlatFields, record: FlatFields): boolean {
  const keys = new Set(blockKeys(object, record));
  return lookupKeys(object, rulesOf(given), candidate).some((key) => keys.has(key));
}

describe("a record is found by its keys", () => {
  test.each<[string, MatchObject, string[], FlatFields, FlatFields]>([
    [
      "with a letter wrong in its only word",
      "account",
      ["company:fuzzy"],
      { company: "Schumn" },
      { Name: "Schumm PLC" },
    ],
    ["with a letter missing", "account", ["company:fuzzy"], { company: "Gilchist" }, { Name: "Gilchrist" }],
    ["written in one word", "account", ["company:eq"], { company: "SchummPLC Works" }, { Name: "Schumm PLCWorks" }],
    [
      "by one word of a long name",
      "account",
      ["company:contains"],
      { company: "Jenner" },
      { Name: "Chicago Public Schools Jenner Academy" },
    ],
    ["by a nickname", "contact", ["name:eq"], { name: "Bob Smith" }, { FirstName: "Robert", LastName: "Smith" }],
    ["with names swapped", "contact", ["name:fuzzy"], { name: "Smith John" }, { FirstName: "John", LastName: "Smith" }],
    ["with a misspelt family name", "contact", ["name:fuzzy"], { name: "John Smiht" }, { Name: "John Smith" }],
    [
      "by a phone without its area code",
      "account",
      ["phone:fuzzy"],
      { phone: "226-2649" },
      { Phone: "(312) 226-2649" },
    ],
    ["by the e-mail's domain", "account", ["domain:eq"], { email: "jon@acme.com" }, { Website: "http://www.acme.com" }],
    ["by its house", "account", ["street:eq"], { street: "10 South Kedzie Avenue" }, { BillingStreet: "10 S Kedzie" }],
    [
      "by what else is known when the rule has no key",
      "account",
      ["city:eq"],
      { city: "Chicago", company: "Acme" },
      { BillingCity: "Chicago", Name: "Acme" },
    ],
  ])("%s", (_what, object, by, candidate, record) => {
    expect(found(object, { by }, candidate, record)).toBe(true);
  });

  test("free mail and pages on shared hosts are nobody's domain", () => {
    expect(blockKeys("lead", { Email: "jon@gmail.com" })).toEqual(["email:jon@gmail.com"]);
    expect(blockKeys("account", { Website: "https://www.facebook.com/acme" })).toEqual([]);
  });

  test("a group that cannot hold for the candidate gives no keys", () => {
    const rules = rulesOf({ groups: [{ all: ["email:eq", "company:eq"] }, { all: ["phone:eq"] }] });
    expect(lookupKeys("contact", rules, { company: "Acme", phone: "312 226 2649" })).toEqual(["phone:2262649"]);
  });

  test("a group is looked up by its most telling field of equality", () => {
    const rules = rulesOf({ groups: [{ all: ["company:eq", "email:eq", "name:fuzzy"] }] });
    expect(lookupKeys("contact", rules, { company: "Acme", email: "a@acme.com", name: "Jon Smyth" })).toEqual([
      "email:a@acme.com",
    ]);
  });
});

const words = fc.constantFrom(
  "Acme",
  "Böhm",
  "Chicago",
  "Center",
  "Tiny Tots",
  "Inc",
  "GmbH",
  "St. Mary",
  "II",
  "of",
  "the",
  "Day Care",
  "Jon",
  "Bob",
  "Smith",
  "Elizabeth",
  "12",
  "x",
);
const phrase = fc.array(words, { maxLength: 7 }).map((parts) => parts.join(" "));
const row = fc.record({
  Name: phrase,
  FirstName: fc.constantFrom("", "Bob", "Robert", "Liz", "J."),
  LastName: fc.constantFrom("", "Smith", "van Dyk"),
  Email: fc.constantFrom("", "a@acme.com", "A+x@acme.com", "info@gmail.com"),
  Phone: fc.constantFrom("", "312 226 2649", "+13122262649", "2262649"),
  MobilePhone: fc.constantFrom("", "312 226 2650"),
  Website: fc.constantFrom("", "www.acme.com", "https://acme.com/x"),
  "Account.Name": phrase,
  MailingStreet: fc.constantFrom("", "12 Main Street", "12 main st.", "14-18 Main"),
  BillingStreet: fc.constantFrom("", "12 Main Street", "12 main st."),
  MailingPostalCode: fc.constantFrom("", "60602"),
  BillingPostalCode: fc.constantFrom("", "60602"),
});

describe("for any record", () => {
  const object = fc.constantFrom<MatchObject[]>("lead", "contact", "account");
  test("keys are few, different and the same each time", () => {
    fc.assert(
      fc.property(object, row, (of, fields) => {
        const keys = blockKeys(of, fields);
        expect(keys.length).toBeLessThanOrEqual(MAX_KEYS);
        expect(new Set(keys).size).toBe(keys.length);
        expect(blockKeys(of, { ...fields })).toEqual(keys);
      }),
    );
  });

  test("whatever an eq rule holds for is found by the keys", () => {
    const field = fc.constantFrom("email", "phone", "domain", "website", "company", "name", "street", "linkedin");
    fc.assert(
      fc.property(fc.constantFrom<MatchObject[]>("contact", "account"), row, row, field, (of, a, b, name) => {
        const rules = rulesOf({ by: [`${name}:eq`] });
        if (!scorePair(prepareCandidate(of, a), prepareRow(of, b), rules).held) return;
        expect(found(of, { by: [`${name}:eq`] }, a, b)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("an account is found by the default rules under its own values", () => {
    fc.assert(
      fc.property(row, (fields) => {
        const rules = rulesOf(defaultAccountRules);
        const candidate = { company: fields.Name, phone: fields.Phone, street: fields.BillingStreet };
        if (!scorePair(prepareCandidate("account", candidate), prepareRow("account", fields), rules).held) return;
        expect(found("account", defaultAccountRules, candidate, fields)).toBe(true);
      }),
    );
  });
});
