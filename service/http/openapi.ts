/** What a declaration says in the served OpenAPI document. */
import { z, type RouteConfig } from "@hono/zod-openapi";
import type { Documented } from "./route.ts";

interface Schemas {
  body: z.ZodType | undefined;
  query: z.ZodObject | undefined;
  params: z.ZodObject | undefined;
}

const errorBody = z
  .object({
    success: z.literal(false),
    error: z.string().meta({ description: "A sentence a person can act on." }),
    details: z.looseObject({ code: z.string().meta({ description: "A stable word." }) }).optional(),
    request_id: z.string(),
    credits_required: z.number().optional(),
    credits_remaining: z.number().optional(),
    retry_after: z.number().int().optional().meta({ description: "Seconds." }),
    detail: z
      .array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string(), type: z.string() }))
      .optional()
      .meta({ description: "With 422: each field and what is wrong with it." }),
  })
  .meta({ id: "Error" });

const reasons: Record<number, string> = {
  400: "The body is not JSON, or the path is not valid",
  401: "No API key, or one that is not valid any more",
  402: "Not enough credits; nothing was done",
  403: "The key may not do this",
  404: "Unknown",
  409: "Conflict, or the same Idempotency-Key is still being worked on",
  413: "The body is too large",
  415: "The body is not JSON",
  422: "Some fields are not valid",
  429: "Too many requests",
  500: "A defect on our side",
  503: "A part that this call needs is not configured or down",
};

const headers = {
  "X-Request-Id": { schema: { type: "string" as const }, description: "Name it when you ask about a request." },
  "X-RateLimit-Limit": { schema: { type: "integer" as const }, description: "Requests a minute." },
  "X-RateLimit-Remaining": { schema: { type: "integer" as const } },
  "X-RateLimit-Reset": { schema: { type: "integer" as const }, description: "Unix time, seconds." },
  "X-Credits-Remaining": { schema: { type: "number" as const } },
};

const idempotencyHeader = z.object({
  "Idempotency-Key": z.string().optional().meta({
    description: "1–255 visible ASCII characters. Sent again within 24 hours, it gets the first answer again.",
  }),
});

export function documentedRoute(spec: Documented, { body, query, params }: Schemas): RouteConfig {
  const statuses = [
    401,
    403,
    422,
    429,
    500,
    503,
    ...(params ? [400] : []),
    ...(body ? [400, 413, 415] : []),
    ...(spec.method === "post" ? [409] : []),
    ...(spec.errors ?? []),
  ];
  const errors = [...new Set(statuses)].sort((a, b) => a - b);
  const { response } = spec;
  const example = (value: unknown) => (value === undefined ? {} : { example: value });
  return {
    method: spec.method,
    path: spec.path,
    tags: [spec.tag],
    summary: spec.summary,
    description: `${spec.description}\n\nScope of the key: \`${spec.scope}\`.`,
    security: [{ apiKey: [] }],
    request: {
      ...(params ? { params } : {}),
      ...(query ? { query } : {}),
      ...(spec.method === "post" ? { headers: idempotencyHeader } : {}),
      ...(body
        ? {
            body: {
              required: true,
              content: { "application/json": { schema: body, ...example(spec.bodyExample) } },
            },
          }
        : {}),
    },
    responses: {
      [response.status ?? 200]: {
        description: response.description ?? "Done",
        headers,
        content: {
          "application/json": { schema: wrapped(spec), ...example(response.example) },
          ...response.also,
        },
      },
      ...Object.fromEntries(
        errors.map((status) => [
          status,
          { description: reasons[status] ?? "Refused", content: { "application/json": { schema: errorBody } } },
        ]),
      ),
    },
  };
}

function wrapped(spec: Documented): z.ZodType {
  const { schema } = spec.response;
  if (spec.wrapped === false || !(schema instanceof z.ZodObject)) return schema;
  return z
    .object({ success: z.literal(true) })
    .extend(schema.shape)
    .extend(spec.timed ? { processing_time_ms: z.number().int() } : {});
}
