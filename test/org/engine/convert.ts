/** Lead conversion with the platform's field rules, one lead within a transaction. */
import { deleteRow, insertRow, liveRow, updateRow } from "./dml.ts";
import { PlatformError } from "./errors.ts";
import { normaliseId } from "./ids.ts";
import { childrenOf, move } from "./reparent.ts";
import type { Row, SObject, Value } from "./schema.ts";
import type { Transaction } from "./transaction.ts";

export interface LeadConvert {
  leadId: string;
  convertedStatus: string | null;
  accountId: string | null;
  contactId: string | null;
  ownerId: string | null;
  doNotCreateOpportunity: boolean;
  opportunityName: string | null;
  opportunityId: string | null;
  overwriteLeadSource: boolean;
}
export interface ConvertOptions {
  allowDuplicates: boolean;
  truncate: boolean;
}
export interface Converted {
  leadId: string;
  accountId: string;
  contactId: string;
  opportunityId: string | null;
}

const addressParts = ["Street", "City", "State", "PostalCode", "Country"];
const to = (prefix: string): Record<string, string> =>
  Object.fromEntries(addressParts.map((part) => [`${prefix}${part}`, part]));
/** Target field → lead field. */
const accountMap: Record<string, string> = {
  Name: "Company",
  ...to("Billing"),
  Phone: "Phone",
  Fax: "Fax",
  Website: "Website",
  Industry: "Industry",
  NumberOfEmployees: "NumberOfEmployees",
  AnnualRevenue: "AnnualRevenue",
  Rating: "Rating",
  AccountSource: "LeadSource",
};
const contactMap: Record<string, string> = {
  ...Object.fromEntries(
    [
      "Salutation",
      "FirstName",
      "LastName",
      "Title",
      "Email",
      "Phone",
      "MobilePhone",
      "Fax",
      "LeadSource",
      "Description",
    ].map((n) => [n, n]),
  ),
  ...to("Mailing"),
};

const integrity = (message: string, fields: string[] = []) =>
  new PlatformError("FIELD_INTEGRITY_EXCEPTION", message, { fields });

export function convertLead(tx: Transaction, given: LeadConvert, options: ConvertOptions): Converted {
  const { schema } = tx.org;
  const [leads, accounts, contacts, opportunities] = [
    schema.get("Lead"),
    schema.get("Account"),
    schema.get("Contact"),
    schema.get("Opportunity"),
  ];
  const leadId = idIn(leads, given.leadId, "leadId");
  const lead = liveRow(tx, leads, leadId);
  if (lead.IsConverted === true)
    throw new PlatformError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead");
  const status = convertedStatus(tx, given.convertedStatus);
  checkOpportunityFields(given);
  const ownerId = ownerOf(tx, lead, given.ownerId);
  if (given.contactId !== null && given.accountId === null)
    throw new PlatformError("REQUIRED_FIELD_MISSING", "accountId is required when contactId is given", {
      fields: ["accountId"],
    });
  if (given.overwriteLeadSource && given.contactId === null)
    throw integrity("overwriteLeadSource needs a contactId", ["overwriteLeadSource"]);

  const save = { allowDuplicates: options.allowDuplicates, truncate: options.truncate };
  const account =
    given.accountId === null
      ? insertRow(tx, accounts, { ...mapped(tx, "Account", lead, accountMap), OwnerId: ownerId }, save)
      : fill(tx, accounts, idIn(accounts, given.accountId, "accountId"), mapped(tx, "Account", lead, accountMap), save);
  const accountId = String(account.Id);
  const contactId =
    given.contactId === null
      ? String(
          insertRow(
            tx,
            contacts,
            { ...mapped(tx, "Contact", lead, contactMap), AccountId: accountId, OwnerId: ownerId },
            save,
          ).Id,
        )
      : existingContact(tx, contacts, given, accountId, lead, save);
  const opportunityId = given.doNotCreateOpportunity
    ? null
    : given.opportunityId === null
      ? String(insertRow(tx, opportunities, newOpportunity(tx, given, lead, accountId, ownerId), save).Id)
      : existingOpportunity(tx, opportunities, given.opportunityId, accountId);
  if (opportunityId !== null)
    insertRow(
      tx,
      schema.get("OpportunityContactRole"),
      { OpportunityId: opportunityId, ContactId: contactId, IsPrimary: true },
      { silent: true },
    );
  moveRelated(tx, leadId, { accountId, contactId, opportunityId, ownerId });
  const ids = { ConvertedAccountId: accountId, ConvertedContactId: contactId, ConvertedOpportunityId: opportunityId };
  const done = {
    Status: status,
    IsConverted: true,
    IsUnreadByOwner: false,
    ConvertedDate: tx.stamp.slice(0, 10),
    ...ids,
  };
  updateRow(tx, leads, leadId, {}, { system: done, unchecked: true, effect: "convert" });
  return { leadId, accountId, contactId, opportunityId };
}

function idIn(object: SObject, given: string, name: string): string {
  const id = normaliseId(given);
  if (id === undefined || !id.startsWith(object.keyPrefix))
    throw new PlatformError("MALFORMED_ID", `${name}: id value of incorrect type: ${given}`, { fields: [name] });
  return id;
}

function convertedStatus(tx: Transaction, given: string | null): string {
  if (given === null)
    throw new PlatformError("REQUIRED_FIELD_MISSING", "Required fields are missing: [convertedStatus]", {
      fields: ["convertedStatus"],
    });
  for (const row of tx.scan(tx.org.schema.get("LeadStatus")))
    if (row.IsConverted === true && [row.ApiName, row.MasterLabel].includes(given)) return String(row.ApiName);
  throw new PlatformError("INVALID_STATUS", `invalid convertedStatus: ${given}`, { fields: ["convertedStatus"] });
}

