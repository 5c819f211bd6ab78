/** Tells whether two requests ask for the same thing, whatever the order of their fields. Pure. */
import { createHash } from "node:crypto";

/** JSON with the keys of every object in one order and without spaces. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((v) => canonicalJson(v)).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  // By code unit, as every runtime orders them; a locale would differ between machines.
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(",")}}`;
}

/** SHA-256, hex, of what a request asks for. */
export const fingerprintOf = (asked: {
  body: unknown;
  params: unknown;
  query: unknown;
  orgId: string | null;
}): string => createHash("sha256").update(canonicalJson(asked)).digest("hex");
