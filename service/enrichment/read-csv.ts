/** A CSV file as rows, however large: nothing but the rows at hand is kept. */
import { parse } from "csv-parse";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { LanternError, messageOf } from "../errors.ts";

export interface CsvRow {
  /** The line of the file on which the row ends, the header being line 1. */
  line: number;
  cells: string[];
}

export interface CsvSource {
  /** Opened anew for this reading. */
  stream: AsyncIterable<Uint8Array | string>;
  /** Bytes; null when it is not known. */
  size: number | null;
}

export interface CsvReading {
  rows: AsyncIterable<CsvRow>;
  /** Bytes read so far. */
  bytes: () => number;
}

/** @throws LanternError `no_such_file` */
export async function openFile(path: string): Promise<CsvSource> {
  try {
    const file = await open(path);
    const { size } = await file.stat();
    return { stream: file.createReadStream(), size };
  } catch (cause) {
    throw new LanternError(`${path} cannot be read: ${messageOf(cause)}`, { code: "no_such_file", cause });
  }
}

/** `onBad` hears of rows that are no CSV (a quote that is never closed …); they are left out. */
export function readCsv(source: CsvSource, onBad: (line: number, message: string) => void): CsvReading {
  let bytes = 0;
  async function* rows(): AsyncGenerator<CsvRow> {
    const chunks = decoded(source.stream, (count) => (bytes += count));
    const head = await headOf(chunks);
    if (head === "") return;
    const parser = parse({
      delimiter: delimiterOf(head),
      info: true,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      // One that is never closed would otherwise take the rest of the file into one cell.
      max_record_size: 100_000,
      on_skip: (error) => {
        onBad(Number(error?.["lines"] ?? 0), error?.message ?? "not CSV");
        return undefined;
      },
    });
    const text = Readable.from(joined(head, chunks));
    text.on("error", (error) => parser.destroy(error));
    text.pipe(parser);
    try {
      for await (const read of parser) {
        const { info, record } = read as { info: { lines: number }; record: string[] };
        yield { line: info.lines, cells: record };
      }
    } finally {
      text.destroy();
    }
  }
  return { rows: rows(), bytes: () => bytes };
}

async function* decoded(
  stream: AsyncIterable<Uint8Array | string>,
  count: (bytes: number) => void,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const chunk of stream) {
    count(chunk.length);
    yield typeof chunk === "string" ? chunk : utf8(() => decoder.decode(chunk, { stream: true }));
  }
  yield utf8(() => decoder.decode());
}

function utf8(decode: () => string): string {
  try {
    return decode();
  } catch (cause) {
    throw new LanternError("The file is not UTF-8. Save it as “CSV UTF-8” and import it again.", {
      code: "bad_csv",
      cause,
    });
  }
}

/** The first line at least, so that its delimiter can be told. */
async function headOf(chunks: AsyncIterator<string>): Promise<string> {
  let head = "";
  while (!/[\r\n]/.test(head) && head.length < 100_000) {
    const next = await chunks.next();
    if (next.done) break;
    head += next.value;
  }
  return head;
}

async function* joined(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

/** The one of comma, semicolon and tab that the header has most of. */
function delimiterOf(text: string): string {
  const header = text.slice(0, text.search(/[\r\n]|$/)).replace(/"[^"]*"/g, "");
  const count = (mark: string) => header.split(mark).length;
  return [",", ";", "\t"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}
