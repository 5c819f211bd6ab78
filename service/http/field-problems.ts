/** From a validator's issues to the `detail` of a 422: one entry a field. Pure. */
import type { z } from "zod";
import type { FieldProblem } from "../errors.ts";

/** `input` is what was validated: whether a field is missing or wrong can only be told from it. */
export function problemsOf(error: z.ZodError, where: string, input: unknown): FieldProblem[] {
  return error.issues.flatMap((issue): FieldProblem[] => {
    const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
    const loc = [where, ...path];
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => ({
          loc: [...loc, key],
          msg: "This field is not known here.",
          type: "unknown_field",
        }));
      case "invalid_type":
        return [
          valueAt(input, path) === undefined
            ? { loc, msg: "This field is required.", type: "missing" }
            : { loc, msg: issue.message, type: "wrong_type" },
        ];
      case "custom":
        return [{ loc, msg: issue.message, type: typeOf(issue.params) }];
      default:
        return [{ loc, msg: issue.message, type: issue.code }];
    }
  });
}

function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  let value = input;
  for (const part of path) {
    if (value === null || typeof value !== "object") return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

const typeOf = (params: Record<string, unknown> | undefined): string =>
  typeof params?.["type"] === "string" ? params["type"] : "invalid";
