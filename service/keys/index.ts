export { createKey, type CreateKeyInput } from "./create-key.ts";
export { keyFinder, type FindKey } from "./find-key.ts";
export type { KeyInfo } from "./key-info.ts";
export { listKeys } from "./list-keys.ts";
export { revokeKey } from "./revoke-key.ts";
export { keyRoutes } from "./routes.ts";
