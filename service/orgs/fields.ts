/** Which fields the service reads of each object. Pure. What is watched is the org's choice (`Lantern_Watch__c`). */

import { mirrorFields } from "../matching/mirror-fields.ts";

/** Watched where the org has no `Lantern_Watch__c` row at all: the same list the package falls back to. */
export const watchedByDefault: Record<string, string[]> = {
  Lead: "FirstName LastName Company Title Email Phone MobilePhone Website Street City State PostalCode Country LeadSource Industry".split(
    " ",
  ),
  Contact:
    "FirstName LastName Title Email Phone MobilePhone AccountId MailingStreet MailingCity MailingState MailingPostalCode MailingCountry".split(
      " ",
    ),
  Account:
    "Name Phone Website Industry NumberOfEmployees BillingStreet BillingCity BillingState BillingPostalCode BillingCountry".split(
      " ",
    ),
  Opportunity: "Name StageName Amount AccountId".split(" "),
};

const always = [
  "Id",
  "OwnerId",
  "CreatedDate",
  "CreatedById",
  "LastModifiedDate",
  "LastModifiedById",
  "SystemModstamp",
  "IsDeleted",
];
const ofObject: Record<string, string[]> = {
  Lead: [
    "IsConverted",
    "ConvertedAccountId",
    "ConvertedContactId",
    "ConvertedOpportunityId",
    "MasterRecordId",
    "Lantern_Run__c",
  ],
  Contact: ["AccountId", "MasterRecordId", "Lantern_Run__c"],
  Account: ["MasterRecordId", "Lantern_Run__c"],
  Opportunity: ["AccountId", "Lantern_Run__c"],
};

/** Everything one reading of a record asks for: system fields, watched ones, match fields, what policies name. */
export function readingFields(object: string, watched: readonly string[], more: readonly string[] = []): string[] {
  return [...new Set([...always, ...(ofObject[object] ?? []), ...watched, ...(mirrorFields[object] ?? []), ...more])];
}
