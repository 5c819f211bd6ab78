/**
 * The fingerprint of a record's watched fields: a short hash per field, so that two fingerprints tell *which* fields
 * differ, and a field that is watched only since yesterday makes no record look changed. Pure.
 */
import { createHash } from "node:crypto";
import type { RowValue } from "../salesforce/port.ts";

/** 36 bits a field: a change is missed once in some 69 thousand million. */
const hashOf = (value: RowValue): string =>
  createHash("sha256")
    .update(JSON.stringify(value ?? null))
    .digest("base64url")
    .slice(0, 6);

/** An empty text is what Salesforce stores as null. */
const stored = (value: RowValue): RowValue => (value === "" || value === undefined ? null : value);

export function fingerprint(row: Record<string, RowValue>, watched: readonly string[]): string {
  return JSON.stringify(Object.fromEntries([...watched].sort().map((field) => [field, hashOf(stored(row[field]))])));
}

/** The watched fields that differ; a field only one of the two knows does not count. */
export function changedFields(before: string, after: string): string[] {
  const was = JSON.parse(before) as Record<string, string>;
  const is = JSON.parse(after) as Record<string, string>;
  return Object.keys(is).filter((field) => was[field] !== undefined && was[field] !== is[field]);
}

export const sameVersion = (before: string, after: string): boolean => changedFields(before, after).length === 0;

/** A short stable hash of what was asked of providers, for `charge:enrich:{org}:{record}:{hash}`. */
export const inputHash = (input: unknown): string =>
  createHash("sha256").update(JSON.stringify(input)).digest("base64url").slice(0, 22);
