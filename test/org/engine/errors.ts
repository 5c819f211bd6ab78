/** A refusal in the platform's own words; REST, collections, composite and SOAP each put it in their own shape. */
export class PlatformError extends Error {
  readonly code: string;
  readonly fields: string[];
  readonly status: number;
  /** Further members of the REST error object, e.g. `duplicateResult`. */
  readonly extra: Record<string, unknown>;
  constructor(
    code: string,
    message: string,
    facts: { fields?: string[]; status?: number; extra?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.name = "PlatformError";
    this.code = code;
    this.fields = facts.fields ?? [];
    this.status = facts.status ?? statusOf[code] ?? 400;
    this.extra = facts.extra ?? {};
  }
}

const statusOf: Record<string, number> = {
  INVALID_SESSION_ID: 401,
  REQUEST_LIMIT_EXCEEDED: 403,
  INSUFFICIENT_ACCESS: 403,
  NOT_FOUND: 404,
  ENTITY_IS_DELETED: 404,
  METHOD_NOT_ALLOWED: 405,
  PRECONDITION_FAILED: 412,
  URI_TOO_LONG: 414,
  UNSUPPORTED_MEDIA_TYPE: 415,
  SERVER_UNAVAILABLE: 503,
};

/** One element of a REST error array. `fields` is there only for DML errors, as on the platform. */
export function restError(error: PlatformError): Record<string, unknown> {
  return {
    ...error.extra,
    message: error.message,
    errorCode: error.code,
    ...(error.fields.length > 0 ? { fields: error.fields } : {}),
  };
}

/** One element of `errors` in a collection's or a SOAP call's row. */
export const rowError = (error: PlatformError) => ({
  statusCode: error.code,
  message: error.message,
  fields: error.fields,
});
