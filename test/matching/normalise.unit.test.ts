import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalise } from "../../service/matching/index.ts";
import { CONTRACT_FIELDS } from "../../service/matching/kinds.ts";
import type { FieldKind } from "../../service/matching/kinds.ts";
import { LEADING_FORMS, TRAILING_FORMS } from "../../service/matching/legal-forms.ts";

const cases: [FieldKind, string, string | null][] = [
  ["email", "Jon.Smyth+news@ACME.com", "jon.smyth@acme.com"],
  ["email", "a@googlemail.com", "a@gmail.com"],
  ["email", "not an address", null],
  ["phone", "(312) 226-2649", "+13122262649"],
  ["phone", "+49 30 901820", "+4930901820"],
  ["phone", "226-2649", "2262649"],
  ["phone", "0000000", null],
  ["phone", "n/a", null],
  ["domain", "https://www.acme.co.uk/contact?x=1", "acme.co.uk"],
  ["domain", "jon@mail.acme.com", "acme.com"],
  ["website", "WWW.Acme.COM", "acme.com"],
  ["website", "soon", null],
  ["company", "The Acme Company, Inc.", "acme"],
  ["company", "Müller & Söhne GmbH & Co. KG", "muller and sohne"],
  ["company", "Precious Little One's Learning Center, Inc.", "precious little ones learning center"],
  ["company", "Aceros del Norte, S.A. de C.V.", "aceros del norte"],
  ["company", "Kowalski Sp. z o.o.", "kowalski"],
  ["company", "AB Volvo", "volvo"],
  ["company", "J. P. Morgan", "jp morgan"],
  ["company", "Firman Community Svcs", "firman community services"],
  ["company", "Kowalski spzoo", "kowalski"],
  ["company", "Ac\u00adme\u200b Works", "acme works"],
  ["company", "Limited", "limited"],
  ["company", "[unknown]", null],
  ["company", "Self-employed", null],
  ["name", "Dr. Smith, John Jr.", "john smith"],
  ["name", "John Smith, PhD", "john smith"],
  ["name", "Ludwig van Beethoven", "ludwig vanbeethoven"],
  ["name", "[not provided]", null],
  ["first_name", " José ", "jose"],
  ["last_name", "O'Brien", "obrien"],
  ["street", "1001 West Roosevelt Road, Suite 300", "1001 w roosevelt rd"],
  ["street", "Hauptstraße 12", "12 haupt strasse"],
  ["street", "10 W 35th St 15th Floor", "10 w 35th st"],
  ["street", "120 Fifth Avenue", "120 5th ave"],
  ["city", "St. Louis", "saint louis"],
  ["state", "Illinois", "il"],
  ["postal_code", "60602-1234", "60602"],
  ["postal_code", "sw1a 1aa", "sw1a1aa"],
  ["country", "Deutschland", "de"],
  ["country", "U.S.A.", "us"],
  ["country", "United Kingdom", "gb"],
  ["linkedin", "https://www.linkedin.com/in/Jon-Smyth/?trk=x", "in/jon-smyth"],
  ["linkedin", "https://example.org/jon", null],
  ["title", "Sr. VP, Mktg", "senior vice president marketing"],
  ["other", "  Élan  Vital ", "elan vital"],
];

describe("a value is written the way its field compares it", () => {
  test.each(cases)("%s %j becomes %j", (kind, value, expected) => {
    expect(normalise(kind, value)).toBe(expected);
  });

  test("a phone is read in the country it is given for", () => {
    expect(normalise("phone", "030 901820", { country: "DE" })).toBe("+4930901820");
  });

  test("what says nothing is null in every field", () => {
    for (const kind of CONTRACT_FIELDS) {
      for (const nothing of ["", "   ", "-", "?"])
        expect(normalise(kind, nothing), `${kind} of ${JSON.stringify(nothing)}`).toBeNull();
    }
  });

  test("any text is answered with null or a text without upper case or outer spaces", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<FieldKind[]>(...CONTRACT_FIELDS, "other"),
        fc.string({ unit: "grapheme" }),
        (kind, text) => {
          const value = normalise(kind, text);
          if (value === null) return;
          expect(value).not.toBe("");
          expect(value.trim()).toBe(value);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("normalising a normalised company, e-mail, domain or phone changes nothing", () => {
    const companies = cases.filter(([, , expected]) => expected !== null);
    for (const [kind, , expected] of companies) {
      if (expected === null || kind === "street" || kind === "name") continue;
      expect(normalise(kind, expected)).toBe(expected);
    }
  });

  test("case, accents, punctuation and legal form never make another company", () => {
    const word = fc.stringMatching(/^[a-z]{4,9}$/);
    fc.assert(
      fc.property(word, word, fc.constantFrom(...TRAILING_FORMS), (a, b, form) => {
        const plain = normalise("company", `${a}x ${b}x`);
        expect(normalise("company", `${a.toUpperCase()}X, ${b}x ${form.toUpperCase()}`)).toBe(plain);
      }),
    );
  });

  test("the table of legal forms is a worldwide one", () => {
    expect(TRAILING_FORMS.size).toBeGreaterThan(250);
    expect(LEADING_FORMS.has("ooo")).toBe(true);
  });
});
