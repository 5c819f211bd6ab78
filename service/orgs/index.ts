export { baselineHandler, type BaselineDeps } from "./baseline.ts";
export { baselineJob, beginObject, connectOrg, type Connected } from "./connect.ts";
export { readingFields, watchedByDefault } from "./fields.ts";
export { changedFields, fingerprint, inputHash, sameVersion } from "./fingerprint.ts";
export type { OrgConnection } from "./org.ts";
export { policyBody, readDefinition } from "./policy-schema.ts";
export { checkedWatch, keepConfig, readConfig, watchOf, watchQuery } from "./sync-config.ts";
