/** One row as REST shows it: attributes, the selected fields, nested parents and child lists. */
import { PlatformError } from "../engine/errors.ts";
import type { Reader } from "../engine/rows.ts";
import type { Row, Schema, SObject } from "../engine/schema.ts";
import type { ParsedQuery, Selected } from "./parse.ts";
import type { ResolvedPath } from "./paths.ts";
import { follow, resolvePath } from "./paths.ts";

export type Rendered = Record<string, unknown>;
export type Render = (row: Row) => Rendered;

export const attributes = (apiVersion: string, object: SObject, id: unknown) => ({
  type: object.name,
  url: `/services/data/v${apiVersion}/sobjects/${object.name}/${String(id)}`,
});

interface RenderContext {
  schema: Schema;
  reader: Reader;
  apiVersion: string;
  object: SObject;
  /** Runs a child query below one parent. */
  children: (query: ParsedQuery, object: SObject, field: string, parentId: string) => Rendered | null;
}

export function compileRender(ctx: RenderContext, select: readonly Selected[]): Render {
  const parts = select.map((item) => compilePart(ctx, item));
  return (row) => {
    const out: Rendered = { attributes: attributes(ctx.apiVersion, ctx.object, row.Id) };
    for (const part of parts) part(row, out);
    return out;
  };
}

function compilePart(ctx: RenderContext, item: Selected): (row: Row, out: Rendered) => void {
  if (item.kind === "aggregate")
    throw new PlatformError("MALFORMED_QUERY", `${item.fn} needs to stand alone or with GROUP BY`);
  if (item.kind === "children") {
    const child = ctx.schema.children(ctx.object).find((c) => c.name.toLowerCase() === item.relationship.toLowerCase());
    if (!child)
      throw new PlatformError(
        "INVALID_TYPE",
        `Didn't understand relationship '${item.relationship}' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
      );
    const object = ctx.schema.get(child.object);
    return (row, out) => {
      out[child.name] = ctx.children(item.query, object, child.field, String(row.Id));
    };
  }
  const path = resolvePath(ctx.schema, ctx.object, item.path);
  if (path.hops.length === 0)
    return (row, out) => {
      out[path.field.name] = row[path.field.name] ?? null;
    };
  return (row, out) => renderParent(ctx, path, row, out);
}

function renderParent(ctx: RenderContext, path: ResolvedPath, start: Row, out: Rendered): void {
  let row = start;
  let into = out;
  let object = ctx.object;
  for (const hop of path.hops) {
    const parent = follow(ctx.schema, ctx.reader, row, hop);
    if (!parent) {
      into[hop.name] ??= null;
      return;
    }
    ({ row, object } = parent);
    const existing = into[hop.name] as Rendered | undefined;
    const nested: Rendered = existing ?? { attributes: attributes(ctx.apiVersion, object, row.Id) };
    // A parent that may be of several objects shows as the platform's "Name".
    if (!existing && hop.targets.length > 1)
      nested.attributes = { ...attributes(ctx.apiVersion, object, row.Id), type: "Name" };
    into[hop.name] = nested;
    into = nested;
  }
  into[path.field.name] = path.typeOfParent ? object.name : (row[path.field.name] ?? null);
}