function checkOpportunityFields(given: LeadConvert): void {
  const { opportunityId, opportunityName, doNotCreateOpportunity } = given;
  if (opportunityId !== null && opportunityName !== null)
    throw integrity("opportunityName and opportunityId cannot both be given");
  if (doNotCreateOpportunity && (opportunityId !== null || opportunityName !== null))
    throw integrity("opportunityName and opportunityId must be empty when doNotCreateOpportunity is true");
  if ((opportunityName ?? "").length > 80)
    throw new PlatformError("STRING_TOO_LONG", "Opportunity Name: data value too large (max length=80)", {
      fields: ["opportunityName"],
    });
}

/** Converted records belong to users; a lead that a queue owns needs one named, whatever it is converted into. */
function ownerOf(tx: Transaction, lead: Row, given: string | null): string {
  const users = tx.org.schema.get("User");
  const ownerId = given === null ? String(lead.OwnerId) : (normaliseId(given) ?? given);
  if (!ownerId.startsWith(users.keyPrefix))
    throw new PlatformError(
      "INVALID_OWNER",
      "Converted objects can only be owned by users. If the lead is not owned by a user, you must specify a user for the Owner field.",
      { fields: ["ownerId"] },
    );
  if (given !== null && liveRow(tx, users, ownerId).IsActive !== true)
    throw new PlatformError(
      "INACTIVE_OWNER_OR_USER",
      `operation performed with inactive user [${ownerId}] as owner of account`,
    );
  return ownerId;
}

function mapped(tx: Transaction, object: string, lead: Row, map: Record<string, string>): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const [target, source] of Object.entries(map)) if (lead[source] != null) values[target] = lead[source];
  for (const [source, target] of tx.org.leadFieldMap) {
    const [owner, name = ""] = target.split(".");
    if (owner === object && lead[source] != null) values[name] = lead[source];
  }
  return values;
}

/** Into an existing record only what is empty there; the record is touched in any case. */
function fill(
  tx: Transaction,
  object: SObject,
  id: string,
  values: Record<string, Value>,
  save: { allowDuplicates: boolean; truncate: boolean },
): Row {
  const row = liveRow(tx, object, id);
  const empty = Object.fromEntries(Object.entries(values).filter(([name]) => row[name] === null));
  return updateRow(tx, object, id, empty, save);
}

function existingContact(
  tx: Transaction,
  contacts: SObject,
  given: LeadConvert,
  accountId: string,
  lead: Row,
  save: { allowDuplicates: boolean; truncate: boolean },
): string {
  const id = idIn(contacts, given.contactId ?? "", "contactId");
  if (liveRow(tx, contacts, id).AccountId !== accountId)
    throw new PlatformError(
      "INVALID_CROSS_REFERENCE_KEY",
      "invalid cross reference id: the contact does not belong to the account",
      { fields: ["contactId"] },
    );
  fill(tx, contacts, id, mapped(tx, "Contact", lead, contactMap), save);
  if (given.overwriteLeadSource) updateRow(tx, contacts, id, { LeadSource: lead.LeadSource }, save);
  return id;
}

function existingOpportunity(tx: Transaction, opportunities: SObject, given: string, accountId: string): string {
  const id = idIn(opportunities, given, "opportunityId");
  if (liveRow(tx, opportunities, id).AccountId !== accountId)
    throw new PlatformError(
      "INVALID_CROSS_REFERENCE_KEY",
      "invalid cross reference id: the opportunity does not belong to the account",
      { fields: ["opportunityId"] },
    );
  return id;
}

function newOpportunity(
  tx: Transaction,
  given: LeadConvert,
  lead: Row,
  accountId: string,
  ownerId: string,
): Record<string, Value> {
  const now = new Date(tx.org.clock.now());
  const quarterEnd = new Date(Date.UTC(now.getUTCFullYear(), Math.floor(now.getUTCMonth() / 3) * 3 + 3, 0));
  return {
    Name: given.opportunityName ?? lead.Company ?? null,
    AccountId: accountId,
    OwnerId: ownerId,
    StageName: tx.org.schema.get("Opportunity").fields.get("stagename")?.picklist[0]?.value ?? "Prospecting",
    CloseDate: quarterEnd.toISOString().slice(0, 10),
    LeadSource: lead.LeadSource ?? null,
  };
}

/** Activities and campaign memberships follow to the contact; custom children looking up to the lead stay behind. */
function moveRelated(
  tx: Transaction,
  leadId: string,
  into: { accountId: string; contactId: string; opportunityId: string | null; ownerId: string },
): void {
  const tasks = tx.org.schema.get("Task");
  const what = into.opportunityId ?? into.accountId;
  for (const task of childrenOf(tx, tasks, "WhoId", leadId))
    move(tx, tasks, task, {
      WhoId: into.contactId,
      WhatId: task.WhatId ?? what,
      ...(task.IsClosed === true ? {} : { OwnerId: into.ownerId }),
    });
  const events = tx.org.schema.get("Event");
  for (const event of childrenOf(tx, events, "WhoId", leadId))
    move(tx, events, event, { WhoId: into.contactId, WhatId: event.WhatId ?? what, OwnerId: into.ownerId });
  const members = tx.org.schema.get("CampaignMember");
  for (const member of childrenOf(tx, members, "LeadId", leadId)) {
    const campaigns = childrenOf(tx, members, "ContactId", into.contactId).map((other) => other.CampaignId);
    // One membership of a campaign is enough; the contact's own stays.
    if (campaigns.includes(member.CampaignId)) deleteRow(tx, members, String(member.Id), { silent: true });
    else move(tx, members, member, { ContactId: into.contactId });
  }
}
