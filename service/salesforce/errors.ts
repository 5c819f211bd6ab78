import { LanternError, type Fate } from "../errors.ts";
import type { ErrorClass, RowFailure } from "./port.ts";

const classes: Record<string, ErrorClass> = {};
const put = (kind: ErrorClass, codes: string) => codes.split(" ").forEach((code) => (classes[code] = kind));
put("session", "INVALID_SESSION_ID INVALID_AUTH_HEADER");
put(
  "transient",
  "UNABLE_TO_LOCK_ROW SERVER_UNAVAILABLE QUERY_TIMEOUT REQUEST_RUNNING_TOO_LONG UNKNOWN_EXCEPTION PLATFORM_EVENT_PUBLISHING_UNAVAILABLE",
);
put("quota", "REQUEST_LIMIT_EXCEEDED");
put("follow", "ENTITY_IS_DELETED CANNOT_UPDATE_CONVERTED_LEAD NOT_FOUND INVALID_CROSS_REFERENCE_KEY");
put("redecide", "DUPLICATES_DETECTED DUPLICATE_VALUE INACTIVE_OWNER_OR_USER INVALID_OWNER ENTITY_IS_LOCKED");

/** The class of a platform error code; `CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY` is read for what it wraps. */
export function classify(failure: Pick<RowFailure, "statusCode" | "message">): ErrorClass {
  const code = failure.statusCode.replace(/^sf:/, "");
  if (code === "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    return /UNABLE_TO_LOCK_ROW|LIMIT_EXCEEDED|Too many/i.test(failure.message) ? "transient" : "permanent";
  return classes[code] ?? "permanent";
}

const fates: Record<ErrorClass, Fate> = {
  session: "patiently",
  transient: "patiently",
  quota: { afterMs: 15 * 60_000 },
  follow: { afterMs: 0 },
  redecide: "never",
  unknown: "patiently",
  permanent: "never",
};

/** A call to Salesforce that failed as a whole. */
export class SalesforceError extends LanternError {
  readonly kind: ErrorClass;
  readonly statusCode: string;
  constructor(kind: ErrorClass, statusCode: string, message: string, cause?: unknown) {
    super(message, { code: `salesforce_${kind}`, fate: fates[kind], details: { salesforce_code: statusCode }, cause });
    this.kind = kind;
    this.statusCode = statusCode;
  }
}

export const sentence = (errors: RowFailure[]): string => errors.map((e) => `${e.statusCode}: ${e.message}`).join("; ");
