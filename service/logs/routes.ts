import { z } from "@hono/zod-openapi";
import { Invalid } from "../errors.ts";
import { periodEnd, periodOf, periodStart, route, type Route } from "../http/index.ts";
import { exportLogs } from "./export-logs.ts";
import { fromCursor, logColumns, toCsv, toCursor, toEntry } from "./present.ts";

/** From here on an export counts as large. */
const largeFrom = 5_000;
const objects = ["Lead", "Contact", "Account", "Opportunity"];

const text = z.string().nullable();
const entry = z.object({
  timestamp: z.string(),
  object: z.string(),
  object_id: z.string(),
  action: z.enum(["assign", "convert", "merge", "enrich"]),
  pool: text,
  assigned_to: text,
  prev_owner: text,
  sequence: z.number().int().nullable(),
  reason: z.string(),
  request_id: text,
  idempotency_key: text,
  diff: z.unknown().optional(),
  id: z.string(),
  org_id: z.string(),
  mode: z.enum(["act", "observe"]),
  run_id: text,
  explanation: z.unknown().meta({ description: "The evidence: rule, score, who was skipped and why." }),
});

const exportRouting = route({
  tag: "Logs",
  method: "get",
  path: "/v1/logs/routing",
  scope: "logs",
  limitClass: (query) => (Number(query["limit"]) > largeFrom ? "log_export_large" : "log_export"),
  summary: "Export route logs",
  description:
    "Every owner change, conversion, merge and enrichment of a period, oldest first, and why it happened. More than `limit` entries come in pages: send `next_cursor` (with CSV: the header `X-Next-Cursor`) as `cursor`, everything else unchanged.",
  query: z.strictObject({
    from: periodStart,
    to: periodEnd,
    pool: z.string().min(1).max(200).optional(),
    object: z.string().min(1).max(80).optional(),
    action: z.enum(["assign", "convert", "merge", "enrich"]).optional(),
    format: z.enum(["json", "csv"]).default("json"),
    include_diff: z.enum(["true", "false"]).default("true"),
    limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
    cursor: z.string().max(400).optional(),
  }),
  response: {
    schema: z.object({ count: z.number().int(), next_cursor: z.string().optional(), logs: z.array(entry) }),
    example: {
      success: true,
      count: 1,
      logs: [
        {
          timestamp: "2026-11-23T10:00:04.210Z",
          object: "Lead",
          object_id: "00Q000000000001EAA",
          action: "assign",
          pool: "emea-inbound",
          assigned_to: "005000000000001AAA",
          prev_owner: "005000000000009AAA",
          sequence: 128,
          reason: "Next in turn in emea-inbound: Alice",
          request_id: "req_0mc8y1q2k",
          idempotency_key: null,
          diff: null,
          id: "log_0mc8y1q2k",
          org_id: "00D000000000001EAA",
          mode: "act",
          run_id: null,
          explanation: null,
        },
      ],
    },
    also: { "text/csv": { schema: z.string(), example: `${logColumns.join(",")}\r\n` } },
  },
  idempotent: "none",
  handler: async (ctx, { query }) => {
    const { from, to, pool, action, limit } = query;
    const period = periodOf(from, to);
    if (!period) throw invalid("to", "lies before from");
    const after = query.cursor === undefined ? undefined : fromCursor(query.cursor);
    if (after === null) throw invalid("cursor", "is not a cursor of this export");
    const object = query.object === undefined ? undefined : namedObject(query.object);
    const page = await ctx.store.read((tx) =>
      exportLogs(tx, ctx.tenant, {
        ...period,
        limit,
        ...(ctx.orgId === undefined ? {} : { orgId: ctx.orgId }),
        ...(pool === undefined ? {} : { pool }),
        ...(object === undefined ? {} : { object }),
        ...(action === undefined ? {} : { action }),
        ...(after ? { after } : {}),
      }),
    );
    const logs = page.rows.map((row) => toEntry(row, query.include_diff === "true"));
    const next = page.next && toCursor(page.next);
    if (query.format === "json") return { body: { count: logs.length, ...(next ? { next_cursor: next } : {}), logs } };
    return {
      body: toCsv(logs),
      contentType: "text/csv; charset=utf-8",
      headers: {
        "Content-Disposition": 'attachment; filename="route-logs.csv"',
        ...(next ? { "X-Next-Cursor": next } : {}),
      },
    };
  },
});

/** Object names are accepted in any case; a custom object's name is taken as it is. */
const namedObject = (given: string): string =>
  objects.find((name) => name.toLowerCase() === given.toLowerCase()) ?? given;

const invalid = (field: string, msg: string) =>
  new Invalid(`${field} ${msg}.`, [{ loc: ["query", field], msg, type: "invalid" }]);

export const logRoutes: readonly Route[] = [exportRouting];
