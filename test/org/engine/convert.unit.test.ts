import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../support/manual-clock.ts";
import { assemble } from "../assemble.ts";
import type { Control, Input } from "../control.ts";
import type { LeadConvert } from "./convert.ts";
import { convertLead } from "./convert.ts";
import { PlatformError } from "./errors.ts";

let parts: ReturnType<typeof assemble>;
let control: Control;
let clock: ManualClock;
beforeEach(() => {
  clock = new ManualClock();
  parts = assemble({ clock });
  control = parts.control;
});

const one = (object: string, row: Input): string => control.as().create(object, [row])[0] ?? "";
const newLead = (more: Input = {}): string =>
  one("Lead", {
    LastName: "Lovelace",
    FirstName: "Ada",
    Company: "Engines",
    Email: "ada@engines.example",
    City: "London",
    LeadSource: "Web",
    ...more,
  });

function convert(leadId: string, more: Partial<LeadConvert> = {}, allowDuplicates = false) {
  const request: LeadConvert = {
    leadId,
    convertedStatus: "Closed - Converted",
    accountId: null,
    contactId: null,
    ownerId: null,
    doNotCreateOpportunity: true,
    opportunityName: null,
    opportunityId: null,
    overwriteLeadSource: false,
    ...more,
  };
  return parts.org.transact(parts.seeded.integrationUserId, (tx) =>
    convertLead(tx, request, { allowDuplicates, truncate: false }),
  );
}
function refused(work: () => unknown): string {
  try {
    work();
    return "not refused";
  } catch (error) {
    if (error instanceof PlatformError) return error.code;
    throw error;
  }
}

