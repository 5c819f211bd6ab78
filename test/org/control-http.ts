/** `/__control/…`: the control API over HTTP, for whoever is not in this process. Not part of any real org. */
import type { JobState } from "./bulk/query-jobs.ts";
import type { StreamTrouble } from "./cometd/troubles.ts";
import type { Control, Input, OpenTransaction } from "./control.ts";
import { PlatformError } from "./engine/errors.ts";
import type { DuplicateRule, FieldCheck } from "./engine/rules.ts";
import type { Value } from "./engine/schema.ts";
import type { Fault } from "./faults.ts";
import type { HttpAnswer, HttpRequest } from "./http.ts";
import type { WebhookTarget } from "./webhook.ts";

type Verb = (control: Control, body: Record<string, unknown>) => unknown;

const reads: Record<string, (control: Control, query: URLSearchParams) => unknown> = {
  ledger: (c, q) => c.ledger(Number(q.get("since") ?? 0)),
  calls: (c) => c.calls(),
  events: (c) => c.events(),
  record: (c, q) => c.record(q.get("id") ?? "") ?? null,
  records: (c, q) => {
    const where = [...q].filter(([name]) => name !== "object");
    return c.records(q.get("object") ?? "", (row) => where.every(([name, value]) => String(row[name]) === value));
  },
  users: (c) => c.users,
  webhook: (c) => c.webhook(),
  "stream-clients": (c) => c.streamClients(),
  now: (c) => ({ now: c.now() }),
};

const user = (body: Record<string, unknown>) => (typeof body.as === "string" ? body.as : undefined);
const rows = (body: Record<string, unknown>) => body.rows as Input[];
const ids = (body: Record<string, unknown>) => body.ids as string[];
const text = (body: Record<string, unknown>, name: string): string => {
  if (typeof body[name] === "string") return body[name];
  throw new Error(`The body needs a text named ${name}.`);
};

/** What is held open between two requests, by the name its caller gave it. */
class Held {
  readonly locks = new Map<string, () => void>();
  readonly open = new Map<string, OpenTransaction>();
  unlock(name: string): void {
    this.locks.get(name)?.();
    this.locks.delete(name);
  }
  transaction(name: string): OpenTransaction {
    const tx = this.open.get(name);
    if (!tx) throw new Error(`No transaction named ${name} is open.`);
    return tx;
  }
}
const heldOf = new WeakMap<Control, Held>();
function heldBy(control: Control): Held {
  const held = heldOf.get(control) ?? new Held();
  heldOf.set(control, held);
  return held;
}

