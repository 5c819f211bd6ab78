/** What the org itself says has changed or gone within a span, how far that is sure, and how many rows there are. */
import { z } from "zod";
import type { Calls } from "./calls.ts";
import { getId } from "./ids.ts";
import type { CallOptions, DeletedIds, QueryRequest, Span, UpdatedIds } from "./port.ts";
import { queryPath } from "./read.ts";
import { shaped } from "./shapes.ts";
import { checkedName, moment } from "./soql.ts";

/** `2026-11-23T10:00:00.000+0000`, as records have it. */
const Stamp = z.string().transform((text, ctx) => {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  ctx.addIssue({ code: "custom", message: "no date-time" });
  return z.NEVER;
});
const Updated = z.object({ ids: z.array(z.string()), latestDateCovered: Stamp });
const Deleted = z.object({
  deletedRecords: z.array(z.object({ id: z.string(), deletedDate: Stamp })),
  latestDateCovered: Stamp,
});
const Counted = z.object({ totalSize: z.int() });

const pathOf = (object: string, what: "updated" | "deleted", { from, to }: Span): string =>
  `/sobjects/${checkedName(object)}/${what}?start=${encodeURIComponent(moment(from))}&end=${encodeURIComponent(moment(to))}`;

export async function updatedIds(calls: Calls, object: string, span: Span, options?: CallOptions): Promise<UpdatedIds> {
  const path = pathOf(object, "updated", span);
  const answer = await calls.json({ kind: "updated", method: "GET", path, effect: "read" }, options);
  const { ids, latestDateCovered } = shaped(Updated, answer, "read", "the updated ids");
  return { ids: ids.map(getId), coveredTo: latestDateCovered };
}

export async function deletedIds(calls: Calls, object: string, span: Span, options?: CallOptions): Promise<DeletedIds> {
  const path = pathOf(object, "deleted", span);
  const answer = await calls.json({ kind: "deleted", method: "GET", path, effect: "read" }, options);
  const { deletedRecords, latestDateCovered } = shaped(Deleted, answer, "read", "the deleted ids");
  return {
    deleted: deletedRecords.map(({ id, deletedDate }) => ({ id: getId(id), at: deletedDate })),
    coveredTo: latestDateCovered,
  };
}

export async function count(calls: Calls, request: QueryRequest, options?: CallOptions): Promise<number> {
  const answer = await calls.json({ kind: "count", method: "GET", path: queryPath(request), effect: "read" }, options);
  return shaped(Counted, answer, "read", "the count").totalSize;
}
