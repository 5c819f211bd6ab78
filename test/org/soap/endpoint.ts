/** `/services/Soap/u/{version}`: convertLead and merge. Other operations and headers are refused by name. */
import type { Converted, LeadConvert } from "../engine/convert.ts";
import { convertLead } from "../engine/convert.ts";
import { PlatformError } from "../engine/errors.ts";
import type { Finished } from "../engine/locks.ts";
import type { Merged, MergeRequest } from "../engine/merge.ts";
import { merge } from "../engine/merge.ts";
import type { Org } from "../engine/org.ts";
import type { Transaction } from "../engine/transaction.ts";
import type { HttpAnswer, HttpRequest } from "../http.ts";
import type { ApiUsage } from "../usage.ts";
import type { SoapRequest, Xml } from "./envelope.ts";
import {
  element,
  elements,
  errorElement,
  fault,
  isXml,
  listOf,
  parseEnvelope,
  response,
  SoapFault,
  textOf,
} from "./envelope.ts";

const headersOf: Record<string, string[]> = {
  convertLead: ["SessionHeader", "CallOptions", "AllowFieldTruncationHeader", "DuplicateRuleHeader"],
  merge: ["SessionHeader", "CallOptions", "AllowFieldTruncationHeader", "DuplicateRuleHeader", "AssignmentRuleHeader"],
};

/** What the call is counted and matched as. */
export const soapKind = (body: string): string => {
  try {
    return parseEnvelope(body).operation;
  } catch {
    return "soap";
  }
};

interface SoapContext {
  org: Org;
  usage: ApiUsage;
  user: (token: string | undefined) => string | undefined;
}

export async function handleSoap(ctx: SoapContext, request: HttpRequest): Promise<HttpAnswer> {
  try {
    const text = await ctx.org.locks.around(request.signal, (finished) => answer(ctx, request, finished));
    return { status: 200, text, type: "text/xml; charset=UTF-8" };
  } catch (error) {
    if (error instanceof PlatformError || error instanceof SoapFault)
      return { status: 500, text: fault(error), type: "text/xml; charset=UTF-8" };
    throw error;
  }
}

function answer(ctx: SoapContext, request: HttpRequest, finished: Finished): string {
  const asked = parseEnvelope(request.body);
  const userId = ctx.user(textOf(asked.headers.SessionHeader?.sessionId) ?? undefined);
  if (userId === undefined)
    throw new PlatformError(
      "INVALID_SESSION_ID",
      "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash",
    );
  const version = Number(/\/u\/(\d+\.\d)/.exec(request.path)?.[1]);
  if (!(version >= 31 && version <= Number(ctx.org.apiVersion)))
    throw new PlatformError("UNSUPPORTED_API_VERSION", `Invalid Api version specified on URL: ${request.path}`);
  if (ctx.usage.exhausted()) throw new PlatformError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");
  const allowed = headersOf[asked.operation];
  if (!allowed)
    throw new SoapFault(`No operation available for request {urn:partner.soap.sforce.com}${asked.operation}`);
  for (const name of Object.keys(asked.headers))
    if (!allowed.includes(name)) throw new SoapFault(`The header ${name} is not supported by ${asked.operation}.`);
  const options = {
    allowDuplicates: textOf(asked.headers.DuplicateRuleHeader?.allowSave) === "true",
    truncate: textOf(asked.headers.AllowFieldTruncationHeader?.allowFieldTruncation) === "true",
  };
  const rows =
    asked.operation === "merge"
      ? mergeAll(ctx.org, userId, asked, options, finished)
      : convertAll(ctx.org, userId, asked, options, finished);
  return response(asked.operation, rows, { used: ctx.usage.used(), limit: ctx.usage.limit });
}

interface Options {
  allowDuplicates: boolean;
  truncate: boolean;
}
type Outcome<T> = { ok: T } | { refused: PlatformError };

function tried<T>(work: () => T): Outcome<T> {
  try {
    return { ok: work() };
  } catch (error) {
    if (error instanceof PlatformError) return { refused: error };
    throw error;
  }
}

