/** Enrichment: what sources know about the people and companies behind records. */
export {
  createCascade,
  type AskContext,
  type Asked,
  type AskOptions,
  type Cascade,
  type CascadeResult,
  type CascadeSettings,
  type Effort,
} from "./cascade.ts";
export type { Field } from "./fields.ts";
export { questionOf, type CompanyIdentity, type Identity, type PersonIdentity, type Question } from "./identity.ts";
export { importDirectory, type ImportProgress, type ImportRequest, type ImportResult } from "./import.ts";
export type { ImportKind } from "./import-columns.ts";
export { fieldValue, missingFields, planChanges, type PlanOptions } from "./plan.ts";
export type { FoundValue, Provider, ProviderAnswer, ProviderContext } from "./port.ts";
export { directoryProvider } from "./providers/directory/provider.ts";
export { forgetOldAnswers } from "./remember.ts";
