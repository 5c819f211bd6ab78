/** What any JSON body must keep to, whichever endpoint it is for. Pure. */
import type { FieldProblem } from "../errors.ts";

export const maxDepth = 20;
/** Keys that reach into the prototypes of whatever the body is copied to. */
const refusedKeys = new Set(["__proto__", "constructor", "prototype"]);
/** A lone half of a surrogate pair: no database and no other system takes it. */
const loneSurrogate = /\p{Surrogate}/u;

/** Why a piece of text cannot be stored, if so: neither database keeps NUL, and lone surrogates are not text. */
export function textProblem(text: string): string | null {
  if (text.includes("\0")) return "Text must not hold the NUL character.";
  if (loneSurrogate.test(text)) return "Text must be well-formed Unicode.";
  return null;
}

/** The first thing in the body that no endpoint accepts, if any. */
export function findJsonProblem(root: unknown): FieldProblem | null {
  // A stack of its own: a body nested deeper than the call stack must be refused, not crash the search.
  const stack: { value: unknown; loc: (string | number)[] }[] = [{ value: root, loc: ["body"] }];
  for (let item = stack.pop(); item; item = stack.pop()) {
    const { value, loc } = item;
    if (typeof value === "string") {
      const msg = textProblem(value);
      if (msg) return { loc, msg, type: "bad_text" };
    }
    if (value === null || typeof value !== "object") continue;
    if (loc.length > maxDepth)
      return { loc, msg: `The body is nested deeper than ${maxDepth} levels.`, type: "too_deep" };
    for (const [key, child] of entriesOf(value)) {
      const where = [...loc, key];
      if (refusedKeys.has(String(key)) && !Array.isArray(value))
        return { loc: where, msg: "A field cannot have this name.", type: "refused_name" };
      const msg = typeof key === "string" ? textProblem(key) : null;
      if (msg) return { loc, msg, type: "bad_text" };
      stack.push({ value: child, loc: where });
    }
  }
  return null;
}

const entriesOf = (value: object): Iterable<[string | number, unknown]> =>
  Array.isArray(value) ? value.entries() : Object.entries(value);
