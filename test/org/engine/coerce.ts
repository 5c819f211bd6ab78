/** A value from outside (JSON, or text from XML) as the field stores it, or the platform's refusal. */
import { PlatformError } from "./errors.ts";
import { normaliseId } from "./ids.ts";
import type { Field, Schema, Value } from "./schema.ts";
import { isText } from "./schema.ts";
import { isDate, parseDateTime } from "./time.ts";

const wrongType = (field: Field, given: unknown, wanted: string): PlatformError =>
  new PlatformError(
    "JSON_PARSER_ERROR",
    `Cannot deserialize instance of ${wanted} from ${typeof given === "object" ? "START_OBJECT" : `VALUE_${typeof given === "string" ? "STRING" : "NUMBER"}`} value ${JSON.stringify(given)} for field ${field.name}`,
    { fields: [field.name] },
  );

export function coerce(schema: Schema, field: Field, given: unknown, truncate = false): Value {
  if (given === null || given === undefined || given === "") {
    if (field.type !== "boolean") return null;
    throw new PlatformError(
      "INVALID_TYPE_ON_FIELD_IN_RECORD",
      `${field.label}: value not of required type: ${String(given)}`,
      {
        fields: [field.name],
      },
    );
  }
  if (field.type === "reference" || field.type === "id") return coerceId(schema, field, given);
  if (isText(field.type)) return coerceText(field, given, truncate);
  switch (field.type) {
    case "boolean":
      if (given === true || given === "true") return true;
      if (given === false || given === "false") return false;
      throw wrongType(field, given, "boolean");
    case "int":
    case "double":
    case "currency":
    case "percent":
      return coerceNumber(field, given);
    case "date":
      if (typeof given === "string" && isDate(given.slice(0, 10))) return given.slice(0, 10);
      throw wrongType(field, given, "date");
    default: {
      const stamp = typeof given === "string" ? parseDateTime(given) : undefined;
      if (stamp !== undefined) return stamp;
      throw wrongType(field, given, "datetime");
    }
  }
}

function coerceText(field: Field, given: unknown, truncate: boolean): Value {
  if (typeof given !== "string") throw wrongType(field, given, "string");
  const value = field.type === "textarea" ? given.trimEnd() : given.trim();
  if (value === "") return null;
  if (value.length > field.length) {
    if (truncate) return value.slice(0, field.length);
    throw new PlatformError(
      "STRING_TOO_LONG",
      `${field.label}: data value too large: ${value.slice(0, 60)} (max length=${field.length})`,
      { fields: [field.name] },
    );
  }
  if (field.type === "email" && !/^[^\s@,;]+@[^\s@,;]+\.[^\s@,;.]+$/.test(value))
    throw new PlatformError("INVALID_EMAIL_ADDRESS", `${field.label}: invalid email address: ${value}`, {
      fields: [field.name],
    });
  if (field.restricted && !field.picklist.some((p) => p.value === value))
    throw new PlatformError(
      "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
      `${field.label}: bad value for restricted picklist field: ${value}`,
      { fields: [field.name] },
    );
  return value;
}

function coerceNumber(field: Field, given: unknown): Value {
  const value =
    typeof given === "number" ? given : typeof given === "string" && given.trim() !== "" ? Number(given) : NaN;
  if (!Number.isFinite(value)) throw wrongType(field, given, field.type === "int" ? "int" : "double");
  if (field.type === "int" && !Number.isInteger(value)) throw wrongType(field, given, "int");
  const limit = field.type === "int" ? 2 ** 31 : 10 ** (field.precision - field.scale);
  if (Math.abs(value) >= limit)
    throw new PlatformError(
      "NUMBER_OUTSIDE_VALID_RANGE",
      `${field.label}: value outside of valid range on numeric field: ${value}`,
      {
        fields: [field.name],
      },
    );
  return Number(value.toFixed(field.scale));
}

function coerceId(schema: Schema, field: Field, given: unknown): Value {
  const id = typeof given === "string" ? normaliseId(given) : undefined;
  const target = id === undefined ? undefined : schema.ofId(id);
  if (id === undefined || (field.referenceTo.length > 0 && !(target && field.referenceTo.includes(target.name))))
    throw new PlatformError("MALFORMED_ID", `${field.label}: id value of incorrect type: ${String(given)}`, {
      fields: [field.name],
    });
  return id;
}
