/** Which source is asked next, and what comes out of all that were asked. Pure. */
import type { EnrichmentAnswer, ProvidedValue } from "../store/json.ts";
import type { Field } from "./fields.ts";

/** One provider asked about one side of the question. */
export interface Source {
  provider: string;
  kind: "person" | "company";
}
export const sourceName = ({ provider, kind }: Source): string => `${provider}/${kind}`;

/** The answers so far, by source; empty where nothing was found. */
export type Answers = ReadonlyMap<string, Partial<Record<Field, ProvidedValue>>>;

export interface MergeRequest {
  fields: readonly Field[];
  /** A field's sources, the preferred one first. */
  sourcesOf: (field: Field) => readonly Source[];
  minConfidence: (field: Field) => number;
}

/** The first acceptable value, the source that must be asked before one can be told, or neither. */
function stateOf(
  field: Field,
  request: MergeRequest,
  answers: Answers,
): { value: ProvidedValue } | { ask: Source } | null {
  for (const source of request.sourcesOf(field)) {
    const answer = answers.get(sourceName(source));
    if (!answer) return { ask: source };
    const value = answer[field];
    if (value && value.confidence >= request.minConfidence(field)) return { value };
  }
  return null;
}

/** The next source worth asking; undefined when every field has its value or no source left. */
export function nextToAsk(request: MergeRequest, answers: Answers): Source | undefined {
  for (const field of request.fields) {
    const state = stateOf(field, request, answers);
    if (state && "ask" in state) return state.ask;
  }
  return undefined;
}

/** Field by field the first acceptable value, with where it came from. */
export function merged(request: MergeRequest, answers: Answers): EnrichmentAnswer {
  const out: EnrichmentAnswer = {};
  for (const field of request.fields) {
    const state = stateOf(field, request, answers);
    if (state && "value" in state) out[field] = state.value;
  }
  return out;
}
