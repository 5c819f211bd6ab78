/** What a source of facts about people and companies is to the cascade. */
import type { Context } from "../context.ts";
import type { Field } from "./fields.ts";
import type { Identity } from "./identity.ts";

export type ProviderContext = Pick<Context, "tenant" | "store" | "clock" | "log"> & {
  /** Aborted when the answer comes too late to count. */
  signal: AbortSignal;
};

export interface FoundValue {
  value: string;
  /** 0 … 1 */
  confidence: number;
}

/** Nothing found, and a doubt between two people, are answers; a failure is thrown. */
export type ProviderAnswer =
  { found: true; values: Partial<Record<Field, FoundValue>> } | { found: false; reason: string };

export interface Provider {
  /** Stable: it names the source of every value it gave. */
  readonly name: string;
  /** Asked in observe mode, too. */
  readonly free: boolean;
  /** Hundredths of a credit for an answer that found something. */
  readonly price: number;
  /** What it may know, by what it is asked about. */
  readonly gives: Readonly<Record<Identity["kind"], readonly Field[]>>;
  /** How long its answers stay fresh (ms); null: they are not kept, asking again costs nothing. */
  readonly keeps: { foundMs: number; noneMs: number } | null;
  readonly timeoutMs: number;
  /** Whether it can be asked by what is known of this identity. */
  needs(identity: Identity): boolean;
  ask(identity: Identity, ctx: ProviderContext): Promise<ProviderAnswer>;
}
