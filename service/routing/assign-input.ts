/** What `POST /v1/routing/assign` takes. Pure. */
import { z } from "@hono/zod-openapi";
import { findId, findObject } from "../salesforce/ids.ts";

export const assignedObjects = ["Lead", "Contact", "Opportunity", "Account"] as const;
export type AssignedObject = (typeof assignedObjects)[number];

const salesforceId = z.string().transform((text, check) => {
  const id = findId(text);
  if (id !== undefined) return id;
  check.addIssue({ code: "custom", message: "must be a Salesforce id of 15 or 18 characters" });
  return z.NEVER;
});

const object = z.string().transform((text, check): AssignedObject => {
  const found = assignedObjects.find((name) => name.toLowerCase() === text.trim().toLowerCase());
  if (found) return found;
  check.addIssue({ code: "custom", message: "must be lead, contact, opportunity or account" });
  return z.NEVER;
});

export const AssignInput = z
  .strictObject({
    object,
    sf_id: salesforceId,
    pool: z.string().trim().min(1).max(80),
    /** Sending it is what costs: the default is true. */
    exclude_inactive: z.boolean().optional(),
    reset_rules: z
      .strictObject({
        reason: z.string().trim().min(1).max(255),
        place_user_at_top: salesforceId.optional(),
      })
      .optional(),
    dry_run: z.boolean().optional(),
    max_credits: z.number().min(0).optional(),
  })
  .superRefine((input, check) => {
    if (findObject(input.sf_id) !== input.object)
      check.addIssue({ code: "custom", path: ["sf_id"], message: `is not the id of a ${input.object.toLowerCase()}` });
    const top = input.reset_rules?.place_user_at_top;
    if (top !== undefined && findObject(top) !== "User")
      check.addIssue({
        code: "custom",
        path: ["reset_rules", "place_user_at_top"],
        message: "is not the id of a user",
      });
  });
export type AssignInput = z.output<typeof AssignInput>;
