/** Reads a request's JSON body, with the limits that keep a stranger's body from costing more than it may. */
import { Invalid, LanternError } from "../errors.ts";
import { findJsonProblem } from "./json-rules.ts";

export const defaultMaxBytes = 1024 * 1024;
export const batchMaxBytes = 8 * 1024 * 1024;

/**
 * The parsed body, undefined when there is none.
 * @throws LanternError too_large (413), unsupported_media_type (415), malformed_json (400); Invalid (422).
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity")
    throw new LanternError("Send the body without a Content-Encoding.", { code: "unsupported_media_type" });
  const declared = Number(request.headers.get("content-length") ?? "0");
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const bytes = await readBytes(request, maxBytes);
  if (bytes.length === 0) return undefined;
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/json")
    throw new LanternError("Send the body as JSON, with the header Content-Type: application/json.", {
      code: "unsupported_media_type",
    });
  const body = parse(bytes);
  const problem = findJsonProblem(body);
  if (problem) throw new Invalid("The body holds something that is never accepted; see detail.", [problem]);
  return body;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    // The parser's own message quotes the body, which may hold what should not be repeated.
    throw new LanternError("The body is not valid JSON in UTF-8.", { code: "malformed_json" });
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = (await reader.read().catch(brokeOff)) as { done: boolean; value?: Uint8Array };
    if (done || !value) break;
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel().catch(() => undefined);
      throw tooLarge(maxBytes);
    }
    parts.push(value);
  }
  return Buffer.concat(parts);
}

/** The caller went away half-way: its fault, whatever the socket calls it. */
const brokeOff = (cause: unknown): never => {
  throw new LanternError("The body broke off before its end.", { code: "malformed_json", cause });
};

const tooLarge = (maxBytes: number) =>
  new LanternError(`The body is larger than ${maxBytes / 1024 / 1024} MiB. Send it in smaller parts.`, {
    code: "too_large",
  });
