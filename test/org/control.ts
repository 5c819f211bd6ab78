/**
 * The org's other side, for tests and demos: people's edits, the ledger, counters, clock, rules and faults. The HTTP
 * form (control-http.ts) calls these same functions.
 */
import type { Bus, StoredEvent } from "./cometd/bus.ts";
import type { QueryJobs } from "./bulk/query-jobs.ts";
import type { CometD } from "./cometd/endpoint.ts";
import { deleteRow, fieldOf, insertRow, undeleteRow, updateRow } from "./engine/dml.ts";
import { normaliseId } from "./engine/ids.ts";
import type { LedgerEntry, Org } from "./engine/org.ts";
import type { DuplicateRule, FieldCheck, Mirror, Rules, ValidationRule } from "./engine/rules.ts";
import { validationOf } from "./engine/rules.ts";
import type { Field, Row, Value } from "./engine/schema.ts";
import { field as makeField } from "./engine/schema.ts";
import type { Transaction } from "./engine/transaction.ts";
import type { Faults } from "./faults.ts";
import type { OAuth } from "./oauth.ts";
import type { Cursors } from "./rest/cursors.ts";
import type { Seeded } from "./seed.ts";
import { createQueue, createUser } from "./seed.ts";
import type { ApiUsage } from "./usage.ts";
import type { Webhook, WebhookReport, WebhookTarget } from "./webhook.ts";

export type Input = Record<string, unknown>;
export interface EditOptions {
  /** Tick "Assign using active assignment rule", which people rarely do. */
  assign?: boolean;
}

/** Somebody working in the UI: the same engine as the API, alerts clicked away. */
export interface Person {
  create(object: string, rows: readonly Input[], options?: EditOptions): string[];
  /** Each row with its Id. */
  update(object: string, rows: readonly Input[], options?: EditOptions): void;
  delete(object: string, ids: readonly string[]): void;
  undelete(object: string, ids: readonly string[]): void;
}
/** A transaction that commits when told to, with the SystemModstamp of its beginning. */
export interface OpenTransaction extends Person {
  commit(): void;
  rollback(): void;
}

/** What the control API works on. */
export interface Parts {
  org: Org;
  seeded: Seeded;
  oauth: OAuth;
  usage: ApiUsage;
  cursors: Cursors;
  jobs: QueryJobs;
  bus: Bus;
  faults: Faults;
  webhook: Webhook;
  cometd: CometD;
}

