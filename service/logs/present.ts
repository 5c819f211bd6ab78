/** Route-log entries as JSON and as CSV, and the cursor between pages. Pure. */
import { stringify } from "csv-stringify/sync";
import { iso } from "../clock.ts";
import type { LogPosition, LogRow } from "./export-logs.ts";

/** The documented columns, in the documented order. */
export const logColumns = [
  "timestamp",
  "object",
  "object_id",
  "action",
  "pool",
  "assigned_to",
  "prev_owner",
  "sequence",
  "reason",
  "request_id",
  "idempotency_key",
  "diff",
] as const;

export interface LogEntry {
  timestamp: string;
  object: string;
  object_id: string;
  action: string;
  pool: string | null;
  assigned_to: string | null;
  prev_owner: string | null;
  sequence: number | null;
  reason: string;
  request_id: string | null;
  idempotency_key: string | null;
  diff?: unknown;
  id: string;
  org_id: string;
  /** observe: what would have been done, and was not. */
  mode: string;
  run_id: string | null;
  explanation: unknown;
}

export const toEntry = (row: LogRow, withDiff: boolean): LogEntry => ({
  timestamp: iso(row.at),
  object: row.object,
  object_id: row.objectId,
  action: row.action,
  pool: row.pool,
  assigned_to: row.assignedTo,
  prev_owner: row.prevOwner,
  sequence: row.sequence,
  reason: row.reason,
  request_id: row.requestId,
  idempotency_key: row.idempotencyKey,
  ...(withDiff ? { diff: row.diff } : {}),
  id: row.id,
  org_id: row.orgId,
  mode: row.mode,
  run_id: row.runId,
  explanation: row.explanation,
});

/** RFC 4180, CRLF, always with the whole header: without diffs their column is empty. */
export function toCsv(entries: readonly LogEntry[]): string {
  const rows = entries.map((entry) => logColumns.map((column) => guarded(cellOf(entry[column]))));
  return stringify([[...logColumns], ...rows], { record_delimiter: "windows" });
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}

/** A spreadsheet runs a cell that begins so; a leading ' makes it text. */
const guarded = (cell: string): string => (/^[=+\-@\t\r\n\0＝＋－＠]/.test(cell) ? `'${cell}` : cell);

export const toCursor = ({ at, id }: LogPosition): string => Buffer.from(`${at} ${id}`).toString("base64url");

/** The position a cursor stands for; null when it is none of ours. */
export function fromCursor(cursor: string): LogPosition | null {
  const match = /^(\d{1,15}) ([\w-]{1,100})$/.exec(Buffer.from(cursor, "base64url").toString("utf8"));
  const [, at, id] = match ?? [];
  return at === undefined || id === undefined ? null : { at: Number(at), id };
}
