import { fieldOf } from "./fields.ts";
import { normalise } from "./normalise.ts";
import type { MirrorFields } from "../store/json.ts";

/** Under which name a lead's new account is created: leads that share it wait for each other. Null without a company. Pure. */
export function creationKey(lead: MirrorFields): string | null {
  const company = fieldOf("lead", lead, "company");
  return company === null ? null : normalise("company", company);
}
