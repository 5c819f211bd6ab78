import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareField, holds } from "../../service/matching/compare.ts";
import type { MatchObject } from "../../service/matching/fields.ts";
import { nameClasses, shareNameClass } from "../../service/matching/nicknames.ts";
import { prepareCandidate, prepareRow } from "../../service/matching/prepare.ts";
import { parseRule } from "../../service/matching/rules.ts";
import { editSimilarity, jaroWinkler, oneSlip } from "../../service/matching/similarity.ts";

/** Whether the rule holds between two values of one field. */
function held(object: MatchObject, text: string, candidate: string | null, record: string | null): boolean {
  const parsed = parseRule(text);
  if (!parsed.ok) throw new Error(parsed.message);
  const [field = ""] = parsed.rule.fields;
  const a = prepareCandidate(object, { [field]: candidate });
  const columns: Record<string, string> = {
    name: "Name",
    company: object === "account" ? "Name" : "Account.Name",
    email: "Email",
    phone: "Phone",
    street: "BillingStreet",
    website: "Website",
  };
  const b = prepareRow(object, { [columns[field] ?? field]: record });
  return holds(parsed.rule.comparator, a, b, field, compareField(a, b, field));
}

describe("a comparator holds or does not", () => {
  test.each<[boolean, MatchObject, string, string | null, string | null]>([
    [true, "contact", "email:exact", "jon@acme.com ", "jon@acme.com"],
    [false, "contact", "email:exact", "Jon@acme.com", "jon@acme.com"],
    [true, "contact", "email:eq", "Jon+x@acme.com", "jon@acme.com"],
    [true, "account", "company:eq", "Acme Inc", "ACME, L.L.C."],
    [true, "account", "company:eq", "Tiny Tots", "TinyTots Ltd"],
    [false, "account", "company:eq", "Acme North", "Acme South"],
    [true, "contact", "name:eq", "Bob Smith", "Robert Smith"],
    [true, "contact", "name:eq", "Smith, Bob", "Robert Smith"],
    [false, "contact", "name:eq", "Bob Smith", "Bob Smyth"],
    [true, "contact", "name:fuzzy0.88", "Jon Smyth", "John Smith"],
    [false, "contact", "name:fuzzy0.88", "Octavian Scholz", "Olaf Scholz"],
    [false, "contact", "name:fuzzy0.88", "Alexander Lukashevich", "Alexander Lukashenko"],
    [false, "contact", "name:fuzzy0.88", "Nessim Ben Ali Sahraoui", "Nessim Ben Romdhane Sahraoui"],
    [true, "account", "company:fuzzy0.85", "Schumm Industries", "Shumm Industries PLC"],
    [true, "account", "company:fuzzy0.85", "Schmidt-Haley", "Schmidt-Raley"],
    [false, "account", "company:fuzzy0.85", "Store 12", "Store 14"],
    [false, "account", "company:fuzzy0.85", "Doolittle East Academy", "Doolittle West Academy"],
    [
      false,
      "account",
      "company:fuzzy0.85",
      "Easter Seals Society - Near South Side",
      "Easter Seals Society - Gilchrist",
    ],
    [true, "account", "company:contains", "Jenner", "Chicago Public Schools Jenner Academy"],
    [false, "account", "company:contains", "art", "Walmart"],
    [true, "account", "phone:eq", "(312) 226-2649", "+1 312.226.2649"],
    [false, "account", "phone:eq", "226-2649", "+1 312.226.2649"],
    [true, "account", "phone:fuzzy0.9", "226-2649", "+1 312.226.2649"],
    [true, "account", "street:eq", "1001 W. Roosevelt Rd", "1001 West Roosevelt Road"],
    [true, "account", "street:fuzzy0.86", "8128 S King Dr", "8128 S. Dr Martin Luther King Drive"],
    [false, "account", "street:fuzzy0.86", "1414 W 79th St", "1414 W 97th St"],
    [true, "account", "street:fuzzy0.86", "1718 S Loomis", "1710-1718 S. Loomis"],
    [true, "account", "website:eq", "https://www.acme.com/x", "acme.com"],
    [true, "account", "Tax_Id__c:eq", "de 123", "DE 123"],
    [false, "contact", "email:eq", null, null],
    [false, "contact", "email:exact", "", ""],
    [false, "account", "company:eq", "n/a", "N/A"],
    [false, "contact", "name:fuzzy0.5", null, "Jon Smyth"],
  ])("%s: %s %s of %j and %j", (expected, object, rule, candidate, record) => {
    expect(held(object, rule, candidate, record)).toBe(expected);
  });

  test("a contact's mobile number counts as its phone", () => {
    const a = prepareCandidate("contact", { phone: "312-226-2649" });
    const b = prepareRow("contact", { Phone: "312-555-0100", MobilePhone: "+13122262649" });
    expect(compareField(a, b, "phone")).toMatchObject({ same: true, record: "+13122262649" });
  });
});

