import type { Journey } from "./journey.ts";

/** The longest text each field takes, from the org's describe (cached), so that no value is refused for its length. */
export async function lengthsOf({ org }: Pick<Journey, "org">, object: string): Promise<Record<string, number>> {
  const described = await org.salesforce.describe(object);
  const lengths: Record<string, number> = {};
  for (const field of described.fields.values())
    if (field.updateable) lengths[field.name] = field.length > 0 ? field.length : Number.MAX_SAFE_INTEGER;
  return lengths;
}