export class Control {
  readonly faults: Faults;
  readonly bus: Bus;
  /** The streaming endpoint: `begin` and `end` its troubles, its limits, its old wording. */
  readonly stream: CometD;
  /** Bulk query jobs: page size, jobs that fail or stay where they are. */
  readonly jobs: QueryJobs;
  readonly usage: ApiUsage;
  readonly users: Seeded;
  readonly #parts: Parts;
  constructor(parts: Parts) {
    this.#parts = parts;
    this.faults = parts.faults;
    this.bus = parts.bus;
    this.stream = parts.cometd;
    this.jobs = parts.jobs;
    this.usage = parts.usage;
    this.users = parts.seeded;
  }
  get #org(): Org {
    return this.#parts.org;
  }

  /** Edits as that user (default: a sales rep), one transaction a call; a refusal is thrown as a PlatformError. */
  as(userId: string = this.users.repUserId): Person {
    return editing((work) => this.#org.transact(userId, work));
  }
  /** Edits that stay invisible until `commit`, however much later. Their rows are locked meanwhile. */
  begin(userId: string = this.users.repUserId): OpenTransaction {
    const tx = this.#org.begin(userId);
    return {
      ...editing((work) => tx.attempt(() => work(tx))),
      commit: () => tx.commit(),
      rollback: () => tx.rollback(),
    };
  }

  /** Locks rows as somebody else's transaction does, until the function it answers with is called. */
  lock(ids: readonly string[], userId: string = this.users.repUserId): () => void {
    const tx = this.#org.begin(userId);
    for (const id of ids) tx.lock(idOf(id));
    return () => tx.rollback();
  }
  /** How long calls wait for a locked row (the platform: 10,000); 0, the default: refused at once. */
  setLockWait(ms: number): void {
    this.#org.locks.waitMs = ms;
  }
  /** Calls that wait for a locked row now. */
  waitingForLocks(): number {
    return this.#org.locks.waiting;
  }
  /** Refuses single rows by a platform code, in the middle of whatever call saves them; null ends it. */
  setRowFault(fault: Rules["rowFault"]): void {
    this.#org.rules.rowFault = fault;
  }
  /** Deleted records are gone for good; only `deleted` still tells of them. */
  emptyRecycleBin(object: string): string[] {
    const { schema, rows, purged } = this.#org;
    const gone = this.records(object, { IsDeleted: true });
    for (const row of gone) {
      purged.push({ object, id: String(row.Id), deletedDate: String(row.SystemModstamp) });
      rows.remove(schema.get(object), String(row.Id));
    }
    return gone.map((row) => String(row.Id));
  }

  /** The raw row, deleted or not; undefined when there never was one. */
  record(id: string): Row | undefined {
    const full = normaliseId(id);
    const object = full === undefined ? undefined : this.#org.schema.ofId(full);
    return object && full !== undefined ? this.#org.rows.get(object, full) : undefined;
  }
  records(object: string, where: Record<string, Value> | ((row: Row) => boolean) = {}): Row[] {
    const keep =
      typeof where === "function" ? where : (row: Row) => Object.entries(where).every(([name, v]) => row[name] === v);
    return [...this.#org.rows.scan(this.#org.schema.get(object))].filter(keep);
  }

  /** Every applied effect, oldest first; after entry `since` when given. */
  ledger(since = 0): LedgerEntry[] {
    return this.#org.ledger.filter((entry) => entry.n > since);
  }
  calls(): { total: number; byKind: Record<string, number> } {
    return this.usage.report();
  }
  resetCalls(): void {
    this.usage.reset();
  }
  /** Published platform events, as long as they are kept. */
  events(): StoredEvent[] {
    return this.bus.published();
  }
  webhook(): WebhookReport {
    return this.#parts.webhook.report();
  }
  aimWebhook(target: WebhookTarget | undefined): void {
    this.#parts.webhook.aim(target);
  }
  webhookIdle(): Promise<void> {
    return this.#parts.webhook.idle();
  }

  now(): number {
    return this.#org.clock.now();
  }
  /** Moves the org's clock, when it is one that can be moved. */
  async advance(ms: number): Promise<void> {
    const clock = this.#org.clock as { advance?: (ms: number) => Promise<void> };
    if (!clock.advance) throw new Error("This org runs on the system clock, which cannot be advanced.");
    await clock.advance(ms);
  }

  createUser(user: { name: string; active?: boolean }): string {
    return createUser(this.#org, user);
  }
  setUserActive(userId: string, active: boolean): void {
    const { org } = this.#parts;
    org.transact(this.users.adminUserId, (tx) =>
      updateRow(tx, org.schema.get("User"), userId, {}, { system: { IsActive: active }, silent: true }),
    );
  }
  createQueue(queue: { name: string; objects?: string[] }): string {
    return createQueue(this.#org, queue);
  }
  grant(userId: string, permission: string): void {
    this.#org.permissions.set(userId, new Set([...(this.#org.permissions.get(userId) ?? []), permission]));
  }
  /** A custom field of the customer's own. Rows that exist have it empty. */
  addCustomField(object: string, name: string, facts: Partial<Field> & { type: Field["type"] }): void {
    this.#org.schema.get(object).fields.set(name.toLowerCase(), makeField(name, facts.type, facts));
  }
  mapLeadField(leadField: string, target: string): void {
    this.#org.leadFieldMap.set(leadField, target);
  }

  setValidationRule(object: string, rule: ValidationRule | FieldCheck | null): void {
    const { validation } = this.#org.rules;
    if (rule === null) validation.delete(object);
    else
      validation.set(object, [
        ...(validation.get(object) ?? []),
        typeof rule === "function" ? rule : validationOf(rule),
      ]);
  }
  setDuplicateRule(rule: DuplicateRule | null): void {
    if (rule === null) this.#org.rules.duplicates = [];
    else this.#org.rules.duplicates.push(rule);
  }
  /** The active assignment rule gives every record it looks at to this owner; null: none is active. */
  setAssignmentRule(object: string, ownerId: string | null): void {
    if (ownerId === null) this.#org.rules.assignment.delete(object);
    else this.#org.rules.assignment.set(object, ownerId);
  }

  /** A customer's own trigger on any field; null: the object has none. */
  setMirrorTrigger(object: string, mirror: Mirror | null): void {
    const { mirrors } = this.#org.rules;
    if (mirror === null) return void mirrors.delete(object);
    const known = this.#org.schema.get(object);
    const name = (given: string): string => fieldOf(known, given).name;
    const added = { ...mirror, from: name(mirror.from), to: name(mirror.to) };
    mirrors.set(object, [...(mirrors.get(object) ?? []), added]);
  }
  /** Queries on the object that would read more rows than this time out; null: none does. */
  setQueryLimit(object: string, rows: number | null): void {
    if (rows === null) this.#org.queryLimits.delete(object);
    else this.#org.queryLimits.set(object, rows);
  }

  /** A refresh token, as a user's authorisation in the browser ends with; rotated at each use. */
  mintRefreshToken(userId?: string): string {
    return this.#parts.oauth.mintRefreshToken(userId);
  }
  /** On (the default), every refresh ends the token it was asked with. */
  setRefreshRotation(on: boolean): void {
    this.#parts.oauth.rotateRefreshTokens = on;
  }
  /** One token, or all. Held stream connects learn of it at once. */
  revokeToken(token?: string): void {
    this.#parts.oauth.revoke(token);
  }
  /** All sessions have timed out. */
  expireTokens(): void {
    this.#parts.oauth.expire();
  }
  setSessionTimeout(ms: number): void {
    this.#parts.oauth.timeoutMs = ms;
  }
  setPageSize(rows: number): void {
    this.#parts.cursors.batchSize = rows;
  }
  /** Calls others have made today, and how many are allowed. */
  setApiUsage(given: { used?: number; limit?: number }): void {
    if (given.limit !== undefined) this.usage.limit = given.limit;
    if (given.used !== undefined) this.usage.add(given.used - this.usage.used());
  }
  /** CometD sessions the server knows, and how many have a connect waiting. */
  streamClients(): { known: number; held: number } {
    return this.#parts.cometd.clients();
  }
  /** The server no longer knows any CometD client: 403::Unknown client. */
  forgetStreamClients(): void {
    this.#parts.cometd.forgetAll();
  }
}

function editing(run: <T>(work: (tx: Transaction) => T) => T): Person {
  const save = (options: EditOptions | undefined) => ({ assign: options?.assign ?? false, allowDuplicates: true });
  return {
    create: (object, rows, options) =>
      run((tx) => rows.map((row) => String(insertRow(tx, tx.org.schema.get(object), row, save(options)).Id))),
    update: (object, rows, options) =>
      run((tx) => {
        for (const { Id, ...fields } of rows) updateRow(tx, tx.org.schema.get(object), idOf(Id), fields, save(options));
      }),
    delete: (object, ids) =>
      run((tx) => {
        for (const id of ids) deleteRow(tx, tx.org.schema.get(object), idOf(id));
      }),
    undelete: (object, ids) =>
      run((tx) => {
        for (const id of ids) undeleteRow(tx, tx.org.schema.get(object), idOf(id));
      }),
  };
}
const idOf = (given: unknown): string => normaliseId(String(given)) ?? String(given);
