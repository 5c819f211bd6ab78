import type { Logger } from "pino";
import type { Clock } from "./clock.ts";
import type { Ids } from "./ids.ts";
import type { Store } from "./store/store.ts";

/** Who acts. */
export type Actor =
  | { kind: "key"; keyId: string; mode: "live" | "test"; scopes: readonly string[] }
  | { kind: "job"; job: string }
  | { kind: "door"; door: "stream" | "poll" }
  | { kind: "operator" };

/** What every verb needs to know of the outside; the tenant comes from the key or the job, never from a body. */
export interface Context {
  tenant: number;
  actor: Actor;
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  /** The org this call is bound to, 18 characters. */
  orgId?: string;
  requestId?: string;
  idempotencyKey?: string;
  workflowId?: string;
  workflowRunId?: string;
  /** The caller's own pairs, kept with every ledger entry. */
  custom?: Record<string, string>;
}

/** The parts of a context that outlive one call. */
export type Base = Pick<Context, "store" | "clock" | "ids" | "log">;
