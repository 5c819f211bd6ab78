/**
 * Bulk API 2.0 query jobs. A job goes on by one state each time somebody looks at it, so that clients meet every state
 * whatever clock they poll by; its rows are those of the moment it completes.
 */
import type { Clock } from "../../../service/clock.ts";
import { PlatformError } from "../engine/errors.ts";
import { IdMint } from "../engine/ids.ts";
import type { Value } from "../engine/schema.ts";
import { stampOf } from "../engine/time.ts";
import { csvPage, delimiters, lineEndings } from "./csv.ts";

export type JobState = "UploadComplete" | "InProgress" | "JobComplete" | "Failed" | "Aborted";

export interface JobRequest {
  operation: "query" | "queryAll";
  object: string;
  columns: string[];
  /** Runs the query; a refusal fails the job. */
  read: () => Value[][];
  columnDelimiter: string;
  lineEnding: string;
  apiVersion: string;
  userId: string;
}
interface Job extends JobRequest {
  id: string;
  state: JobState;
  createdAt: number;
  changedAt: number;
  rows: Value[][];
  errorMessage: string | null;
}
export interface ResultPage {
  csv: string;
  rows: number;
  /** The text `null` on the last page, as the platform has it. */
  locator: string;
}

const keptMs = 7 * 24 * 3_600_000;
const dayMs = 24 * 3_600_000;

export class QueryJobs {
  /** Rows a result page holds unless the caller asks for fewer. */
  pageSize = 50_000;
  /** Jobs allowed in 24 hours. */
  limit = 10_000;
  /** A job that reaches this state stays there. */
  stuckAt: JobState | null = null;
  /** The next so many jobs fail with this message. */
  fail: { times: number; message: string } = { times: 0, message: "" };
  readonly #clock: Clock;
  readonly #mint = new IdMint();
  readonly #jobs = new Map<string, Job>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  create(request: JobRequest): Record<string, unknown> {
    if (this.usedToday() >= this.limit)
      throw new PlatformError("LIMIT_EXCEEDED", "Max bulk v2 query jobs limit per 24 hours exceeded.");
    const now = this.#clock.now();
    const job: Job = {
      ...request,
      id: this.#mint.next("750"),
      state: "UploadComplete",
      createdAt: now,
      changedAt: now,
      rows: [],
      errorMessage: null,
    };
    this.#jobs.set(job.id, job);
    return summary(job);
  }
  usedToday(): number {
    const since = this.#clock.now() - dayMs;
    return [...this.#jobs.values()].filter((job) => job.createdAt > since).length;
  }
  list(): Record<string, unknown>[] {
    return [...this.#jobs.values()].reverse().map(details);
  }
  look(id: string): Record<string, unknown> {
    const job = this.#get(id);
    this.#goOn(job);
    return details(job);
  }
  abort(id: string): Record<string, unknown> {
    const job = this.#get(id);
    if (ended(job)) throw invalidState(`Aborting already ${job.state} Job not allowed.`);
    this.#move(job, "Aborted");
    return details(job);
  }
  remove(id: string): void {
    const job = this.#get(id);
    if (!ended(job)) throw invalidState(`A job in state ${job.state} cannot be deleted.`);
    this.#jobs.delete(id);
  }
  results(id: string, asked: { maxRecords: number | null; locator: string | null }): ResultPage {
    const job = this.#get(id);
    if (job.state !== "JobComplete") throw invalidState(`The job has no results: its state is ${job.state}.`);
    const from = asked.locator === null ? 0 : positionOf(asked.locator, job.rows.length);
    const to = Math.min(job.rows.length, from + Math.min(this.pageSize, asked.maxRecords ?? this.pageSize));
    const rows = job.rows.slice(from, to);
    const form = { delimiter: delimiters[job.columnDelimiter] ?? ",", lineEnding: lineEndings[job.lineEnding] ?? "\n" };
    return {
      csv: csvPage(job.columns, rows, form),
      rows: rows.length,
      locator: to < job.rows.length ? locatorOf(to) : "null",
    };
  }

  #get(id: string): Job {
    const job = this.#jobs.get(id);
    if (!job || this.#clock.now() - job.changedAt > keptMs)
      throw new PlatformError("NOT_FOUND", "The requested resource does not exist");
    return job;
  }
  #move(job: Job, state: JobState): void {
    job.state = state;
    job.changedAt = this.#clock.now();
  }
  #goOn(job: Job): void {
    if (ended(job) || job.state === this.stuckAt) return;
    if (job.state === "UploadComplete") return this.#move(job, "InProgress");
    if (this.fail.times > 0) {
      this.fail.times--;
      job.errorMessage = this.fail.message;
      return this.#move(job, "Failed");
    }
    try {
      job.rows = job.read();
      this.#move(job, "JobComplete");
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      job.errorMessage = `${error.code}: ${error.message}`;
      this.#move(job, "Failed");
    }
  }
}

const ended = (job: Job): boolean => job.state !== "UploadComplete" && job.state !== "InProgress";
const invalidState = (message: string) => new PlatformError("INVALIDJOBSTATE", message);

const locatorOf = (position: number): string => Buffer.from(String(position)).toString("base64url");
function positionOf(locator: string, end: number): number {
  const position = Number(Buffer.from(locator, "base64url").toString());
  if (Number.isSafeInteger(position) && position > 0 && position < end) return position;
  throw new PlatformError("INVALID_QUERY_LOCATOR", `invalid query locator: ${locator}`);
}

const summary = (job: Job): Record<string, unknown> => ({
  id: job.id,
  operation: job.operation,
  object: job.object,
  createdById: job.userId,
  createdDate: stampOf(job.createdAt),
  systemModstamp: stampOf(job.changedAt),
  state: job.state,
  concurrencyMode: "Parallel",
  contentType: "CSV",
  apiVersion: Number(job.apiVersion),
  lineEnding: job.lineEnding,
  columnDelimiter: job.columnDelimiter,
});
const details = (job: Job): Record<string, unknown> => ({
  ...summary(job),
  jobType: "V2Query",
  retries: 0,
  totalProcessingTime: job.changedAt - job.createdAt,
  isPkChunkingSupported: true,
  ...(job.state === "JobComplete" ? { numberRecordsProcessed: job.rows.length } : {}),
  ...(job.errorMessage === null ? {} : { errorMessage: job.errorMessage }),
});
