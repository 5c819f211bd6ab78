/** Rows as Bulk API 2.0 writes them: every value quoted, null empty, date-times with `Z`. */
import type { Value } from "../engine/schema.ts";

export const delimiters: Record<string, string> = {
  BACKQUOTE: "`",
  CARET: "^",
  COMMA: ",",
  PIPE: "|",
  SEMICOLON: ";",
  TAB: "\t",
};
export const lineEndings: Record<string, string> = { LF: "\n", CRLF: "\r\n" };

const cell = (value: Value): string =>
  `"${(value === null ? "" : String(value)).replace(/^(\d{4}-\d\d-\d\dT[\d:.]+)\+0000$/, "$1Z").replaceAll('"', '""')}"`;

/** The header line is on every page. */
export function csvPage(
  columns: readonly string[],
  rows: readonly (readonly Value[])[],
  form: { delimiter: string; lineEnding: string },
): string {
  return [columns, ...rows].map((row) => row.map(cell).join(form.delimiter) + form.lineEnding).join("");
}
