/**
 * The one table from an error's code to an HTTP status, and the one shape of an error body. Pure. What is not in the
 * table is a defect: 500, logged, and its message stays inside.
 */
import {
  Conflict,
  CreditsShort,
  Invalid,
  LanternError,
  NotFound,
  Unavailable,
  type ErrorFacts,
  type FieldProblem,
} from "../errors.ts";

export type ErrorStatus = 400 | 401 | 402 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 503;

const statusByCode: Record<string, ErrorStatus> = {
  malformed_json: 400,
  bad_id: 400,
  unauthenticated: 401,
  credits_short: 402,
  missing_scope: 403,
  test_key: 403,
  wrong_org: 403,
  not_found: 404,
  method_not_allowed: 405,
  salesforce_follow: 409,
  salesforce_redecide: 409,
  salesforce_permanent: 409,
  too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  lost_lease: 503,
  store_closed: 503,
  salesforce_session: 503,
  salesforce_transient: 503,
  salesforce_quota: 503,
  salesforce_unknown: 503,
};

/** The status of anything that was thrown; 500 for what nobody foresaw. */
export function statusOf(error: unknown): ErrorStatus {
  if (!(error instanceof LanternError)) return databaseIsDown(error) ? 503 : 500;
  const listed = statusByCode[error.code];
  if (listed) return listed;
  if (error instanceof NotFound) return 404;
  if (error instanceof Invalid) return 422;
  if (error instanceof Conflict) return 409;
  if (error instanceof CreditsShort) return 402;
  if (error instanceof Unavailable) return 503;
  return 500;
}

export interface ErrorBody {
  success: false;
  error: string;
  details: { code: string } & Record<string, unknown>;
  request_id: string;
  credits_required?: number;
  credits_remaining?: number;
  /** Seconds. */
  retry_after?: number;
  detail?: FieldProblem[];
}

export interface ErrorAnswer {
  status: ErrorStatus;
  headers: Record<string, string>;
  body: ErrorBody;
}

/** What the caller is told of an error. */
export function errorAnswer(error: unknown, requestId: string): ErrorAnswer {
  const status = statusOf(error);
  const { message, facts } = told(error, status, requestId);
  const retryAfter = retryAfterSeconds(error, facts, status);
  const headers: Record<string, string> = {};
  if (retryAfter !== undefined) headers["Retry-After"] = String(retryAfter);
  if (status === 401) headers["WWW-Authenticate"] = 'Bearer realm="Lantern"';
  return {
    status,
    headers,
    body: {
      success: false,
      error: message,
      details: { ...facts.details, code: facts.code },
      request_id: requestId,
      ...(facts.creditsRequired === undefined ? {} : { credits_required: facts.creditsRequired / 100 }),
      ...(facts.creditsRemaining === undefined ? {} : { credits_remaining: facts.creditsRemaining / 100 }),
      ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
      ...(status === 422 ? { detail: facts.fields ?? [] } : {}),
    },
  };
}

function told(error: unknown, status: ErrorStatus, requestId: string): { message: string; facts: ErrorFacts } {
  if (error instanceof LanternError && status !== 500) return error;
  if (status === 503)
    return {
      message: "The database does not answer. Send the request again in a moment.",
      facts: { code: "database_unavailable", retryAfterMs: 2_000 },
    };
  return {
    message: `Something went wrong on our side. Name the request ${requestId} when you ask about it.`,
    facts: { code: "internal" },
  };
}

function retryAfterSeconds(error: unknown, facts: ErrorFacts, status: ErrorStatus): number | undefined {
  const fate = error instanceof LanternError && status === 503 ? error.fate : undefined;
  const ms = facts.retryAfterMs ?? (typeof fate === "object" && fate.afterMs > 0 ? fate.afterMs : undefined);
  return ms === undefined ? undefined : Math.max(1, Math.ceil(ms / 1000));
}

const downCodes = /^(08...|53...|57P..|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|SQLITE_(BUSY|FULL|IOERR).*)$/;

/** The drivers' own words for a database that is away or full; drizzle wraps them in a cause. */
function databaseIsDown(error: unknown): boolean {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    const code = (e as { code?: unknown }).code;
    if (typeof code === "string" && downCodes.test(code)) return true;
  }
  return false;
}
