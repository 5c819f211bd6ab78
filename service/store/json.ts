/** The shapes kept in JSON columns. Types only: pure files may import them. */

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** A queue row's own data; small, since the truth lives in the tables the job is about. */
export type JobPayload = JsonObject;

/** The watched and match fields of a record, by API name, as text (null when empty). */
export type MirrorFields = Record<string, string | null>;

export type DirectoryFields = Record<string, string>;

export interface PaidLook {
  at: number;
  runId: string;
}

export interface RowError {
  row: number;
  message: string;
}

export interface SkippedMember {
  userId: string;
  name: string | null;
  /** inactive_user | inactive_member | paused | not_in_turn */
  reason: string;
}

/** What `Lantern_Settings__c` and `Lantern_Watch__c` say, read before every paid or irreversible step. */
export interface OrgSettings {
  /** The master switch: off stops all doors. */
  enabled: boolean;
  /** The own switch for convert and merge. */
  convertEnabled: boolean;
  /** Watched field API names by object; an object that is absent is not watched. */
  watch: Record<string, string[]>;
}

export type ConditionOp = "eq" | "ne" | "in" | "contains" | "starts_with" | "gt" | "lt" | "is_null" | "changed";
export interface Condition {
  field: string;
  op: ConditionOp;
  value?: JsonValue;
}
export type When = { all: Condition[] } | { any: Condition[] };

/** simple: any rule suffices · grouped: groups of rules · ai: rules shortlist, a model scores. */
export type MatchRules =
  | { mode: "simple"; by: string[]; threshold?: number }
  | { mode: "grouped"; groups: { all: string[] }[]; any?: boolean; threshold?: number }
  | { mode: "ai"; by?: string[]; groups?: { all: string[] }[]; instructions?: string; threshold?: number };

/** fill_empty never overwrites what is there; the rest decide between the lead's value and the record's. */
export type Survivorship = "fill_empty" | "lead_wins" | "newest" | "longest";

export interface PolicyBody {
  when?: When;
  enrich?: { fields?: string[]; effort?: "low" | "medium" | "high"; overwrite?: boolean };
  match?: {
    /** Rules per object that is searched; `rules` alone serves every object. */
    rules?: MatchRules;
    contact?: MatchRules;
    account?: MatchRules;
    threshold?: number;
    review_threshold?: number;
  };
  on_match?: {
    lead_to_contact?: boolean;
    lead_to_account?: boolean;
    merge?: boolean;
    survivorship?: Survivorship | Record<string, Survivorship>;
  };
  convert?: boolean;
  /** Convert a lead that matched nothing into a new account and contact. Default true where `convert` is. */
  create_if_no_match?: boolean;
  converted_status?: string;
  create_opportunity?: boolean;
  assign?: { matched_owner_first?: boolean; pool?: string };
  /** Automatic paid journeys per record in 24 hours before it is parked as loop_suspected. Default 3. */
  max_paid_looks?: number;
}

export interface FieldEvidence {
  field: string;
  comparator: string;
  similarity: number;
  weight: number;
  candidate: string | null;
  record: string | null;
}

export interface MatchEvidence {
  recordId: string;
  object: string;
  confidence: number;
  rule: string;
  fields: FieldEvidence[];
  explanation: string;
}

export interface ProvidedValue {
  value: string;
  provider: string;
  confidence: number;
  /** ms since 1970 */
  at: number;
  /** hundredths of a credit */
  cost: number;
}

export type EnrichmentAnswer = Record<string, ProvidedValue>;

/** A convert that a caller asked for, with the policies of its request. */
export interface AskedConvert {
  body: PolicyBody;
  /** What the request may cost at most, reserved when it was accepted. */
  reservationId: string | null;
  prices: { convert: number; matching: number; roundRobin: number };
  /** null: the request says nothing of a match, so a match is a duplicate for a person to decide. */
  onContactMatch: "merge_lead_into_contact" | "create_separate_contact" | null;
  onAccountMatch: "attach_to_account" | "create_separate_account" | null;
  createContact: boolean;
  createAccount: boolean;
  dryRun: boolean;
  routeLog: boolean;
  enrichmentDiff: boolean;
  idempotencyKey: string | null;
}

/** What a run has learnt so far, saved with each step; a restart reads it and goes on. */
export interface RunData {
  /** An operator's back-fill: looked at even when nothing changed. */
  forced?: boolean;
  /** A request's own settings, which stand in the policy's place. */
  asked?: AskedConvert;
  /** The record as read at the start: field API name → value. */
  record?: Record<string, JsonValue>;
  /** SystemModstamp (ms) and watched-field hash of that reading. */
  modstamp?: number;
  hash?: string;
  policy?: { name: string; mode: "observe" | "act"; body: PolicyBody };
  enriched?: EnrichmentAnswer;
  /** Values to write back: field API name → value. */
  changes?: Record<string, JsonValue>;
  match?: {
    decision: "match" | "review" | "none";
    contact?: MatchEvidence;
    account?: MatchEvidence;
    candidates: MatchEvidence[];
    /** Two records fit equally well. */
    tie?: boolean;
    reason: string;
  };
  owner?: { id: string; by: "matched_owner" | "turn" | "kept"; pool?: string; sequence?: number; reason: string };
  written?: boolean;
  converted?: { contactId: string | null; accountId: string | null; opportunityId: string | null; adopted: boolean };
  /** Values that the conversion left behind, decided and about to be written: once they are, nothing tells them apart. */
  surviving?: {
    object: "Contact" | "Account";
    id: string;
    /** The fields at hand, as they were. */
    before: Record<string, JsonValue>;
    fields: Record<string, JsonValue>;
  }[];
  reviewId?: string;
  /** What was done, for the caller: in order. */
  actions?: { action: string; object: string; id: string | null; detail: string }[];
  creditsConsumed?: number;
  /** Rows of ours to re-read before closing, so that their hashes are known. */
  touched?: { object: string; id: string }[];
}
