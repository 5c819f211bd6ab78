/** The shape of `Lantern_Policy__c.Definition__c`. A definition that does not fit is shown to the admin, never guessed around. */
import { z } from "zod";
import type { PolicyBody } from "../store/json.ts";

const condition = z.strictObject({
  field: z.string().regex(/^[A-Za-z]\w*(\.[A-Za-z]\w*)*$/, "a field's API name"),
  op: z.enum(["eq", "ne", "in", "contains", "starts_with", "gt", "lt", "is_null", "changed"]),
  value: z.json().optional(),
});
const when = z.union([z.strictObject({ all: z.array(condition) }), z.strictObject({ any: z.array(condition) })]);

const threshold = z.number().min(0).max(1);
const groups = z.array(z.strictObject({ all: z.array(z.string()).min(1) })).min(1);
const rules = z.union([
  z.strictObject({
    mode: z.literal("simple").default("simple"),
    by: z.array(z.string()).min(1),
    threshold: threshold.optional(),
  }),
  z.strictObject({
    mode: z.literal("grouped").default("grouped"),
    groups,
    any: z.boolean().optional(),
    threshold: threshold.optional(),
  }),
  z.strictObject({
    mode: z.literal("ai"),
    by: z.array(z.string()).optional(),
    groups: groups.optional(),
    instructions: z.string().optional(),
    threshold: threshold.optional(),
  }),
]);
const survivorship = z.enum(["fill_empty", "lead_wins", "newest", "longest"]);

export const policyBody = z.strictObject({
  when: when.optional(),
  enrich: z
    .strictObject({
      fields: z.array(z.string()).optional(),
      effort: z.enum(["low", "medium", "high"]).optional(),
      overwrite: z.boolean().optional(),
    })
    .optional(),
  match: z
    .strictObject({
      rules: rules.optional(),
      contact: rules.optional(),
      account: rules.optional(),
      threshold: threshold.optional(),
      review_threshold: threshold.optional(),
    })
    .optional(),
  on_match: z
    .strictObject({
      lead_to_contact: z.boolean().optional(),
      lead_to_account: z.boolean().optional(),
      merge: z.boolean().optional(),
      survivorship: z.union([survivorship, z.record(z.string(), survivorship)]).optional(),
    })
    .optional(),
  convert: z.boolean().optional(),
  create_if_no_match: z.boolean().optional(),
  converted_status: z.string().optional(),
  create_opportunity: z.boolean().optional(),
  assign: z.strictObject({ matched_owner_first: z.boolean().optional(), pool: z.string().optional() }).optional(),
  max_paid_looks: z.number().int().min(1).max(100).optional(),
});

/** Reads a definition; answers the body, or the problem in words that say where it is. */
export function readDefinition(
  json: string | null,
): { body: PolicyBody; problem: null } | { body: PolicyBody; problem: string } {
  if (json === null || json.trim() === "")
    return { body: {}, problem: "Definition__c is empty; it holds the policy as JSON." };
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    return {
      body: {},
      problem: `Definition__c is not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  const read = policyBody.safeParse(parsed);
  if (read.success) return { body: read.data as PolicyBody, problem: null };
  const first = read.error.issues[0];
  return {
    body: {},
    problem: `Definition__c, at ${first?.path.join(".") || "the top"}: ${first?.message ?? "does not fit"}`,
  };
}
