/** Rules an admin could have set up: validation, duplicates, lead assignment. All off until the control API sets one. */
import { PlatformError } from "./errors.ts";
import type { Reader } from "./rows.ts";
import type { Row, Schema, SObject, Value } from "./schema.ts";
import { isText } from "./schema.ts";

export interface FieldCheck {
  field: string;
  op: "blank" | "notBlank" | "equals" | "notEquals" | "less" | "greater" | "matches";
  value?: string | number | boolean | null;
  message: string;
}
/** Answers with the message to show when the record must not be saved. */
export type ValidationRule = (row: Row, before: Row | undefined) => string | undefined;

export interface DuplicateRule {
  object: string;
  /** All must agree, ignoring case; a blank one never does. */
  fields: string[];
  /** block: never saved. alert: saved when the caller says allowSave, or by a person in the UI. */
  action: "block" | "alert";
}

export interface Rules {
  validation: Map<string, ValidationRule[]>;
  duplicates: DuplicateRule[];
  /** Object → owner whom the active assignment rule gives every record it looks at. */
  assignment: Map<string, string>;
  /** Object → a customer's own trigger that copies one field into another whenever the first changes. */
  mirrors: Map<string, Mirror[]>;
  /** Refuses a row on purpose, by a platform code; for contention that strikes some rows and not others. */
  rowFault: ((object: string, id: string) => { code: string; message: string } | undefined) | null;
}

export interface Mirror {
  from: string;
  to: string;
  /** In a later transaction of this user (an asynchronous flow); default: in the save itself, as a before trigger. */
  laterAs?: string;
}

export const noRules = (): Rules => ({
  validation: new Map(),
  duplicates: [],
  assignment: new Map(),
  mirrors: new Map(),
  rowFault: null,
});

export function validationOf(check: FieldCheck): ValidationRule {
  const holds = (value: Value): boolean => {
    switch (check.op) {
      case "blank":
        return value === null;
      case "notBlank":
        return value !== null;
      case "equals":
        return value === (check.value ?? null);
      case "notEquals":
        return value !== (check.value ?? null);
      case "less":
        return value !== null && Number(value) < Number(check.value);
      case "greater":
        return value !== null && Number(value) > Number(check.value);
      case "matches":
        return value !== null && new RegExp(String(check.value)).test(String(value));
    }
  };
  return (row) => (holds(row[check.field] ?? null) ? check.message : undefined);
}

export function checkValidation(rules: Rules, object: SObject, row: Row, before: Row | undefined): void {
  for (const rule of rules.validation.get(object.name) ?? []) {
    const message = rule(row, before);
    if (message !== undefined) throw new PlatformError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message);
  }
}

export function checkDuplicates(
  schema: Schema,
  rules: Rules,
  reader: Reader,
  object: SObject,
  row: Row,
  before: Row | undefined,
  allowSave: boolean,
): void {
  for (const rule of rules.duplicates) {
    if (schema.get(rule.object) !== object || (rule.action === "alert" && allowSave)) continue;
    if (before && rule.fields.every((f) => before[f] === row[f])) continue;
    const wanted = rule.fields.map((f) => keyOf(row[f]));
    if (wanted.includes(null)) continue;
    for (const other of reader.scan(object)) {
      if (other.Id === row.Id || other.IsDeleted === true || other.IsConverted === true) continue;
      if (!rule.fields.every((f, i) => keyOf(other[f]) === wanted[i])) continue;
      throw new PlatformError("DUPLICATES_DETECTED", "Use one of these records?", {
        extra: {
          duplicateResult: {
            allowSave: rule.action === "alert",
            duplicateRule: `${object.name}_${rule.fields.join("_")}`,
            duplicateRuleEntityType: object.name,
            matchResults: [
              {
                entityType: object.name,
                matchEngine: "ExactMatchEngine",
                matchRecords: [{ record: { attributes: { type: object.name }, Id: other.Id } }],
                success: true,
              },
            ],
          },
        },
      });
    }
  }
}
const keyOf = (value: Value | undefined): string | null => (value == null ? null : String(value).toLowerCase());

export function checkRowFault(rules: Rules, object: SObject, id: string): void {
  const fault = rules.rowFault?.(object.name, id);
  if (fault) throw new PlatformError(fault.code, fault.message);
}

/** The mirrors whose source this save changes. */
export const mirrorsOf = (rules: Rules, object: SObject, row: Row, before: Row | undefined): Mirror[] =>
  (rules.mirrors.get(object.name) ?? []).filter(({ from }) => (before?.[from] ?? null) !== (row[from] ?? null));

/** The source's value as the target holds it: texts are cut to its length, other kinds go over as they are. */
export function mirrored(object: SObject, mirror: Mirror, row: Row): Value {
  const value = row[mirror.from] ?? null;
  const target = object.fields.get(mirror.to.toLowerCase());
  return value !== null && target && isText(target.type) ? String(value).slice(0, target.length) : value;
}
