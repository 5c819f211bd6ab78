import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findJsonProblem, maxDepth } from "../../service/http/json-rules.ts";

const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });

describe("the rules for every JSON body", () => {
  it.each(["__proto__", "constructor", "prototype"])("a field named %s is refused, however deep", (name) => {
    const body = JSON.parse(`{"a":[{"b":{"${name}":1}}]}`) as unknown;
    expect(findJsonProblem(body)).toMatchObject({ loc: ["body", "a", 0, "b", name], type: "refused_name" });
  });

  it("twenty levels are accepted and twenty-one are not", () => {
    expect(findJsonProblem(nested(maxDepth))).toBeNull();
    expect(findJsonProblem(nested(maxDepth + 1))).toMatchObject({ type: "too_deep" });
  });

  it("a body nested far deeper than the call stack is refused, not crashed on", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    expect(findJsonProblem(deep)).toMatchObject({ type: "too_deep" });
  });

  it.each([
    ["NUL in a value", { a: "x\0y" }],
    ["NUL in a name", { "x\0": 1 }],
    ["half of a surrogate pair", { a: ["\ud83d"] }],
  ])("%s is refused, since a database would", (_, body) => {
    expect(findJsonProblem(body)).toMatchObject({ type: "bad_text" });
  });

  it("any flat body of well-formed text is accepted", () => {
    const text = fc.string({ unit: "grapheme" }).filter((s) => !s.includes("\0"));
    const name = text.filter((s) => !["__proto__", "constructor", "prototype"].includes(s));
    fc.assert(fc.property(fc.dictionary(name, text), (body) => findJsonProblem(body) === null));
  });
});
