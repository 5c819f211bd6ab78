/**
 * Salesforce as the rest of the service sees it. One implementation talks to an org (`client.ts`, jsforce); tests run
 * it against the stand-in org. Every call has its own timeout; failures are `SalesforceError`s whose class says what to
 * do. Ids go in and come out with 18 characters; times are milliseconds since 1970.
 */
import type { JsonValue } from "../store/json.ts";

/** A record as REST answers it, without `attributes`; relationship fields are nested rows. */
export type Row = { [field: string]: RowValue };
export type RowValue = JsonValue | Row | undefined;

/**
 * What a failure asks for.
 * session: log in again · transient: again with backoff · quota: wait, write less · follow: the record moved (deleted,
 * merged, converted) · redecide: another owner, a duplicate, a lock by approval · unknown: the answer was lost, read
 * before retrying · permanent: park and show.
 */
export type ErrorClass = "session" | "transient" | "quota" | "follow" | "redecide" | "unknown" | "permanent";

/** One row's failure, as the platform words it. */
export interface RowFailure {
  statusCode: string;
  message: string;
  fields: string[];
}

export type RowResult = { ok: true; id: string } | { ok: false; id: string | null; errors: RowFailure[] };

export interface QueryRequest {
  /** Built by soql.ts; never by string concatenation elsewhere. */
  soql: string;
  /** queryAll: soft-deleted and merged rows too. */
  all?: boolean;
}

export interface QueryPage {
  rows: Row[];
  done: boolean;
  /** Locator path for the next page, when not done. */
  next: string | null;
}

/** Times in ms; the platform ignores their seconds. */
export interface Span {
  from: number;
  to: number;
}
export interface UpdatedIds {
  /** Created or changed in the span and not deleted. */
  ids: string[];
  /** ms: nothing that is committed later can lie before it. Open transactions hold it back, for hours at times. */
  coveredTo: number;
}
export interface DeletedIds {
  /** Also what is gone from the recycle bin. */
  deleted: { id: string; at: number }[];
  coveredTo: number;
}

export interface ConditionalUpdate {
  object: string;
  id: string;
  /** Only the fields to change; null empties. */
  fields: Record<string, JsonValue>;
  /** SystemModstamp (ms) of the version the caller read: the write is refused when the record moved since. */
  unmodifiedSince: number;
}

export type ConditionalResult =
  { status: "written" } | { status: "moved" } | { status: "failed"; errors: RowFailure[] };

/** One lead's conversion; field rules of SOAP convertLead. */
export interface LeadConvert {
  leadId: string;
  convertedStatus: string;
  accountId?: string;
  contactId?: string;
  /** Owner of new records; required when a queue owns the lead. */
  ownerId?: string;
  doNotCreateOpportunity: boolean;
  opportunityName?: string;
}

export type LeadConvertResult =
  | { ok: true; leadId: string; accountId: string; contactId: string; opportunityId: string | null }
  | { ok: false; leadId: string; errors: RowFailure[] };

export interface MergeRequest {
  object: "Lead" | "Contact" | "Account";
  masterId: string;
  /** Values to set on the master. */
  fields: Record<string, JsonValue>;
  /** One or two. */
  loserIds: string[];
}
export type MergeResult =
  | { ok: true; masterId: string; mergedIds: string[]; updatedRelatedIds: string[] }
  | { ok: false; masterId: string; errors: RowFailure[] };

export interface FieldDescribe {
  name: string;
  label: string;
  type: string;
  length: number;
  updateable: boolean;
  createable: boolean;
  custom: boolean;
}
export interface ObjectDescribe {
  name: string;
  keyPrefix: string;
  fields: Map<string, FieldDescribe>;
}

export interface OrgIdentity {
  orgId: string;
  name: string;
  sandbox: boolean;
  userId: string;
  username: string;
  instanceUrl: string;
}

/** ok under 80 % · warned from 80 % · essential from 95 % until it falls under 75 % again. */
export interface ApiBudget {
  used: number;
  limit: number;
  state: "ok" | "warned" | "essential";
}

/** essential: the journey's own calls · deferrable: reconciling, back-fills; refused while the budget is essential. */
export type Urgency = "essential" | "deferrable";
export interface CallOptions {
  urgency?: Urgency;
  signal?: AbortSignal;
  /** For calls whose answer may be lost; must be shorter than the worker's lease. */
  timeoutMs?: number;
}

export interface Salesforce {
  /** A real call: who we are and where. */
  identify(options?: CallOptions): Promise<OrgIdentity>;
  /** Cached for an hour. */
  describe(object: string, options?: CallOptions): Promise<ObjectDescribe>;
  query(request: QueryRequest, options?: CallOptions): Promise<QueryPage>;
  queryMore(next: string, options?: CallOptions): Promise<QueryPage>;
  /** Up to five queries in one call; a failing one fails alone. */
  queries(
    requests: QueryRequest[],
    options?: CallOptions,
  ): Promise<({ ok: true; page: QueryPage } | { ok: false; errors: RowFailure[] })[]>;
  /** Rows that a `SELECT COUNT()` finds (`soql.counting`). */
  count(request: QueryRequest, options?: CallOptions): Promise<number>;
  /** By SystemModstamp; a span of at least a minute, at most 30 days back. */
  updatedIds(object: string, span: Span, options?: CallOptions): Promise<UpdatedIds>;
  /** A span of at least a minute, at most 15 days back. */
  deletedIds(object: string, span: Span, options?: CallOptions): Promise<DeletedIds>;
  /** Rows by id in order, null where there is none (collections of at most 200). */
  retrieve(
    object: string,
    ids: readonly string[],
    fields: readonly string[],
    options?: CallOptions,
  ): Promise<(Row | null)[]>;
  /** Conditional writes, 25 a call, without assignment rules (`Sforce-Auto-Assign: FALSE`); one result a row, in order. */
  updateIfUnmodified(updates: readonly ConditionalUpdate[], options?: CallOptions): Promise<ConditionalResult[]>;
  /** Plain creates (collections of 200, allOrNone false); one result a row. */
  create(object: string, rows: readonly Record<string, JsonValue>[], options?: CallOptions): Promise<RowResult[]>;
  /** At most 100 a call (more are split); one result a lead, in order. */
  convertLeads(requests: readonly LeadConvert[], options?: CallOptions): Promise<LeadConvertResult[]>;
  merge(request: MergeRequest, options?: CallOptions): Promise<MergeResult>;
  budget(): ApiBudget;
  /** The org's clock, from the last answer's Date header; our own until there was one. */
  serverNow(): number;
  /** Calls made since start, by kind: the figures behind "calls a lead". */
  calls(): Record<string, number>;
  /** A fresh access token for the stream; refreshes at most a few times a minute. */
  session(refresh?: boolean): Promise<{ accessToken: string; instanceUrl: string }>;
}

/** What the stream hands over, one event at a time; returns once the event is durable. */
export interface StreamEvent {
  channel: string;
  /** Opaque. */
  replayId: string;
  eventUuid: string | null;
  payload: Row;
}
export type StreamState = "starting" | "live" | "degraded" | "stopped";
export interface StreamReport {
  state: StreamState;
  /** Why it is not live. */
  reason: string | null;
  lastContactAt: number | null;
}
export interface ChangeStream {
  stop(): Promise<void>;
  report(): StreamReport;
}
