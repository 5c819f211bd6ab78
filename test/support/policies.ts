import type { WorldOptions } from "./world.ts";

/** Match by e-mail, then by the company's domain; convert; the matched owner first, else a turn of the pool. */
export const inbound: NonNullable<WorldOptions["policies"]>[number] = {
  name: "Inbound",
  body: {
    match: {
      contact: { mode: "simple", by: ["email:eq"] },
      account: { mode: "grouped", groups: [{ all: ["domain:eq"] }, { all: ["company:eq", "city:eq"] }] },
      threshold: 0.8,
      review_threshold: 0.4,
    },
    on_match: { lead_to_contact: true, lead_to_account: true },
    convert: true,
    assign: { pool: "emea", matched_owner_first: true },
  },
};

export const emea = { emea: ["Alice Ng", "Bob Ray", "Cleo Diaz"] };

export const anaKim = { FirstName: "Ana", LastName: "Kim", Company: "Acme Robotics", Email: "ana@acme-robotics.com" };
