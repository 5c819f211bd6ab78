/** Reading values out of rows. Pure. */
import type { Row, RowValue } from "./port.ts";

/** The text, or null where there is none. */
export const textOf = (value: RowValue): string | null => (typeof value === "string" && value !== "" ? value : null);

/** A moment in ms; 0 where there is none. */
export const timeOf = (value: RowValue): number => (typeof value === "string" ? Date.parse(value) : 0);

/** The row's id. @throws when it was not asked for: nothing can be done with such a row. */
export function idOf(row: Row): string {
  const id = textOf(row["Id"]);
  if (id === null) throw new Error("a row without its Id");
  return id;
}
