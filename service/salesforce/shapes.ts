/** The answers' shapes, checked before anything relies on them. */
import { z } from "zod";
import { lost, type Effect } from "./answers.ts";

export const CompositeAnswer = (parts: number) =>
  z.object({
    compositeResponse: z.array(z.object({ httpStatusCode: z.number(), body: z.unknown() })).length(parts),
  });

/** The value in its shape. An answer of another shape tells nothing: for a write, whether it happened included. */
export function shaped<T extends z.ZodType>(shape: T, value: unknown, effect: Effect, what: string): z.output<T> {
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw lost(effect, "UNEXPECTED_ANSWER", what, parsed.error);
  return parsed.data;
}
