/**
 * Writing over REST. Every request says `Sforce-Auto-Assign: FALSE`: without it Salesforce runs the org's own assignment
 * rules on creates and updates alike and takes the record from the owner just chosen.
 */
import { z } from "zod";
import type { JsonValue } from "../store/json.ts";
import { rowFailures } from "./answers.ts";
import { writeInBatches } from "./batches.ts";
import type { Calls } from "./calls.ts";
import { SalesforceError } from "./errors.ts";
import { findId, getId } from "./ids.ts";
import type { CallOptions, ConditionalResult, ConditionalUpdate, RowFailure, RowResult } from "./port.ts";
import { CompositeAnswer, shaped } from "./shapes.ts";
import { checkedName } from "./soql.ts";

const withoutAssignment = { "Sforce-Auto-Assign": "FALSE" };

const checkedFields = (fields: Record<string, JsonValue>): Record<string, JsonValue> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [checkedName(name), value]));

const orUnnamed = (errors: RowFailure[], statusCode: string): RowFailure[] =>
  errors.length ? errors : [{ statusCode, message: "Salesforce gave no reason.", fields: [] }];

/** A date the platform cannot read is a condition it does not check: the write would overwrite whatever is there. */
function httpDate({ id, unmodifiedSince }: ConditionalUpdate): string {
  const date = new Date(unmodifiedSince);
  if (Number.isNaN(date.getTime()))
    throw new SalesforceError(
      "permanent",
      "INVALID_DATE",
      `The write of ${id} does not say which version it is about.`,
    );
  return date.toUTCString();
}

/**
 * Conditional writes, 25 a call. The condition is as fine as the platform's clock: a change within the same second as
 * the version read is not noticed.
 */
export async function updateIfUnmodified(
  calls: Calls,
  apiVersion: string,
  updates: readonly ConditionalUpdate[],
  options?: CallOptions,
): Promise<ConditionalResult[]> {
  const requests = updates.map((update) => ({
    method: "PATCH",
    url: `/services/data/v${apiVersion}/sobjects/${checkedName(update.object)}/${getId(update.id)}`,
    httpHeaders: { "If-Unmodified-Since": httpDate(update), ...withoutAssignment },
    body: checkedFields(update.fields),
  }));
  return writeInBatches(requests, 25, async (batch) => {
    const body = JSON.stringify({
      allOrNone: false,
      compositeRequest: batch.map((request, i) => ({ ...request, referenceId: `u${i}` })),
    });
    const answer = await calls.json(
      { kind: "update", method: "POST", path: "/composite", effect: "write", body, headers: withoutAssignment },
      options,
    );
    return shaped(CompositeAnswer(batch.length), answer, "write", "the update").compositeResponse.map(
      (part): ConditionalResult => {
        if (part.httpStatusCode >= 200 && part.httpStatusCode < 300) return { status: "written" };
        if (part.httpStatusCode === 412) return { status: "moved" };
        return { status: "failed", errors: orUnnamed(rowFailures(part.body), `HTTP_${part.httpStatusCode}`) };
      },
    );
  });
}

const SaveRows = (count: number) =>
  z
    .array(z.object({ success: z.boolean(), id: z.string().nullish(), errors: z.array(z.unknown()).default([]) }))
    .length(count);

export async function create(
  calls: Calls,
  object: string,
  rows: readonly Record<string, JsonValue>[],
  options?: CallOptions,
): Promise<RowResult[]> {
  const type = checkedName(object);
  return writeInBatches(rows, 200, async (batch) => {
    const body = JSON.stringify({
      allOrNone: false,
      records: batch.map((row) => ({ attributes: { type }, ...checkedFields(row) })),
    });
    const answer = await calls.json(
      {
        kind: "create",
        method: "POST",
        path: "/composite/sobjects",
        effect: "write",
        body,
        headers: withoutAssignment,
      },
      options,
    );
    return shaped(SaveRows(batch.length), answer, "write", "the new records").map((row): RowResult => {
      if (row.success && row.id) return { ok: true, id: findId(row.id) ?? row.id };
      return { ok: false, id: row.id ?? null, errors: orUnnamed(rowFailures(row.errors), "UNKNOWN_EXCEPTION") };
    });
  });
}
