/** The org: its schema, rows, users, rules, ledger and clock. Everything else works on one of these. */
import type { Clock } from "../../../service/clock.ts";
import { IdMint } from "./ids.ts";
import { Locks } from "./locks.ts";
import type { Rules } from "./rules.ts";
import { noRules } from "./rules.ts";
import { Rows } from "./rows.ts";
import type { Schema } from "./schema.ts";
import type { Effect, PendingEvent } from "./transaction.ts";
import { Transaction } from "./transaction.ts";

export interface LedgerEntry extends Effect {
  n: number;
  /** When it was committed, ms. */
  at: number;
  user: string;
}

export class Org {
  readonly clock: Clock;
  readonly schema: Schema;
  readonly apiVersion: string;
  readonly rows = new Rows();
  readonly ids = new IdMint();
  readonly rules: Rules = noRules();
  readonly ledger: LedgerEntry[] = [];
  readonly locks: Locks;
  /** User id → custom permissions. */
  readonly permissions = new Map<string, Set<string>>();
  /** Children that went with a deleted parent and come back with it. */
  readonly cascaded = new Map<string, { object: string; id: string }[]>();
  readonly autoNumbers = new Map<string, number>();
  /** Map Lead Fields: a lead's custom field → where conversion puts it, as `Contact.Seniority__c`. */
  readonly leadFieldMap = new Map<string, string>();
  /** Transactions begun and not yet ended. */
  readonly open = new Set<Transaction>();
  /** Records gone from the recycle bin: `deleted` still tells of them. */
  readonly purged: { object: string; id: string; deletedDate: string }[] = [];
  /** Object → rows a query on it may read before it times out; none by default. */
  readonly queryLimits = new Map<string, number>();
  id = "";
  #entries = 0;
  /** Run at the end of each transaction, still inside it: the place of triggers. */
  readonly triggers: ((tx: Transaction) => void)[] = [];
  /** Run after each commit, outside it. */
  readonly listeners: ((tx: Transaction) => void)[] = [];
  publish: (events: PendingEvent[], userId: string) => void = () => undefined;

  constructor(given: { clock: Clock; schema: Schema; apiVersion: string }) {
    this.clock = given.clock;
    this.locks = new Locks(given.clock);
    this.schema = given.schema;
    this.apiVersion = given.apiVersion;
  }

  begin(userId: string): Transaction {
    const tx = new Transaction(this, userId);
    this.open.add(tx);
    return tx;
  }
  /** Runs `work` in a transaction of its own: committed when it returns, rolled back when it throws. */
  transact<T>(userId: string, work: (tx: Transaction) => T): T {
    const tx = this.begin(userId);
    try {
      const result = work(tx);
      tx.commit();
      return result;
    } catch (error) {
      tx.rollback();
      throw error;
    }
  }
  /** Forgets all effects so far: what was there before the story began. */
  resetLedger(): void {
    this.ledger.length = 0;
    this.#entries = 0;
  }
  holds(userId: string, permission: string): boolean {
    return this.permissions.get(userId)?.has(permission) ?? false;
  }
  beforeCommit(tx: Transaction): void {
    for (const trigger of this.triggers) trigger(tx);
  }
  afterCommit(tx: Transaction): void {
    const at = this.clock.now();
    for (const effect of tx.effects) this.ledger.push({ n: ++this.#entries, at, user: tx.userId, ...effect });
    if (tx.events.length > 0) this.publish(tx.events, tx.userId);
    for (const listener of this.listeners) listener(tx);
  }
}
