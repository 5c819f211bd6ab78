/**
 * The standard objects, one field a line: `Name type[:length] flags…`. Flags: required, readonly, createonly, cascade,
 * default=…, values=a|b, to=Object|Object, as=RelationshipName, children=NameAtTheParent.
 */
import { field, fieldMap, systemFields } from "./schema.ts";
import type { Field, FieldType, SObject } from "./schema.ts";

interface Definition {
  prefix: string;
  plural?: string;
  owned?: string[];
  writable?: boolean;
  mergeable?: boolean;
  fields: string;
}

const address = (prefix: string): string =>
  `${prefix}Street textarea:255\n${prefix}City string:40\n${prefix}State string:80\n${prefix}PostalCode string:20\n${prefix}Country string:80`;
const industries =
  "values=Agriculture|Banking|Construction|Consulting|Education|Energy|Finance|Healthcare|Manufacturing|Retail|Technology|Other";
const sources = "values=Web|Phone_Inquiry|Partner_Referral|Purchased_List|Other";
const person = `Salutation picklist:40 values=Mr.|Ms.|Mrs.|Dr.|Prof.
FirstName string:40
LastName string:80 required
Name string:121 readonly
Title string:128
Email email
Phone phone
MobilePhone phone
Fax phone
LeadSource picklist:40 ${sources}
Description textarea:32000
HasOptedOutOfEmail boolean
DoNotCall boolean
EmailBouncedDate datetime`;

const definitions: Record<string, Definition> = {
  Lead: {
    prefix: "00Q",
    owned: ["User", "Group"],
    mergeable: true,
    fields: `${person}
Company string:255 required
Website url
${address("")}
Industry picklist:40 ${industries}
NumberOfEmployees int
AnnualRevenue currency
Status picklist:40 default=Open_-_Not_Contacted values=Open_-_Not_Contacted|Working_-_Contacted|Closed_-_Converted|Closed_-_Not_Converted
Rating picklist:40 values=Hot|Warm|Cold
IsUnreadByOwner boolean default=true
IsConverted boolean readonly
ConvertedDate date readonly
ConvertedAccountId reference readonly to=Account as=ConvertedAccount
ConvertedContactId reference readonly to=Contact as=ConvertedContact
ConvertedOpportunityId reference readonly to=Opportunity as=ConvertedOpportunity
MasterRecordId reference readonly to=Lead as=MasterRecord
LastActivityDate date readonly`,
  },
  Contact: {
    prefix: "003",
    owned: ["User"],
    mergeable: true,
    fields: `${person}
AccountId reference to=Account as=Account children=Contacts cascade
Department string:80
ReportsToId reference to=Contact as=ReportsTo
${address("Mailing")}
${address("Other")}
MasterRecordId reference readonly to=Contact as=MasterRecord
LastActivityDate date readonly`,
  },
  Account: {
    prefix: "001",
    owned: ["User"],
    mergeable: true,
    fields: `Name string:255 required
Type picklist:40 values=Prospect|Customer|Partner|Other
ParentId reference to=Account as=Parent children=ChildAccounts
${address("Billing")}
${address("Shipping")}
Phone phone
Fax phone
Website url
Industry picklist:40 ${industries}
NumberOfEmployees int
AnnualRevenue currency
Rating picklist:40 values=Hot|Warm|Cold
AccountNumber string:40
AccountSource picklist:40 ${sources}
Description textarea:32000
IsPersonAccount boolean readonly
MasterRecordId reference readonly to=Account as=MasterRecord
LastActivityDate date readonly`,
  },
  Opportunity: {
    prefix: "006",
    plural: "Opportunities",
    owned: ["User"],
    fields: `Name string:120 required
AccountId reference to=Account as=Account children=Opportunities cascade
StageName picklist:40 required values=Prospecting|Qualification|Proposal|Negotiation|Closed_Won|Closed_Lost
CloseDate date required
Amount currency
Probability percent
Type picklist:40
LeadSource picklist:40 ${sources}
NextStep string:255
Description textarea:32000
IsClosed boolean readonly
IsWon boolean readonly
CampaignId reference to=Campaign as=Campaign
ContactId reference createonly to=Contact as=Contact
LastActivityDate date readonly`,
  },
  OpportunityContactRole: {
    prefix: "00K",
    fields: `OpportunityId reference required createonly to=Opportunity as=Opportunity children=OpportunityContactRoles cascade
ContactId reference required to=Contact as=Contact children=OpportunityContactRoles
Role picklist:40
IsPrimary boolean`,
  },
  Task: {
    prefix: "00T",
    owned: ["User", "Group"],
    fields: `WhoId reference to=Lead|Contact as=Who children=Tasks
WhatId reference to=Account|Opportunity as=What children=Tasks
Subject string:255
Status picklist:40 default=Not_Started values=Not_Started|In_Progress|Completed
Priority picklist:40 default=Normal values=High|Normal|Low
ActivityDate date
Description textarea:32000
IsClosed boolean readonly`,
  },
  Event: {
    prefix: "00U",
    owned: ["User"],
    fields: `WhoId reference to=Lead|Contact as=Who children=Events
WhatId reference to=Account|Opportunity as=What children=Events
Subject string:255
Location string:255
StartDateTime datetime
EndDateTime datetime
ActivityDateTime datetime
DurationInMinutes int
Description textarea:32000`,
  },
  Campaign: {
    prefix: "701",
    owned: ["User"],
    fields: `Name string:80 required
Type picklist:40
Status picklist:40
IsActive boolean
StartDate date
EndDate date
Description textarea:32000`,
  },
  CampaignMember: {
    prefix: "00v",
    fields: `CampaignId reference required createonly to=Campaign as=Campaign children=CampaignMembers cascade
LeadId reference createonly to=Lead as=Lead children=CampaignMembers
ContactId reference createonly to=Contact as=Contact children=CampaignMembers
Status picklist:40`,
  },
  User: {
    prefix: "005",
    writable: false,
    fields: `Username string:80
FirstName string:40
LastName string:80
Name string:121 readonly
Email email
Alias string:8
Title string:80
Phone phone
UserType picklist:40
ProfileId string:18
TimeZoneSidKey string:40
IsActive boolean`,
  },
  Group: {
    prefix: "00G",
    writable: false,
    fields: `Name string:40
DeveloperName string:80
Type picklist:40
Email email`,
  },
  QueueSobject: {
    prefix: "03g",
    writable: false,
    fields: `QueueId reference to=Group as=Queue children=QueueSobjects
SobjectType picklist:40`,
  },
  LeadStatus: {
    prefix: "01J",
    plural: "Lead Statuses",
    writable: false,
    fields: `MasterLabel string:255
ApiName string:255
SortOrder int
IsDefault boolean
IsConverted boolean`,
  },
  Organization: {
    prefix: "00D",
    writable: false,
    fields: `Name string:80
OrganizationType picklist:40
InstanceName string:40
IsSandbox boolean
NamespacePrefix string:15
TimeZoneSidKey string:40
DefaultLocaleSidKey string:40`,
  },
};

