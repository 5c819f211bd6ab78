/** The names rules may use beside API names. */
export const CONTRACT_FIELDS = [
  "name",
  "first_name",
  "last_name",
  "email",
  "domain",
  "phone",
  "company",
  "website",
  "street",
  "city",
  "state",
  "postal_code",
  "country",
  "linkedin",
  "title",
] as const;
export type ContractField = (typeof CONTRACT_FIELDS)[number];
/** What a field's values are, which decides how they are normalised and compared. */
export type FieldKind = ContractField | "other";

export function isContractField(name: string): name is ContractField {
  return (CONTRACT_FIELDS as readonly string[]).includes(name);
}
