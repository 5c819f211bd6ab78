import { describe, expect, it } from "vitest";
import { fieldValue, missingFields, planChanges } from "../../service/enrichment/plan.ts";
import type { EnrichmentAnswer } from "../../service/store/json.ts";

const answer = (values: Record<string, string>): EnrichmentAnswer =>
  Object.fromEntries(
    Object.entries(values).map(([field, value]) => [
      field,
      { value, provider: "directory", confidence: 0.9, at: 0, cost: 0 },
    ]),
  );
const whole = answer({
  ...{ phone: "+1 312 555 0100", title: "CTO", company: "Acme Inc", employees: "1,200", website: "acme.com" },
  ...{ street: "1 Main St", city: "Chicago", postal_code: "60601", country: "US", company_phone: "+1 312 555 0000" },
});

describe("what of an answer is written", () => {
  it("fills what is empty on a lead, and leaves what is there", () => {
    expect(planChanges("Lead", { Phone: "123", Title: "", Company: "[not provided]", Website: null }, whole)).toEqual({
      ...{ Title: "CTO", Company: "Acme Inc", NumberOfEmployees: "1200", Website: "acme.com" },
      ...{ Street: "1 Main St", City: "Chicago", PostalCode: "60601", Country: "US" },
    });
  });

  it("uses each object's own names", () => {
    expect(planChanges("Contact", {}, whole)).toMatchObject({ Phone: "+1 312 555 0100", MailingCity: "Chicago" });
    expect(planChanges("Account", {}, whole)).toMatchObject({ Phone: "+1 312 555 0000", BillingCity: "Chicago" });
    expect(planChanges("Task", {}, whole)).toEqual({});
  });

  it("overwrites when told to, but never what the record is recognised by, nor with the same value", () => {
    const row = { Phone: "123", Title: "CTO", Company: "Other Ltd", NumberOfEmployees: 1200 };
    const changes = planChanges("Lead", row, whole, { overwrite: true });
    expect(changes).toMatchObject({ Phone: "+1 312 555 0100" });
    expect(Object.keys(changes)).not.toEqual(expect.arrayContaining(["Title"]));
    expect(changes).not.toHaveProperty("Company");
    expect(changes).not.toHaveProperty("NumberOfEmployees");
  });

  it("does not complete one address with half of another", () => {
    expect(planChanges("Lead", { City: "Berlin" }, whole)).not.toHaveProperty("Street");
    expect(planChanges("Lead", { City: "CHICAGO " }, whole)).toMatchObject({ Street: "1 Main St" });
    expect(planChanges("Lead", { City: "Berlin" }, whole, { overwrite: true })).toMatchObject({ City: "Chicago" });
  });

  it("keeps to the fields asked for, by either name", () => {
    expect(Object.keys(planChanges("Lead", {}, whole, { fields: ["phone", "TITLE"] }))).toEqual(["Phone", "Title"]);
  });

  it("leaves out what does not fit, and what cannot be written", () => {
    const long = answer({ title: "x".repeat(129), phone: "1".repeat(41), city: "Chicago", employees: "50-100" });
    expect(planChanges("Lead", {}, long)).toEqual({ City: "Chicago" });
    expect(planChanges("Lead", {}, whole, { lengths: { Phone: 10, Title: 128 } })).toEqual({ Title: "CTO" });
  });

  it("tells what is worth asking for", () => {
    const full = { FirstName: "A", LastName: "B", Company: "C", Email: "a@b.co", Phone: "1", Title: "x" };
    expect(missingFields("Lead", full, { fields: ["Phone", "Title", "City", "Email"] })).toEqual(["City"]);
    expect(missingFields("Lead", full, { fields: ["Phone", "Email"], overwrite: true })).toEqual(["Phone"]);
  });

  it("gives numbers as numbers", () => {
    expect(fieldValue("Lead", "NumberOfEmployees", "1200")).toBe(1200);
    expect(fieldValue("Lead", "Phone", "1200")).toBe("1200");
  });
});
