/** Up to 25 requests in one call, later ones referring to earlier answers as `@{name.path}`. */
import { PlatformError, restError } from "../engine/errors.ts";
import type { RestAnswer, RestContext } from "./context.ts";
import { jsonObject } from "./context.ts";

interface Subrequest {
  method: string;
  url: string;
  referenceId: string;
  body: unknown;
  headers: Record<string, string>;
}
interface Subanswer {
  body: unknown;
  httpHeaders: Record<string, string>;
  httpStatusCode: number;
  referenceId: string;
}
/** Handles one subrequest; `kind` tells the limits apart. */
export interface Dispatch {
  kind: (method: string, path: string) => string;
  run: (
    ctx: RestContext,
    request: { method: string; url: string; headers: Record<string, string>; body: unknown },
  ) => RestAnswer;
}

const unsupported = new Set(["accept", "authorization", "content-type"]);

function parse(given: unknown): Subrequest {
  const { method, url, referenceId, body, httpHeaders, ...others } = jsonObject(given);
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new PlatformError("JSON_PARSER_ERROR", `Unrecognized field "${other}" in a composite subrequest`);
  if (typeof method !== "string" || typeof url !== "string" || typeof referenceId !== "string")
    throw new PlatformError("JSON_PARSER_ERROR", "A composite subrequest needs method, url and referenceId.");
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries((httpHeaders ?? {}) as Record<string, unknown>)) {
    if (unsupported.has(name.toLowerCase()))
      throw new PlatformError("INVALID_HTTP_HEADER", `The header ${name} is not allowed in a subrequest.`);
    headers[name.toLowerCase()] = String(value);
  }
  return { method: method.toUpperCase(), url, referenceId, body, headers };
}

export function composite(ctx: RestContext, dispatch: Dispatch): RestAnswer {
  const given = jsonObject(ctx.body);
  if (!Array.isArray(given.compositeRequest))
    throw new PlatformError("JSON_PARSER_ERROR", "The request must hold a list named compositeRequest.");
  const requests = given.compositeRequest.map(parse);
  if (requests.length > 25)
    throw new PlatformError("LIMIT_EXCEEDED", `The number of subrequests cannot exceed 25: found ${requests.length}.`);
  const heavy = requests.filter((r) =>
    /^(query|collections)/.test(dispatch.kind(r.method, r.url.split("?")[0] ?? "")),
  ).length;
  if (heavy > 5)
    throw new PlatformError(
      "LIMIT_EXCEEDED",
      `The number of query and sObject collection subrequests cannot exceed 5: found ${heavy}.`,
    );
  if (new Set(requests.map((r) => r.referenceId)).size !== requests.length)
    throw new PlatformError("JSON_PARSER_ERROR", "Each referenceId may be used once.");
  const tx = given.allOrNone === true ? ctx.org.begin(ctx.userId) : null;
  const answers: Subanswer[] = [];
  try {
    for (const request of requests) {
      const answer = () => run(ctx, dispatch, request, answers, tx);
      answers.push(tx ? answer() : ctx.finished.part(answer));
    }
    const failed = tx !== null && answers.some((a) => a.httpStatusCode >= 400);
    if (failed) {
      tx.rollback();
      return { status: 200, body: { compositeResponse: answers.map(halted) } };
    }
    tx?.commit();
  } catch (error) {
    tx?.rollback();
    throw error;
  }
  return { status: 200, body: { compositeResponse: answers } };
}

function run(
  ctx: RestContext,
  dispatch: Dispatch,
  request: Subrequest,
  before: Subanswer[],
  tx: RestContext["tx"],
): Subanswer {
  const shape = (answer: RestAnswer): Subanswer => ({
    body: answer.body ?? null,
    httpHeaders: answer.headers ?? {},
    httpStatusCode: answer.status,
    referenceId: request.referenceId,
  });
  try {
    const resolved = resolve({ url: request.url, body: request.body }, before) as { url: string; body: unknown };
    return shape(dispatch.run({ ...ctx, tx }, { method: request.method, headers: request.headers, ...resolved }));
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return shape({ status: error.status, body: [restError(error)] });
  }
}

const halted = (answer: Subanswer): Subanswer =>
  answer.httpStatusCode >= 400
    ? answer
    : {
        ...answer,
        httpStatusCode: 400,
        httpHeaders: {},
        body: [
          {
            errorCode: "PROCESSING_HALTED",
            message: "The transaction was rolled back since another operation in the same transaction failed.",
          },
        ],
      };

/** Puts earlier answers in the place of `@{…}`. */
function resolve(value: unknown, answers: Subanswer[]): unknown {
  if (typeof value === "string") return value.replace(/@\{([^}]+)\}/g, (_all, path: string) => lookUp(path, answers));
  if (Array.isArray(value)) return value.map((v) => resolve(v, answers));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolve(v, answers)]));
  return value;
}

function lookUp(path: string, answers: Subanswer[]): string {
  const [name = "", ...steps] = path.replace(/\[(\d+)\]/g, ".$1").split(".");
  const answer = answers.find((a) => a.referenceId === name);
  const invalid = (why: string) => new PlatformError("PROCESSING_HALTED", `Invalid reference specified. ${why}`);
  if (!answer) throw invalid(`No earlier subrequest is named ${name}`);
  let at: unknown = answer.body;
  for (const step of steps)
    at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[step] : undefined;
  if (typeof at === "string") return at;
  if (typeof at === "number" || typeof at === "boolean") return String(at);
  throw invalid(`No value for ${path} found in ${name}`);
}
