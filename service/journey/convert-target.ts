/** What the lead is converted into, as the org has it at this moment, and the request that says so. */
import { LanternError } from "../errors.ts";
import { mirrorRow } from "../matching/index.ts";
import type { LeadConvert } from "../salesforce/port.ts";
import type { Commit, Journey } from "./journey.ts";
import { convertedStatus } from "./lead-status.ts";
import { textOf } from "../salesforce/values.ts";
import { type Reading } from "./reading.ts";
import type { OpenReview } from "./review.ts";

export type Target =
  | { kind: "into"; accountId?: string; contactId?: string; ownerId?: string }
  | { kind: "review"; review: OpenReview["kind"]; reason: string }
  /** The match vanished meanwhile: match again, without it. */
  | { kind: "gone"; commit: Commit };

export async function findTarget(journey: Journey): Promise<Target> {
  const { run } = journey;
  const contact = run.data.match?.decision === "match" ? run.data.match.contact : undefined;
  const account = run.data.match?.decision === "match" ? run.data.match.account : undefined;
  if (contact) {
    const row = await journey.org.gathered.read("Contact", contact.recordId, [
      "Id",
      "AccountId",
      "OwnerId",
      "IsDeleted",
    ]);
    if (row === null || row["IsDeleted"] === true) return gone(journey, "Contact", contact.recordId);
    const accountId = textOf(row["AccountId"] ?? null);
    if (accountId === null)
      return {
        kind: "review",
        review: "contact_without_account",
        reason: `The matched contact ${contact.recordId} belongs to no account, and Salesforce converts only into a contact that does.`,
      };
    const personal = await refusePerson(journey, accountId);
    return personal ?? into({ accountId, contactId: contact.recordId }, textOf(row["OwnerId"] ?? null));
  }
  if (!account) return { kind: "into" };
  const fields = await accountFields(journey);
  const row = await journey.org.gathered.read("Account", account.recordId, fields);
  if (row === null || row["IsDeleted"] === true) return gone(journey, "Account", account.recordId);
  if (row["IsPersonAccount"] === true) return personAccount(account.recordId);
  return into({ accountId: account.recordId }, textOf(row["OwnerId"] ?? null));
}

const into = (ids: { accountId: string; contactId?: string }, ownerId: string | null): Target => ({
  kind: "into",
  ...ids,
  ...(ownerId === null ? {} : { ownerId }),
});

async function refusePerson(journey: Journey, accountId: string): Promise<Target | null> {
  const row = await journey.org.gathered.read("Account", accountId, await accountFields(journey));
  return row?.["IsPersonAccount"] === true ? personAccount(accountId) : null;
}

const personAccount = (id: string): Target => ({
  kind: "review",
  review: "person_account",
  reason: `The matched account ${id} is a person account, which is never a target of its own accord.`,
});

/** `IsPersonAccount` exists only in orgs that have person accounts. */
async function accountFields({ org }: Journey): Promise<string[]> {
  const described = await org.salesforce.describe("Account");
  return ["Id", "OwnerId", "IsDeleted", ...(described.fields.has("IsPersonAccount") ? ["IsPersonAccount"] : [])];
}

function gone({ run, ctx }: Journey, object: string, id: string): Target {
  const now = ctx.clock.now();
  return {
    kind: "gone",
    commit: async (tx) => {
      await mirrorRow(tx, run.orgId, object, { Id: id, IsDeleted: true }, now);
      return { to: "match" };
    },
  };
}

export async function convertRequest(
  journey: Journey,
  { row }: Reading,
  target: Extract<Target, { kind: "into" }>,
): Promise<LeadConvert> {
  const { run } = journey;
  const body = run.data.policy?.body ?? {};
  const ofQueue = textOf(row["OwnerId"] ?? null)?.startsWith("00G") ?? false;
  const chosen = run.data.owner && run.data.owner.by !== "kept" ? run.data.owner.id : undefined;
  // Existing records keep their owner; a queue's lead needs a user named all the same.
  const ownerId = target.contactId
    ? ofQueue
      ? target.ownerId
      : undefined
    : (chosen ?? (ofQueue ? target.ownerId : undefined));
  if (ofQueue && ownerId === undefined)
    throw new LanternError(
      "A queue owns this lead, and its policy names no one to own what it becomes. Give the policy a pool.",
      {
        code: "owner_needed",
      },
    );
  return {
    leadId: run.recordId,
    convertedStatus: await convertedStatus(journey.org, body.converted_status),
    doNotCreateOpportunity: body.create_opportunity !== true,
    ...(target.accountId === undefined ? {} : { accountId: target.accountId }),
    ...(target.contactId === undefined ? {} : { contactId: target.contactId }),
    ...(ownerId === undefined ? {} : { ownerId }),
  };
}
