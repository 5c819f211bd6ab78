import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalCompany, normalDomain, normalEmail, questionOf } from "../../service/enrichment/identity.ts";

describe("the question a record poses", () => {
  it("holds the person and the company of a lead, normalised", () => {
    const row = {
      ...{ FirstName: "Zoë", LastName: "O'Brien", Email: " Zoe@Mail.Acme.co.uk ", Company: "The Acme & Söhne GmbH" },
      Website: null,
    };
    expect(questionOf("Lead", row)).toEqual({
      object: "Lead",
      person: {
        kind: "person",
        email: "zoe@mail.acme.co.uk",
        name: "zoe obrien",
        company: "acme and sohne",
        domain: "acme.co.uk",
      },
      company: { kind: "company", name: "acme and sohne", domain: "acme.co.uk" },
    });
  });

  it("is the same for every spelling of the same values", () => {
    const one = questionOf("Lead", { LastName: "Ng", FirstName: "Al", Company: "Acme, Inc.", Email: "AL@ACME.COM" });
    const other = questionOf("Lead", { Email: "al@acme.com", Company: "ACME Inc", FirstName: " al", LastName: "NG " });
    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  });

  it("takes no employer from a free mail address", () => {
    const { person, company } = questionOf("Lead", { LastName: "Ng", FirstName: "Al", Email: "al@gmail.com" });
    expect(person).toMatchObject({ email: "al@gmail.com", domain: null });
    expect(company).toBeNull();
  });

  it("reads a contact's employer from its account, nested or flat", () => {
    const base = { FirstName: "Al", LastName: "Ng" };
    const nested = questionOf("Contact", { ...base, Account: { Name: "Acme Inc", Website: "www.acme.com" } });
    expect(nested.person).toMatchObject({ company: "acme", domain: "acme.com" });
    expect(questionOf("Contact", { ...base, "Account.Name": "Acme Inc", "Account.Website": "www.acme.com" })).toEqual(
      nested,
    );
    expect(nested.company).toBeNull();
  });

  it("asks about nobody when the record says too little", () => {
    expect(questionOf("Lead", { LastName: "[unknown]", Company: "[not provided]" })).toEqual({
      ...{ object: "Lead", person: null, company: null },
    });
    expect(questionOf("Lead", { LastName: "Ng", Company: "Acme" }).person).toBeNull();
    expect(questionOf("Opportunity", { Name: "Big" })).toEqual({ object: "Opportunity", person: null, company: null });
  });

  it.each([
    ["a@b.co", "a@b.co"],
    ["A.B+c@Example.COM", "a.b+c@example.com"],
    ["a@b", null],
    ["a b@c.de", null],
    ["a@b..c", null],
    ["<a@b.co>", null],
    ["", null],
  ])("the e-mail %j is %j", (text, email) => expect(normalEmail(text)).toBe(email));

  it.each([
    ["https://www.Acme.co.uk/about?x=1", "acme.co.uk"],
    ["acme.com", "acme.com"],
    ["gmail.com", null],
    ["not a site", null],
    ["http://127.0.0.1/", null],
  ])("the domain of %j is %j", (text, domain) => expect(normalDomain(text)).toBe(domain));

  it.each([
    ["Acme Pty Ltd", "acme"],
    ["Acme S.A.", "acme"],
    ["The Limited", "limited"],
    ["Inc", "inc"],
    ["  ", null],
  ])("the company %j is %j", (text, company) => expect(normalCompany(text)).toBe(company));

  it("normalises again to the same, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
        const once = normalCompany(text);
        expect(normalCompany(once)).toBe(once);
      }),
    );
  });
});
