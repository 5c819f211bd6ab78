/** What a key may be allowed to do. A scope opens its own endpoints and no others: `admin` is not all of them. Pure. */
export const scopes = [
  "enrich",
  "match",
  "convert",
  "route",
  "triggers",
  "logs",
  "agents",
  "credits",
  "forms",
  "workflows",
  "admin",
] as const;

export type Scope = (typeof scopes)[number];
