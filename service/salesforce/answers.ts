/** What an HTTP answer, or the lack of one, means. Pure. */
import type { JsonValue } from "../store/json.ts";
import { classify, sentence, SalesforceError } from "./errors.ts";
import type { ErrorClass, Row, RowFailure } from "./port.ts";
import { findFault } from "./soap.ts";

/** read: may be asked again freely · write: if the answer is lost, nobody knows whether it happened. */
export type Effect = "read" | "write";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** Failures as REST words them: `errorCode` for a call, `statusCode` for a row of a collection, OAuth's own pair. */
export function rowFailures(body: unknown): RowFailure[] {
  return (Array.isArray(body) ? body : [body]).filter(isObject).flatMap((error) => {
    const statusCode = text(error["statusCode"]) ?? text(error["errorCode"]) ?? text(error["error"]);
    if (statusCode === undefined) return [];
    const fields = Array.isArray(error["fields"])
      ? error["fields"].filter((f): f is string => typeof f === "string")
      : [];
    const message = text(error["message"]) ?? text(error["error_description"]) ?? "Salesforce gave no reason.";
    return [{ statusCode: statusCode.replace(/^sf:/, ""), message, fields }];
  });
}

export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

const lostOr = (effect: Effect, otherwise: ErrorClass): ErrorClass => (effect === "write" ? "unknown" : otherwise);

/** A write whose answer was lost; a read that can simply be repeated. */
export function lost(effect: Effect, statusCode: string, what: string, cause?: unknown): SalesforceError {
  const message =
    effect === "write"
      ? `The answer to ${what} was lost, so it may or may not have happened; read the record before trying again.`
      : `Salesforce did not answer ${what}.`;
  return new SalesforceError(lostOr(effect, "transient"), statusCode, message, cause);
}

export interface HttpAnswer {
  status: number;
  body: string;
}

/** The error an answer outside 200–299 stands for. `what` names the call in the message: "the query". */
export function failureOf({ status, body }: HttpAnswer, effect: Effect, what: string): SalesforceError {
  const fault = findFault(body);
  if (fault) return fault;
  const failures = rowFailures(parseJson(body));
  const [first] = failures;
  if (status === 401)
    return new SalesforceError(
      "session",
      first?.statusCode ?? "INVALID_SESSION_ID",
      `Salesforce refused ${what}: its session is not valid.`,
    );
  if (first) {
    const known = classify(first);
    // An unknown code with a 5xx or "too many" status is the server's trouble, not the caller's.
    const kind = known === "permanent" && (status >= 500 || status === 429) ? lostOr(effect, "transient") : known;
    return new SalesforceError(kind, first.statusCode, `Salesforce refused ${what}: ${sentence(failures)}`);
  }
  // From here on the answer is not the platform's: a maintenance page, a proxy, the edge.
  const code = `HTTP_${status}`;
  if (status >= 300 && status < 400)
    return new SalesforceError(
      "transient",
      code,
      `Salesforce answered ${what} with a redirect, which is not followed.`,
    );
  if (status === 420 || status === 429 || status === 503)
    return new SalesforceError("transient", code, `Salesforce is too busy for ${what} (HTTP ${status}).`);
  if (status >= 500) return lost(effect, code, what);
  const html = /^\s*</.test(body);
  return html && status !== 414 && status !== 431 && status !== 410
    ? new SalesforceError("transient", code, `A page instead of data came back for ${what} (HTTP ${status}).`)
    : new SalesforceError("permanent", code, `Salesforce refused ${what} (HTTP ${status}).`);
}

/** JSON of a 2xx answer; a page or cut text is a lost answer. */
export function jsonOf(body: string, effect: Effect, what: string): unknown {
  const parsed = parseJson(body);
  if (parsed === undefined) throw lost(effect, "NOT_JSON", what);
  return parsed;
}

/** A record without its `attributes`, nested ones too. */
export function rowOf(value: unknown): Row {
  if (!isObject(value)) throw new SyntaxError("Expected a record");
  return stripped(value) as Row;
}
function stripped(value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map(stripped);
  if (!isObject(value)) return value as JsonValue;
  return Object.fromEntries(Object.entries(value).flatMap(([k, v]) => (k === "attributes" ? [] : [[k, stripped(v)]])));
}