describe("converting a lead", () => {
  test("into new records: fields are carried over, its owner owns them, an opportunity is made unless refused", () => {
    const id = newLead();
    const done = convert(id, { doNotCreateOpportunity: false });
    expect(control.record(done.accountId)).toMatchObject({
      Name: "Engines",
      BillingCity: "London",
      OwnerId: control.users.repUserId,
    });
    expect(control.record(done.contactId)).toMatchObject({
      Name: "Ada Lovelace",
      AccountId: done.accountId,
      MailingCity: "London",
    });
    expect(control.record(done.opportunityId ?? "")).toMatchObject({
      Name: "Engines",
      AccountId: done.accountId,
      CloseDate: "2026-12-31",
    });
    expect(control.record(id)).toMatchObject({
      IsConverted: true,
      Status: "Closed - Converted",
      ConvertedAccountId: done.accountId,
      ConvertedContactId: done.contactId,
      ConvertedOpportunityId: done.opportunityId,
    });
    expect(convert(newLead()).opportunityId).toBeNull();
  });

  test("into existing records: only what is empty there is filled, their owner stays, all are touched", async () => {
    const { adminUserId } = control.users;
    const accountId = one("Account", { Name: "Engines Ltd", OwnerId: adminUserId });
    const contactId = one("Contact", {
      LastName: "Byron",
      AccountId: accountId,
      LeadSource: "Other",
      OwnerId: adminUserId,
    });
    const id = newLead();
    await clock.advance(60_000);
    convert(id, { accountId, contactId });
    const stamp = "2026-11-23T10:01:00.000+0000";
    expect(control.record(accountId)).toMatchObject({
      Name: "Engines Ltd",
      BillingCity: "London",
      OwnerId: adminUserId,
      SystemModstamp: stamp,
    });
    expect(control.record(contactId)).toMatchObject({
      LastName: "Byron",
      Email: "ada@engines.example",
      LeadSource: "Other",
      OwnerId: adminUserId,
      SystemModstamp: stamp,
    });
    expect(control.record(id)?.SystemModstamp).toBe(stamp);
  });

  test("a lead source is overwritten only on request, and the request needs a contact", () => {
    const accountId = one("Account", { Name: "a" });
    const contactId = one("Contact", { LastName: "c", AccountId: accountId, LeadSource: "Other" });
    expect(refused(() => convert(newLead(), { accountId, overwriteLeadSource: true }))).toBe(
      "FIELD_INTEGRITY_EXCEPTION",
    );
    convert(newLead(), { accountId, contactId, overwriteLeadSource: true });
    expect(control.record(contactId)?.LeadSource).toBe("Web");
  });

  test("a lead owned by a queue needs an owner named, even into existing records", () => {
    const accountId = one("Account", { Name: "a" });
    const id = newLead({ OwnerId: control.users.leadQueueId });
    expect(refused(() => convert(id, { accountId }))).toBe("INVALID_OWNER");
    const done = convert(id, { accountId, ownerId: control.users.adminUserId });
    expect(control.record(done.contactId)?.OwnerId).toBe(control.users.adminUserId);
  });

  test.each<[string, Partial<LeadConvert>, string]>([
    ["no status", { convertedStatus: null }, "REQUIRED_FIELD_MISSING"],
    ["a status that does not mean converted", { convertedStatus: "Open - Not Contacted" }, "INVALID_STATUS"],
    ["a contact without its account", { contactId: "003000000000001AAA" }, "REQUIRED_FIELD_MISSING"],
    ["an account that is not there", { accountId: "001000000000001AAA" }, "INVALID_CROSS_REFERENCE_KEY"],
    ["an opportunity named and refused", { opportunityName: "x" }, "FIELD_INTEGRITY_EXCEPTION"],
    [
      "an opportunity named and given",
      { doNotCreateOpportunity: false, opportunityName: "x", opportunityId: "006000000000001AAA" },
      "FIELD_INTEGRITY_EXCEPTION",
    ],
    [
      "a name over 80 characters",
      { doNotCreateOpportunity: false, opportunityName: "x".repeat(81) },
      "STRING_TOO_LONG",
    ],
  ])("is refused with %s, and nothing is written", (_what, more, code) => {
    const id = newLead();
    const before = control.ledger().length;
    expect(refused(() => convert(id, more))).toBe(code);
    expect(control.ledger()).toHaveLength(before);
    expect(control.record(id)?.IsConverted).toBe(false);
  });

  test("a contact of another account is refused", () => {
    const accountId = one("Account", { Name: "a" });
    const contactId = one("Contact", { LastName: "c", AccountId: one("Account", { Name: "b" }) });
    expect(refused(() => convert(newLead(), { accountId, contactId }))).toBe("INVALID_CROSS_REFERENCE_KEY");
  });

  test("an inactive owner is refused, named or standing on the lead", () => {
    const user = control.createUser({ name: "Soon Gone" });
    const id = newLead({ OwnerId: user });
    control.setUserActive(user, false);
    expect(refused(() => convert(id))).toBe("INACTIVE_OWNER_OR_USER");
    expect(refused(() => convert(newLead(), { ownerId: user }))).toBe("INACTIVE_OWNER_OR_USER");
  });

  test("a converted lead can neither be converted again nor edited; a deleted one neither", () => {
    const id = newLead();
    convert(id);
    expect(refused(() => convert(id))).toBe("CANNOT_UPDATE_CONVERTED_LEAD");
    expect(refused(() => control.as().update("Lead", [{ Id: id, Title: "x" }]))).toBe("CANNOT_UPDATE_CONVERTED_LEAD");
    const gone = newLead();
    control.as().delete("Lead", [gone]);
    expect(refused(() => convert(gone))).toBe("ENTITY_IS_DELETED");
  });

  test("rules of the new records apply: validation, and duplicates unless saving is allowed under an alert", () => {
    control.setValidationRule("Contact", { field: "Email", op: "blank", message: "Email, please." });
    expect(refused(() => convert(newLead({ Email: null })))).toBe("FIELD_CUSTOM_VALIDATION_EXCEPTION");
    one("Contact", { LastName: "Byron", Email: "ada@engines.example" });
    control.setDuplicateRule({ object: "Contact", fields: ["Email"], action: "alert" });
    expect(refused(() => convert(newLead()))).toBe("DUPLICATES_DETECTED");
    expect(refused(() => convert(newLead(), {}, true))).toBe("not refused");
    control.setDuplicateRule({ object: "Contact", fields: ["Email"], action: "block" });
    expect(refused(() => convert(newLead(), {}, true))).toBe("DUPLICATES_DETECTED");
  });

  test("activities and campaign memberships follow; open tasks change to the new owner", () => {
    const id = newLead();
    const open = one("Task", { WhoId: id, Subject: "call" });
    const closed = one("Task", { WhoId: id, Subject: "called", Status: "Completed" });
    const member = one("CampaignMember", { CampaignId: one("Campaign", { Name: "c" }), LeadId: id });
    const done = convert(id, { ownerId: control.users.adminUserId });
    expect(control.record(open)).toMatchObject({
      WhoId: done.contactId,
      WhatId: done.accountId,
      OwnerId: control.users.adminUserId,
    });
    expect(control.record(closed)).toMatchObject({ WhoId: done.contactId, OwnerId: control.users.repUserId });
    expect(control.record(member)).toMatchObject({ LeadId: id, ContactId: done.contactId });
  });

  test("events follow to the contact and what it belongs to, open or past", () => {
    const id = newLead();
    const meeting = one("Event", { WhoId: id, Subject: "demo", DurationInMinutes: 30 });
    const withOpportunity = convert(id, { doNotCreateOpportunity: false });
    expect(control.record(meeting)).toMatchObject({
      WhoId: withOpportunity.contactId,
      WhatId: withOpportunity.opportunityId,
    });
  });

  test("a campaign that the contact is a member of already keeps one membership", () => {
    const [account, campaign] = [one("Account", { Name: "Engines" }), one("Campaign", { Name: "c" })];
    const contact = one("Contact", { LastName: "Lovelace", AccountId: account });
    const kept = one("CampaignMember", { CampaignId: campaign, ContactId: contact });
    const id = newLead();
    const dropped = one("CampaignMember", { CampaignId: campaign, LeadId: id });
    convert(id, { accountId: account, contactId: contact });
    expect([control.record(kept)?.IsDeleted, control.record(dropped)?.IsDeleted]).toEqual([false, true]);
  });

  test("custom fields follow only where Map Lead Fields says so", () => {
    control.addCustomField("Lead", "Seniority__c", { type: "string" });
    control.addCustomField("Contact", "Level__c", { type: "string" });
    expect(control.record(convert(newLead({ Seniority__c: "VP" })).contactId)?.Level__c).toBeNull();
    control.mapLeadField("Seniority__c", "Contact.Level__c");
    expect(control.record(convert(newLead({ Seniority__c: "VP" })).contactId)?.Level__c).toBe("VP");
  });

  test("the ledger holds one conversion a lead", () => {
    convert(newLead());
    expect(control.ledger().map((e) => e.kind)).toEqual(["insert", "insert", "insert", "convert"]);
  });
});
