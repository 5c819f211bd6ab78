/**
 * The service's own errors. Each has a stable code; one table maps the code to an HTTP status (http/errors.ts), one
 * to a job's fate (here). The message is a sentence a person can act on: it leaves the service as it is, so it never
 * holds SQL, a stack, a token or another tenant's data.
 */

/**
 * What a worker does with a job that failed so: never again; again with backoff, a few times; patiently, for half a day or
 * so, since it is somebody else's trouble and not the record's; or later, without counting a try.
 */
export type Fate = "never" | "backoff" | "patiently" | { afterMs: number };

export interface ErrorFacts {
  code: string;
  /** Extra machine-readable facts for the error body's `details`. */
  details?: Record<string, unknown>;
  /** Field problems, for 422 answers. */
  fields?: FieldProblem[];
  fate?: Fate;
  retryAfterMs?: number;
  creditsRequired?: number;
  creditsRemaining?: number;
  cause?: unknown;
}

export interface FieldProblem {
  loc: (string | number)[];
  msg: string;
  type: string;
}

export class LanternError extends Error {
  readonly facts: ErrorFacts;
  constructor(message: string, facts: ErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.facts = facts;
  }
  get code(): string {
    return this.facts.code;
  }
  get fate(): Fate {
    return this.facts.fate ?? "never";
  }
}

/** The request names something that is not there, or not this tenant's: both answer alike. */
export class NotFound extends LanternError {
  constructor(message: string, code = "not_found") {
    super(message, { code });
  }
}

export class Invalid extends LanternError {
  constructor(message: string, fields: FieldProblem[], code = "invalid_fields") {
    super(message, { code, fields });
  }
}

export class Conflict extends LanternError {
  constructor(message: string, facts: ErrorFacts) {
    super(message, facts);
  }
}

/** Not enough credits; amounts in hundredths. */
export class CreditsShort extends LanternError {
  constructor(required: number, remaining: number, message?: string) {
    super(
      message ??
        `This needs ${required / 100} credits and ${remaining / 100} are left. Add credits, then send it again.`,
      { code: "credits_short", creditsRequired: required, creditsRemaining: remaining },
    );
  }
}

/** A part this call needs is not configured or is down; the message names it. */
export class Unavailable extends LanternError {
  constructor(message: string, facts: Omit<ErrorFacts, "code"> & { code?: string } = {}) {
    super(message, { fate: "backoff", ...facts, code: facts.code ?? "unavailable" });
  }
}

/** A worker no longer holds what it is working on; whatever it was about to save must not be saved. */
export class LostLease extends LanternError {
  constructor(what: string) {
    super(`The lease on ${what} was lost; whoever holds it now goes on.`, { code: "lost_lease" });
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
