/** Conversions and merges: SOAP bodies sent, their results read. Never repeated here: neither has an idempotency key. */
import { lost } from "./answers.ts";
import { writeInBatches } from "./batches.ts";
import { clientName, type Calls } from "./calls.ts";
import type { CallOptions, LeadConvert, LeadConvertResult, MergeRequest, MergeResult } from "./port.ts";
import { convertLeadBody, envelope, mergeBody, parseConvertLead, parseMerge } from "./soap.ts";

async function soap<T>(
  calls: Calls,
  apiVersion: string,
  kind: string,
  body: string,
  parse: (text: string) => T,
  options?: CallOptions,
): Promise<T> {
  const text = await calls.text(
    {
      kind,
      method: "POST",
      path: `/services/Soap/u/${apiVersion}`,
      effect: "write",
      headers: { "content-type": "text/xml; charset=UTF-8", SOAPAction: '""' },
      body: (accessToken) => envelope(accessToken, clientName, body),
    },
    options,
  );
  try {
    return parse(text);
  } catch (error) {
    // An answer that cannot be read after a call that may have happened.
    throw lost("write", "UNEXPECTED_ANSWER", `the ${kind}`, error);
  }
}

export const convertLeads = (
  calls: Calls,
  apiVersion: string,
  requests: readonly LeadConvert[],
  options?: CallOptions,
): Promise<LeadConvertResult[]> =>
  writeInBatches(requests, 100, (batch) =>
    soap(calls, apiVersion, "convert", convertLeadBody(batch), (text) => parseConvertLead(text, batch), options),
  );

export const merge = (
  calls: Calls,
  apiVersion: string,
  request: MergeRequest,
  options?: CallOptions,
): Promise<MergeResult> =>
  soap(calls, apiVersion, "merge", mergeBody(request), (text) => parseMerge(text, request), options);
