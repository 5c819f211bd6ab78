import { describe, expect, it } from "vitest";
import { planColumns } from "../../service/enrichment/import-columns.ts";
import { readRow } from "../../service/enrichment/import-row.ts";

const columnsOf = (...given: Parameters<typeof planColumns>) =>
  Object.fromEntries(planColumns(...given).columns.entries());

describe("the columns of a file", () => {
  it("are known by their usual names, in any case and spelling", () => {
    const header = ["First Name", "LASTNAME", "E-Mail Address", "Company Name", "Zip Code", "Tel.", "Shoe size"];
    expect(columnsOf("people", header)).toEqual({
      ...{ first_name: 0, last_name: 1, email: 2, company: 3, postal_code: 4, phone: 5 },
    });
    expect(planColumns("people", header).ignored).toEqual(["Shoe size"]);
    expect(columnsOf("companies", ["Name", "Phone", "URL", "Headcount"])).toEqual({
      ...{ company: 0, company_phone: 1, website: 2, employees: 3 },
    });
  });

  it("follow a mapping first, and say what is wrong with one", () => {
    expect(columnsOf("people", ["a", "b"], { email: "A", phone: "b" })).toEqual({ email: 0, phone: 1 });
    expect(planColumns("people", ["email"], { phone: "fone" }).problem).toContain("the file has no column “fone”");
    expect(planColumns("people", ["email"], { shoe: "email" }).problem).toContain("“shoe” is not a field of people");
  });

  it("must tell who is meant", () => {
    expect(planColumns("people", ["Phone", "Title"]).problem).toContain("e-mail address");
    expect(planColumns("people", ["Name", "Company"]).problem).toBeNull();
    expect(planColumns("companies", ["Phone"]).problem).toContain("name or the website");
  });
});

describe("a row", () => {
  const header = ["id", "name", "email", "company", "website", "title"];
  const read = (cells: string[], kind: "people" | "companies" = "people") =>
    readRow(kind, planColumns(kind, header).columns, cells);
  const row = (cells: string[]) => {
    const made = read(cells);
    if (!made.ok) throw new Error(made.message);
    return made.row;
  };

  it("gives its keys and its fields", () => {
    expect(row(["7", "Ng, Alice", "Alice@Acme.com", "Acme Inc", "", "CTO"])).toMatchObject({
      ...{ rowKey: "7", email: "alice@acme.com", nameCompany: "alice ng|acme", nameDomain: "alice ng|acme.com" },
      fields: { first_name: "Alice", last_name: "Ng", email: "alice@acme.com", company: "Acme Inc", title: "CTO" },
    });
  });

  it("without an id is known by who it is about, not by what it says of them", () => {
    const key = (title: string, name = "Al Ng") => row(["", name, "al@acme.com", "", "", title]).rowKey;
    expect(key("CTO")).toBe(key("CEO"));
    expect(key("CTO", "Bo Ng")).not.toBe(key("CTO"));
  });

  it.each([
    [["", "Al Ng", "not-an-address", "Acme", "", ""], "not an e-mail address"],
    [["", "Al", "", "Acme", "", ""], "neither an e-mail address nor a full name"],
    [["", "Al Ng", "", "n/a", "", ""], "neither an e-mail address nor a full name"],
    [["", "Al Ng", "a@b.co", "", "", "x".repeat(1_001)], "more than 1000 characters"],
    [["", "Al Ng", "a@b.co", "", "", "x\u0000"], "NUL"],
  ])("%j is left out with its reason", (cells, reason) => {
    const made = read(cells);
    expect(made).toMatchObject({ ok: false });
    expect(made.ok ? "" : made.message).toContain(reason);
  });
});
