/** What a step of a journey is given, and what it gives back. */
import type { Context } from "../context.ts";
import type { Prices } from "../credits/index.ts";
import type { Job } from "../queue/queue.ts";
import type { Cascade } from "../enrichment/index.ts";
import type { OrgConnection } from "../orgs/org.ts";
import type { OrgSettings, RunData } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import type { Policy } from "./policy.ts";
import type { Reading } from "./reading.ts";

export type StepName = "look" | "enrich" | "match" | "own" | "write" | "convert" | "survive" | "close";

export interface JourneyConfig {
  prices: Prices;
  /** Changes within this time after our own write are gathered into one look (ms). */
  quietMs: number;
  /** Automatic paid journeys per record in 24 h, unless its policy says otherwise. */
  maxPaidLooks: number;
  /** A call whose answer may be lost must end well before the worker's lease does (ms). */
  convertTimeoutMs: number;
  leaseMs: number;
}

/** The run at hand. `data` is what earlier steps saved; steps never change it but by what they return. */
export interface Run {
  id: string;
  orgId: string;
  recordId: string;
  object: string;
  step: StepName;
  wantSeq: number;
  requestId: string | null;
  heardBy: string;
  data: RunData;
  startedAt: number;
}

/** The record's own row, read before the step. */
export interface RecordState {
  handledHash: string | null;
  seenModstamp: number | null;
  reservationId: string | null;
  writtenAt: number | null;
  routedAt: number | null;
  paidLooks: { at: number; runId: string }[];
  wantSeq: number;
}

export interface OrgState {
  settings: OrgSettings;
  policies: Policy[];
  connectedAt: number;
  baselineDone: boolean;
}

export interface Journey {
  ctx: Context;
  org: OrgConnection;
  state: OrgState;
  run: Run;
  record: RecordState;
  job: Job;
  config: JourneyConfig;
  cascade: Cascade;
  signal: AbortSignal;
  /** The record as the step just before has read it; not kept, so after a restart it is read again. */
  reading?: Reading;
}

export type RecordChange = Partial<{
  handledHash: string;
  seenModstamp: number;
  reservationId: null | string;
  writtenAt: number;
  routedAt: number;
  paidLooks: { at: number; runId: string }[];
  deletedAt: number;
  successorId: string;
}>;

/** Where the journey goes from here. */
export type Advance =
  | { to: StepName; data?: Partial<RunData>; record?: RecordChange; wantSeq?: number; reading?: Reading }
  | {
      /** The look is over: how it ended, in a stable word, and why, in a sentence. */
      end: string;
      reason: string;
      data?: Partial<RunData>;
      record?: RecordChange;
      wantSeq?: number;
      /** The record must be looked at again (it changed while we worked), not before this time. */
      lookAgainAt?: number;
    };

/**
 * A step reads and talks to the world outside any transaction, then hands over what is to be saved: `commit` runs in one
 * transaction together with the advance of the run and the check of the fence. It may run twice.
 */
export type Commit = (tx: Tx) => Promise<Advance>;
export type Step = (journey: Journey) => Promise<Commit>;