/** All leads in one transaction; when one fails, each again in its own. */
function convertAll(org: Org, userId: string, asked: SoapRequest, options: Options, finished: Finished): string[] {
  const requests = listOf(asked.arguments.leadConverts).map(readConvert);
  if (requests.length > 100)
    throw new PlatformError(
      "EXCEEDED_LEAD_CONVERT_LIMIT",
      `cannot convert more than 100 leads at once: found ${requests.length}`,
    );
  const one = (tx: Transaction, request: LeadConvert) => convertLead(tx, request, options);
  const together = finished.part(() =>
    tried(() => org.transact(userId, (tx) => requests.map((request) => one(tx, request)))),
  );
  if ("ok" in together) return together.ok.map((c) => convertRow(c.leadId, { ok: c }));
  return requests.map((request) =>
    convertRow(
      request.leadId,
      finished.part(() => tried(() => org.transact(userId, (tx) => one(tx, request)))),
    ),
  );
}

function convertRow(leadId: string, outcome: Outcome<Converted>): string {
  const done = "ok" in outcome ? outcome.ok : null;
  return [
    element("accountId", done?.accountId ?? null),
    element("contactId", done?.contactId ?? null),
    "refused" in outcome ? errorElement(outcome.refused) : "",
    element("leadId", done?.leadId ?? leadId),
    element("opportunityId", done?.opportunityId ?? null),
    element("success", done !== null),
  ].join("");
}

const convertFields = new Set([
  "accountId",
  "contactId",
  "convertedStatus",
  "doNotCreateOpportunity",
  "leadId",
  "opportunityId",
  "opportunityName",
  "overwriteLeadSource",
  "ownerId",
  "sendNotificationEmail",
]);

function readConvert(given: string | Xml): LeadConvert {
  const xml = isXml(given) ? given : {};
  for (const [name] of elements(xml))
    if (!convertFields.has(name)) throw new SoapFault(`The element ${name} is not supported in leadConverts.`);
  const leadId = textOf(xml.leadId);
  return {
    leadId: leadId ?? "",
    convertedStatus: textOf(xml.convertedStatus),
    accountId: textOf(xml.accountId),
    contactId: textOf(xml.contactId),
    ownerId: textOf(xml.ownerId),
    doNotCreateOpportunity: textOf(xml.doNotCreateOpportunity) === "true",
    opportunityName: textOf(xml.opportunityName),
    opportunityId: textOf(xml.opportunityId),
    overwriteLeadSource: textOf(xml.overwriteLeadSource) === "true",
  };
}

/** Each merge is a transaction of its own. */
function mergeAll(org: Org, userId: string, asked: SoapRequest, options: Options, finished: Finished): string[] {
  const requests = listOf(asked.arguments.request ?? asked.arguments.mergeRequests);
  if (requests.length > 200)
    throw new PlatformError("EXCEEDED_ID_LIMIT", `cannot merge more than 200 at once: found ${requests.length}`);
  return requests.map((given) =>
    mergeRow(finished.part(() => tried(() => org.transact(userId, (tx) => merge(tx, readMerge(org, given), options))))),
  );
}

function readMerge(org: Org, given: string | Xml): MergeRequest {
  const xml = isXml(given) ? given : {};
  for (const [name] of elements(xml))
    if (name !== "masterRecord" && name !== "recordToMergeIds")
      throw new SoapFault(`The element ${name} is not supported in a merge request.`);
  const master = isXml(xml.masterRecord) ? xml.masterRecord : {};
  const fields: Record<string, unknown> = {};
  for (const [name, value] of elements(master)) {
    if (name === "type" || name === "Id") continue;
    if (name === "fieldsToNull") for (const field of listOf(value)) fields[textOf(field) ?? ""] = null;
    // An empty or nil element changes nothing: only fieldsToNull empties a field.
    else if (textOf(value) !== null) fields[name] = textOf(value);
  }
  return {
    object: org.schema.get(textOf(master.type) ?? ""),
    masterId: textOf(listOf(master.Id)[0]) ?? "",
    fields,
    loserIds: listOf(xml.recordToMergeIds).map((id) => textOf(id) ?? ""),
  };
}

function mergeRow(outcome: Outcome<Merged>): string {
  if ("refused" in outcome)
    return [errorElement(outcome.refused), element("id", null), element("success", false)].join("");
  const { id, mergedRecordIds, updatedRelatedIds } = outcome.ok;
  return [
    element("id", id),
    ...mergedRecordIds.map((m) => element("mergedRecordIds", m)),
    element("success", true),
    ...updatedRelatedIds.map((r) => element("updatedRelatedIds", r)),
  ].join("");
}
