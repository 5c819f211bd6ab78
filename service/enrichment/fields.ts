/** The fields enrichment knows by its own names, and where each lives in Salesforce. Pure. */

export const personFields = [
  ...["first_name", "last_name", "email", "phone", "mobile", "title", "department", "linkedin"],
  ...["company", "website", "street", "city", "state", "postal_code", "country"],
] as const satisfies readonly Field[];

export const companyFields = [
  ...["company", "website", "company_phone", "industry", "employees", "revenue", "linkedin"],
  ...["street", "city", "state", "postal_code", "country"],
] as const satisfies readonly Field[];

export type Field =
  | "first_name"
  | "last_name"
  | "email"
  | "phone"
  | "mobile"
  | "title"
  | "department"
  | "linkedin"
  | "company"
  | "website"
  | "company_phone"
  | "industry"
  | "employees"
  | "revenue"
  | "street"
  | "city"
  | "state"
  | "postal_code"
  | "country";

export interface FieldPlace {
  field: Field;
  /** API name. */
  name: string;
  /** The platform's own limit; a describe may say less. Infinite for numbers. */
  maxLength: number;
  kind: "text" | "number" | "address";
  /** What the record is recognised by: filled when empty, never overwritten. */
  identity?: boolean;
}

const text = (field: Field, name: string, maxLength: number): FieldPlace => ({ field, name, maxLength, kind: "text" });
const identity = (field: Field, name: string, maxLength: number): FieldPlace => ({
  ...text(field, name, maxLength),
  identity: true,
});
const number = (field: Field, name: string): FieldPlace => ({ field, name, maxLength: Infinity, kind: "number" });
const address = (prefix: string): FieldPlace[] => [
  { field: "street", name: `${prefix}Street`, maxLength: 255, kind: "address" },
  { field: "city", name: `${prefix}City`, maxLength: 40, kind: "address" },
  { field: "state", name: `${prefix}State`, maxLength: 80, kind: "address" },
  { field: "postal_code", name: `${prefix}PostalCode`, maxLength: 20, kind: "address" },
  { field: "country", name: `${prefix}Country`, maxLength: 80, kind: "address" },
];

const places: Record<string, FieldPlace[]> = {
  Lead: [
    identity("first_name", "FirstName", 40),
    identity("last_name", "LastName", 80),
    identity("company", "Company", 255),
    identity("email", "Email", 80),
    text("phone", "Phone", 40),
    text("mobile", "MobilePhone", 40),
    text("title", "Title", 128),
    text("website", "Website", 255),
    text("industry", "Industry", 255),
    number("employees", "NumberOfEmployees"),
    number("revenue", "AnnualRevenue"),
    ...address(""),
  ],
  Contact: [
    identity("first_name", "FirstName", 40),
    identity("last_name", "LastName", 80),
    identity("email", "Email", 80),
    text("phone", "Phone", 40),
    text("mobile", "MobilePhone", 40),
    text("title", "Title", 128),
    text("department", "Department", 80),
    ...address("Mailing"),
  ],
  Account: [
    text("company_phone", "Phone", 40),
    text("website", "Website", 255),
    text("industry", "Industry", 255),
    number("employees", "NumberOfEmployees"),
    number("revenue", "AnnualRevenue"),
    ...address("Billing"),
  ],
};

/** The object's fields that enrichment can fill; none for objects it does not know. */
export const placesOf = (object: string): readonly FieldPlace[] => places[object] ?? [];

/** Whether a place is meant by a list of API names or of our own names, in any case; an absent list means all. */
export function isWanted(place: FieldPlace, wanted: readonly string[] | undefined): boolean {
  if (!wanted) return true;
  return wanted.some((name) => same(name, place.name) || same(name, place.field));
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
