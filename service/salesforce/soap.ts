/**
 * The two things only SOAP does: convertLead and merge. Own envelopes, since order and headers matter: elements in the
 * WSDL's order, no DuplicateRuleHeader (a duplicate is for a person or a policy to decide, never saved past the rule)
 * and no AllowFieldTruncation. Pure.
 */
import type { JsonValue } from "../store/json.ts";
import { classify, SalesforceError } from "./errors.ts";
import { findId, getId } from "./ids.ts";
import type { LeadConvert, LeadConvertResult, MergeRequest, MergeResult, RowFailure } from "./port.ts";
import { checkedName } from "./soql.ts";
import { child, childrenNamed, childText, escapeXml, parseXml, type XmlElement } from "./xml.ts";

const element = (name: string, value: string): string => `<${name}>${escapeXml(value)}</${name}>`;

/** One default namespace for header and body alike, as the platform's own older toolkits send it. */
export function envelope(accessToken: string, client: string, body: string): string {
  const ns = 'xmlns="urn:partner.soap.sforce.com"';
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
    `<soapenv:Header ${ns}><SessionHeader>${element("sessionId", accessToken)}</SessionHeader>` +
    `<CallOptions>${element("client", client)}</CallOptions></soapenv:Header>` +
    `<soapenv:Body ${ns}>${body}</soapenv:Body></soapenv:Envelope>`
  );
}

/** `convertLead` for at most 100 leads. */
export function convertLeadBody(requests: readonly LeadConvert[]): string {
  const rows = requests.map((request) => {
    const parts: [string, string | undefined][] = [
      ["accountId", request.accountId && getId(request.accountId)],
      ["contactId", request.contactId && getId(request.contactId)],
      ["convertedStatus", request.convertedStatus],
      ["doNotCreateOpportunity", String(request.doNotCreateOpportunity)],
      ["leadId", getId(request.leadId)],
      // The platform refuses a name together with doNotCreateOpportunity; its column holds 80 characters.
      ["opportunityName", request.doNotCreateOpportunity ? undefined : request.opportunityName?.slice(0, 80)],
      // Only contacts of our choosing are converted into, so their lead source stays theirs.
      ["overwriteLeadSource", "false"],
      ["ownerId", request.ownerId && getId(request.ownerId)],
      ["sendNotificationEmail", "false"],
    ];
    return `<leadConverts>${parts.map(([name, value]) => (value ? element(name, value) : "")).join("")}</leadConverts>`;
  });
  return `<convertLead>${rows.join("")}</convertLead>`;
}

const fieldText = (name: string, value: JsonValue): string => {
  if (typeof value === "object")
    throw new SalesforceError("permanent", "INVALID_FIELD", `${name} cannot hold a structure.`);
  return String(value);
};

/** `merge` of one master with one or two records of its own type. */
export function mergeBody(request: MergeRequest): string {
  const losers = request.loserIds.map(getId);
  const master = getId(request.masterId);
  if (losers.length < 1 || losers.length > 2 || new Set([master, ...losers]).size !== losers.length + 1)
    throw new SalesforceError(
      "permanent",
      "MERGE_FAILED",
      "A merge takes one or two other records besides the one that stays.",
    );
  const fields = Object.entries(request.fields).map(([name, value]) => [checkedName(name), value] as const);
  // `type` must be the first element; an empty value is said by fieldsToNull, an xsi:nil element is ignored.
  const record =
    element("type", request.object) +
    fields.map(([name, value]) => (value === null || value === "" ? element("fieldsToNull", name) : "")).join("") +
    element("Id", master) +
    fields
      .map(([name, value]) => (value === null || value === "" ? "" : element(name, fieldText(name, value))))
      .join("");
  return `<merge><request><masterRecord>${record}</masterRecord>${losers.map((id) => element("recordToMergeIds", id)).join("")}</request></merge>`;
}

const prefixless = (code: string): string => code.replace(/^\w+:/, "");

/** The fault in an answer, as an error; undefined when there is none or the text is no SOAP answer. */
export function findFault(text: string): SalesforceError | undefined {
  let root: XmlElement;
  try {
    root = parseXml(text);
  } catch {
    return undefined;
  }
  const fault = child(child(root, "Body"), "Fault");
  if (!fault) return undefined;
  const statusCode = prefixless(childText(fault, "faultcode") ?? "UNKNOWN_EXCEPTION");
  const message = childText(fault, "faultstring") ?? "Salesforce gave no reason.";
  // The reason usually begins with its own code; say it once.
  const reason = message.startsWith(`${statusCode}:`) ? message.slice(statusCode.length + 1).trim() : message;
  return new SalesforceError(
    classify({ statusCode, message }),
    statusCode,
    `Salesforce refused the call: ${statusCode}: ${reason}`,
  );
}

/** The result rows of an answer without a fault. Throws `SyntaxError` when the text is no such answer. */
function resultRows(text: string, method: string): XmlElement[] {
  const response = child(child(parseXml(text), "Body"), `${method}Response`);
  if (!response) throw new SyntaxError(`The answer holds no ${method}Response`);
  return childrenNamed(response, "result");
}

const rowErrors = (row: XmlElement): RowFailure[] =>
  childrenNamed(row, "errors").map((error) => ({
    statusCode: prefixless(childText(error, "statusCode") ?? "UNKNOWN_EXCEPTION"),
    message: childText(error, "message") ?? "Salesforce gave no reason.",
    fields: childrenNamed(error, "fields").map((field) => field.text),
  }));

const rowId = (row: XmlElement, name: string): string | null => {
  const text = childText(row, name);
  return text === null ? null : (findId(text) ?? text);
};

/** One result a lead, in the order asked. Throws `SyntaxError` when rows are missing: then nobody knows what happened. */
export function parseConvertLead(text: string, requests: readonly LeadConvert[]): LeadConvertResult[] {
  const rows = resultRows(text, "convertLead");
  if (rows.length !== requests.length) throw new SyntaxError(`${rows.length} results for ${requests.length} leads`);
  return rows.map((row, i): LeadConvertResult => {
    const leadId = getId(requests[i]?.leadId ?? "");
    if (childText(row, "success") !== "true") return { ok: false, leadId, errors: rowErrors(row) };
    const [accountId, contactId] = [rowId(row, "accountId"), rowId(row, "contactId")];
    if (accountId === null || contactId === null)
      throw new SyntaxError("A converted lead came back without its records");
    return { ok: true, leadId, accountId, contactId, opportunityId: rowId(row, "opportunityId") };
  });
}

/** Throws `SyntaxError` when there is not exactly one result. */
export function parseMerge(text: string, request: MergeRequest): MergeResult {
  const [row, ...more] = resultRows(text, "merge");
  if (!row || more.length > 0) throw new SyntaxError("A merge came back without its one result");
  const masterId = getId(request.masterId);
  if (childText(row, "success") !== "true") return { ok: false, masterId, errors: rowErrors(row) };
  const ids = (name: string) => childrenNamed(row, name).map((e) => findId(e.text) ?? e.text);
  return { ok: true, masterId, mergedIds: ids("mergedRecordIds"), updatedRelatedIds: ids("updatedRelatedIds") };
}