describe("nicknames", () => {
  test("are known in classes of several languages, a name may be in more than one", () => {
    expect(shareNameClass("bob", "robert")).toBe(true);
    expect(shareNameClass("pepe", "jose")).toBe(true);
    expect(shareNameClass("sascha", "robert")).toBe(false);
    expect(nameClasses("alex").length).toBeGreaterThan(1);
    expect(shareNameClass("christina", "christian")).toBe(false);
  });
});

describe("similarities of strings", () => {
  test("published examples of Jaro–Winkler", () => {
    expect(jaroWinkler("martha", "marhta")).toBeCloseTo(0.9611, 4);
    expect(jaroWinkler("dixon", "dicksonx")).toBeCloseTo(0.8133, 4);
    expect(jaroWinkler("dwayne", "duane")).toBeCloseTo(0.84, 4);
  });

  test.each([
    ["abcd", "abd", true],
    ["abcd", "abdc", true],
    ["abcd", "abxd", true],
    ["abcd", "abcd", false],
    ["abcd", "dcba", false],
  ])("one slip between %s and %s: %s", (a, b, expected) => expect(oneSlip(a, b)).toBe(expected));

  test("edits are counted as a share of the longer text", () =>
    expect(editSimilarity("kitten", "sitting")).toBeCloseTo(1 - 3 / 7, 10));

  const text = fc.string({ maxLength: 30 });
  const objects = fc.constantFrom<[MatchObject, string, string][]>(
    ["account", "company", "Name"],
    ["contact", "name", "Name"],
    ["account", "street", "BillingStreet"],
    ["contact", "email", "Email"],
    ["account", "phone", "Phone"],
    ["account", "postal_code", "BillingPostalCode"],
    ["contact", "title", "Title"],
  );
  test("every field's similarity is symmetric, between 0 and 1, and 1 for a usable value with itself", () => {
    const value = fc.oneof(
      text,
      fc.constantFrom("Acme Inc", "Bob Smith", "12 Main St", "a@b.co", "312 226 2649", "60602", "Anna Maria Lopez"),
    );
    fc.assert(
      fc.property(objects, value, value, ([object, field, column], a, b) => {
        const one = compareField(prepareCandidate(object, { [field]: a }), prepareRow(object, { [column]: b }), field);
        const other = compareField(
          prepareCandidate(object, { [field]: b }),
          prepareRow(object, { [column]: a }),
          field,
        );
        expect(one.similarity).toBeCloseTo(other.similarity, 10);
        expect(one.similarity).toBeGreaterThanOrEqual(0);
        expect(one.similarity).toBeLessThanOrEqual(1);
        const self = compareField(prepareCandidate(object, { [field]: a }), prepareRow(object, { [column]: a }), field);
        expect(self.similarity).toBe(self.forms ? 1 : 0);
      }),
      { numRuns: 1000 },
    );
  });
});
