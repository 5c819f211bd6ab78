import { z } from "@hono/zod-openapi";
import { LanternError } from "../errors.ts";
import { route, type Route } from "../http/index.ts";
import { createKey, CreateKeyInput } from "./create-key.ts";
import type { FindKey } from "./find-key.ts";
import { isKeyId } from "./format.ts";
import { listKeys } from "./list-keys.ts";
import { revokeKey } from "./revoke-key.ts";

const shown = z.object({
  id: z.string(),
  name: z.string(),
  mode: z.enum(["live", "test"]),
  scopes: z.array(z.string()),
  org_id: z.string().nullable(),
  limits: z.record(z.string(), z.number()),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
});

const example = {
  id: "3fK9aZ0bQ7xY",
  name: "Website",
  mode: "live",
  scopes: ["match", "convert"],
  org_id: "00D000000000001EAA",
  limits: {},
  created_at: "2026-11-23T10:00:00.000Z",
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
};

export function keyRoutes(finder: Pick<FindKey, "forget">): Route[] {
  const shared = { tag: "Keys", scope: "admin", limitClass: "general" } as const;
  return [
    route({
      ...shared,
      method: "get",
      path: "/v1/keys",
      summary: "List API keys",
      description: "The tenant's API keys, without their secrets; revoked ones stay listed.",
      response: {
        schema: z.object({ count: z.number().int(), keys: z.array(shown) }),
        example: { success: true, count: 1, keys: [example] },
      },
      idempotent: "none",
      handler: async (ctx) => {
        const keys = await ctx.store.read((tx) => listKeys(tx, ctx.tenant));
        return { body: { count: keys.length, keys } };
      },
    }),
    route({
      ...shared,
      method: "post",
      path: "/v1/keys",
      summary: "Create an API key",
      description:
        "Makes a key for an org of this tenant (default: the org of the calling key). The whole key is in this answer and is shown once; only its hash is kept.",
      body: CreateKeyInput,
      bodyExample: { name: "Website", scopes: ["match", "convert"] },
      response: {
        status: 201,
        schema: z.object({ key: z.string() }).extend(shown.shape),
        example: { success: true, key: "ltn_live_3fK9aZ0bQ7xY_<secret>", ...example },
      },
      sealed: true,
      idempotent: "database",
      handler: async (tx, ctx, { body }) => {
        if (ctx.actor.kind === "key" && ctx.actor.mode === "test" && body.mode === "live")
          throw new LanternError("A test key cannot make a live key.", { code: "test_key" });
        const orgId = body.org_id ?? ctx.orgId;
        const created = await createKey(tx, ctx, { ...body, ...(orgId === undefined ? {} : { org_id: orgId }) });
        return { status: 201, body: created };
      },
    }),
    route({
      ...shared,
      method: "delete",
      path: "/v1/keys/{id}",
      summary: "Revoke an API key",
      description: "Ends a key for good, within 5 seconds on every instance. Revoking it again changes nothing.",
      params: z.strictObject({ id: z.string().refine(isKeyId, { error: "a key id has 12 letters and digits" }) }),
      response: { schema: shown, example: { success: true, ...example, revoked_at: "2026-11-23T11:00:00.000Z" } },
      errors: [404],
      idempotent: "none",
      handler: async (ctx, { params }) => {
        const revoked = await ctx.store.write((tx) => revokeKey(tx, ctx, params.id));
        finder.forget(params.id);
        return { body: revoked };
      },
    }),
  ];
}
