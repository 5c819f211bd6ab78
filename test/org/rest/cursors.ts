/** Query cursors: what is left of a result after its first page. */
import type { Clock } from "../../../service/clock.ts";
import { PlatformError } from "../engine/errors.ts";
import { IdMint } from "../engine/ids.ts";
import type { QueryResult } from "../soql/run.ts";

type RowsResult = Extract<QueryResult, { kind: "rows" }>;
interface Cursor {
  result: RowsResult;
  batch: number;
  at: number;
}

const lifeMs = 2 * 24 * 3_600_000;

export class Cursors {
  /** Rows a page when the caller names no batch size; lower it to see pages early. */
  batchSize = 2000;
  readonly #clock: Clock;
  readonly #mint = new IdMint();
  readonly #open = new Map<string, Cursor>();
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  first(result: RowsResult, asked: number | undefined, apiVersion: string): Record<string, unknown> {
    const batch = Math.min(this.batchSize, asked ?? this.batchSize);
    const cursor = { result, batch, at: this.#clock.now() };
    if (result.ids.length <= batch) return this.#page(cursor, 0, "", apiVersion);
    const id = this.#mint.next("01g");
    this.#open.set(id, cursor);
    return this.#page(cursor, 0, id, apiVersion);
  }
  /** `01g…-2000`: the page that begins at that row. */
  next(locator: string, apiVersion: string): Record<string, unknown> {
    const [, id = "", at = ""] = /^(01g\w+)-(\d+)$/.exec(locator) ?? [];
    const cursor = this.#open.get(id);
    if (!cursor || this.#clock.now() - cursor.at > lifeMs) {
      this.#open.delete(id);
      throw new PlatformError("INVALID_QUERY_LOCATOR", "invalid query locator");
    }
    return this.#page(cursor, Number(at), id, apiVersion);
  }
  #page(cursor: Cursor, from: number, id: string, apiVersion: string): Record<string, unknown> {
    const { ids, show } = cursor.result;
    const to = from + cursor.batch;
    const done = to >= ids.length;
    return {
      totalSize: ids.length,
      done,
      ...(done ? {} : { nextRecordsUrl: `/services/data/v${apiVersion}/query/${id}-${to}` }),
      records: ids.slice(from, to).flatMap((row) => show(row) ?? []),
    };
  }
}