function parseField(line: string): Field {
  const [name = "", typed = "", ...flags] = line.trim().split(" ");
  const [type = "", length] = typed.split(":");
  const facts: Partial<Field> = length === undefined ? {} : { length: Number(length) };
  for (const flag of flags) {
    const [key = "", value = ""] = flag.split("=");
    // Underscores stand for spaces within one flag.
    const words = value.replace(/_/g, " ");
    if (key === "required") facts.required = true;
    else if (key === "readonly") Object.assign(facts, { createable: false, updateable: false });
    else if (key === "createonly") facts.updateable = false;
    else if (key === "cascade") facts.cascade = true;
    else if (key === "default") facts.default = type === "boolean" ? value === "true" : words;
    else if (key === "values") facts.picklist = words.split("|").map((v) => ({ value: v, label: v, isDefault: false }));
    else if (key === "to") facts.referenceTo = value.split("|");
    else if (key === "as") facts.relationshipName = value;
    else if (key === "children") facts.childRelationship = value;
    else throw new Error(`Unknown flag '${flag}' of field ${name}.`);
  }
  const made = field(name, type as FieldType, facts);
  for (const entry of made.picklist) entry.isDefault = entry.value === made.default;
  return made;
}

/** Fresh definitions: the package adds its fields to them. */
export function standardObjects(): SObject[] {
  return Object.entries(definitions).map(([name, given]) => ({
    name,
    label: name.replace(/([a-z])([A-Z])/g, "$1 $2"),
    labelPlural: given.plural ?? `${name.replace(/([a-z])([A-Z])/g, "$1 $2")}s`,
    keyPrefix: given.prefix,
    kind: "standard",
    writable: given.writable ?? true,
    mergeable: given.mergeable ?? false,
    fields: fieldMap([...systemFields(given.owned ?? []), ...given.fields.split("\n").map(parseField)]),
  }));
}
