/** `/__control/…`: the control API over HTTP, for whoever is not in this process. Not part of any real org. */
import type { Control, Input } from "./control.ts";
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