export const verbs: Record<string, Verb> = {
  create: (c, b) => c.as(user(b)).create(text(b, "object"), rows(b), { assign: b.assign === true }),
  update: (c, b) => c.as(user(b)).update(text(b, "object"), rows(b), { assign: b.assign === true }),
  delete: (c, b) => c.as(user(b)).delete(text(b, "object"), ids(b)),
  undelete: (c, b) => c.as(user(b)).undelete(text(b, "object"), ids(b)),
  advance: (c, b) => c.advance(Number(b.ms)),
  "reset-calls": (c) => c.resetCalls(),
  "create-user": (c, b) => c.createUser({ name: text(b, "name"), active: b.active !== false }),
  "set-user-active": (c, b) => c.setUserActive(text(b, "id"), b.active === true),
  "create-queue": (c, b) =>
    c.createQueue({ name: text(b, "name"), ...(Array.isArray(b.objects) ? { objects: b.objects as string[] } : {}) }),
  "validation-rule": (c, b) => c.setValidationRule(text(b, "object"), (b.rule ?? null) as FieldCheck | null),
  "duplicate-rule": (c, b) => c.setDuplicateRule((b.rule ?? null) as DuplicateRule | null),
  "assignment-rule": (c, b) => c.setAssignmentRule(text(b, "object"), (b.ownerId ?? null) as string | null),
  "revoke-token": (c, b) => c.revokeToken(typeof b.token === "string" ? b.token : undefined),
  "expire-tokens": (c) => c.expireTokens(),
  "mint-refresh-token": (c, b) => c.mintRefreshToken(user(b)),
  "refresh-rotation": (c, b) => c.setRefreshRotation(b.on === true),
  "mirror-trigger": (c, b) =>
    c.setMirrorTrigger(
      text(b, "object"),
      b.from === undefined
        ? null
        : {
            from: text(b, "from"),
            to: text(b, "to"),
            ...(typeof b.laterAs === "string" ? { laterAs: b.laterAs } : {}),
          },
    ),
  "query-limit": (c, b) => c.setQueryLimit(text(b, "object"), typeof b.rows === "number" ? b.rows : null),
  "lock-wait": (c, b) => c.setLockWait(Number(b.ms)),
  lock: (c, b) => {
    heldBy(c).unlock(text(b, "name"));
    heldBy(c).locks.set(text(b, "name"), c.lock(ids(b), user(b)));
  },
  unlock: (c, b) => heldBy(c).unlock(text(b, "name")),
  begin: (c, b) => {
    heldBy(c).open.set(text(b, "name"), c.begin(user(b)));
  },
  "in-transaction": (c, b) => {
    const tx = heldBy(c).transaction(text(b, "name"));
    const object = text(b, "object");
    if (Array.isArray(b.create)) return tx.create(object, b.create as Input[]);
    if (Array.isArray(b.update)) return tx.update(object, b.update as Input[]);
    if (Array.isArray(b.delete)) return tx.delete(object, b.delete as string[]);
    throw new Error("The body needs a list named create, update or delete.");
  },
  commit: (c, b) => {
    heldBy(c).transaction(text(b, "name")).commit();
    heldBy(c).open.delete(text(b, "name"));
  },
  "empty-recycle-bin": (c, b) => c.emptyRecycleBin(text(b, "object")),
  "bulk-jobs": (c, b) => {
    if (typeof b.pageSize === "number") c.jobs.pageSize = b.pageSize;
    if (b.stuckAt === null || typeof b.stuckAt === "string") c.jobs.stuckAt = b.stuckAt as JobState | null;
    if (typeof b.fail === "number")
      c.jobs.fail = { times: b.fail, message: typeof b.message === "string" ? b.message : "The query failed." };
  },
  "page-size": (c, b) => c.setPageSize(Number(b.rows)),
  "api-usage": (c, b) => c.setApiUsage(b),
  webhook: (c, b) => c.aimWebhook(typeof b.url === "string" ? (b as unknown as WebhookTarget) : undefined),
  fault: (c, b) => c.faults.add(b as unknown as Fault),
  "clear-faults": (c) => c.faults.clear(),
  release: (c) => c.faults.release(),
  "forget-stream-clients": (c) => c.forgetStreamClients(),
  "expire-replay": (c) => c.bus.expire(),
  "reset-replay": (c) => c.bus.reset(),
  stream: (c, b) => {
    if (typeof b.lose === "number") c.bus.lose = b.lose;
    if (typeof b.duplicate === "number") c.bus.duplicate = b.duplicate;
    if (typeof b.silent === "boolean") c.bus.silent = b.silent;
    if (typeof b.oldWording === "boolean") c.stream.oldWording = b.oldWording;
    if (typeof b.maxClients === "number") c.stream.maxClients = b.maxClients;
    if (typeof b.maxDelivered === "number") c.stream.maxDelivered = b.maxDelivered;
    if (typeof b.begin === "string") c.stream.begin(b.begin as StreamTrouble, b);
    if (b.end !== undefined) c.stream.end(b.end === null ? undefined : (b.end as StreamTrouble));
  },
};

export async function handleControl(control: Control, request: HttpRequest): Promise<HttpAnswer> {
  const name = request.path.slice("/__control/".length);
  const read = request.method === "GET" ? reads[name] : undefined;
  const verb = request.method === "POST" ? verbs[name] : undefined;
  if (!read && !verb)
    return {
      status: 404,
      json: { error: `No control verb ${request.method} ${name}.`, get: Object.keys(reads), post: Object.keys(verbs) },
    };
  try {
    const result = read
      ? read(control, request.query)
      : await verb?.(control, (request.body === "" ? {} : JSON.parse(request.body)) as Record<string, Value>);
    return { status: 200, json: result ?? null };
  } catch (error) {
    const code = error instanceof PlatformError ? error.code : undefined;
    return { status: 400, json: { error: (error as Error).message, ...(code === undefined ? {} : { code }) } };
  }
}
