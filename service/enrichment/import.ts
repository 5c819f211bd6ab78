/**
 * Loads the tenant's directory from CSV: a million rows in flat memory, five hundred a transaction. Rows are known by
 * their own id or by a hash of who they are, so that importing a file again updates and never doubles; an import that
 * was interrupted is simply run again.
 */
import { eq, sql } from "drizzle-orm";
import type { Base } from "../context.ts";
import { LanternError } from "../errors.ts";
import type { RowError } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import { planColumns, type ImportField, type ImportKind } from "./import-columns.ts";
import { readRow, type DirectoryEntry } from "./import-row.ts";
import { openFile, readCsv, type CsvSource } from "./read-csv.ts";

export interface ImportRequest {
  tenant: number;
  kind: ImportKind;
  /** A path … */
  file?: string;
  /** … or the content itself, with the name it goes by. */
  stream?: AsyncIterable<Uint8Array | string>;
  name?: string;
  /** Our field → the file's header, where the usual names do not fit. */
  mapping?: Readonly<Record<string, string>>;
  /** Reads and checks everything, stores nothing. */
  dryRun?: boolean;
  onProgress?: (progress: ImportProgress) => void;
}

export interface ImportProgress {
  rows: number;
  stored: number;
  rejected: number;
  bytes: number;
  /** Null when the size is not known. */
  totalBytes: number | null;
}

export interface ImportResult {
  /** Null in a dry run. */
  importId: string | null;
  /** Rows of the file, without the header. */
  rows: number;
  /** Rows taken over; several with the same key make one entry, the last one wins. */
  stored: number;
  rejected: number;
  /** The first hundred rows that were left out; `row` is the line of the file. */
  errors: RowError[];
  /** Our field → the header it was read from. */
  columns: Record<string, string>;
  ignored: string[];
}

const batchSize = 500;
const errorsListed = 100;

/** @throws LanternError `no_such_file` or `bad_csv`, with a sentence about the file; what was stored before stays. */
export async function importDirectory(
  base: Pick<Base, "store" | "clock" | "ids">,
  given: ImportRequest,
): Promise<ImportResult> {
  const source: CsvSource = given.stream ? { stream: given.stream, size: null } : await openFile(given.file ?? "");
  const run = new Import(base, given);
  const csv = readCsv(source, (line, message) => run.reject(line, message));
  try {
    for await (const { line, cells } of csv.rows) {
      if (!run.hasHeader) await run.begin(cells);
      else if (run.take(line, cells)) await run.flush(csv.bytes(), source.size);
    }
    if (!run.hasHeader) throw badCsv("The file is empty.");
    await run.flush(csv.bytes(), source.size);
    return await run.end("done");
  } catch (error) {
    await run.end("failed");
    throw asBadCsv(error);
  }
}

class Import {
  readonly #base: Pick<Base, "store" | "clock" | "ids">;
  readonly #given: ImportRequest;
  readonly #id: string;
  #header: readonly string[] | null = null;
  #columns: ReadonlyMap<ImportField, number> = new Map();
  #ignored: string[] = [];
  #batch = new Map<string, DirectoryEntry>();
  #inBatch = 0;
  #begun = false;
  readonly #counts = { rows: 0, stored: 0, rejected: 0 };
  readonly #errors: RowError[] = [];

  constructor(base: Pick<Base, "store" | "clock" | "ids">, given: ImportRequest) {
    this.#base = base;
    this.#given = given;
    this.#id = base.ids.next("imp");
  }

  get hasHeader(): boolean {
    return this.#header !== null;
  }

  async begin(header: readonly string[]): Promise<void> {
    const plan = planColumns(this.#given.kind, header, this.#given.mapping);
    if (plan.problem !== null) throw badCsv(plan.problem);
    this.#header = header;
    this.#columns = plan.columns;
    this.#ignored = plan.ignored;
    if (this.#given.dryRun) return;
    const { store, clock } = this.#base;
    await store.write(async (tx) => {
      await tx.db.insert(tx.t.directoryImports).values({
        ...{ id: this.#id, tenantId: this.#given.tenant, kind: this.#given.kind, state: "running" as const },
        ...{ file: this.#given.name ?? this.#given.file ?? "stream", ...this.#counts, errors: [] },
        startedAt: clock.now(),
      });
    });
    this.#begun = true;
  }

  /** Answers whether the batch is full. */
  take(line: number, cells: readonly string[]): boolean {
    if (this.#header && cells.length !== this.#header.length) {
      this.reject(line, `The row has ${cells.length} cells and the header ${this.#header.length}.`);
      return false;
    }
    const read = readRow(this.#given.kind, this.#columns, cells);
    if (!read.ok) {
      this.reject(line, read.message);
      return false;
    }
    this.#counts.rows++;
    this.#batch.set(read.row.rowKey, read.row);
    return ++this.#inBatch >= batchSize;
  }

  reject(line: number, message: string): void {
    this.#counts.rows++;
    this.#counts.rejected++;
    if (this.#errors.length < errorsListed) this.#errors.push({ row: line, message });
  }

  async flush(bytes: number, totalBytes: number | null): Promise<void> {
    const entries = [...this.#batch.values()];
    this.#batch = new Map();
    this.#counts.stored += this.#inBatch;
    this.#inBatch = 0;
    if (this.#begun)
      await this.#base.store.write(async (tx) => {
        if (entries.length > 0) await this.#save(tx, entries);
        await this.#note(tx, {});
      });
    this.#given.onProgress?.({ ...this.#counts, bytes, totalBytes });
  }

  async end(state: "done" | "failed"): Promise<ImportResult> {
    if (this.#begun)
      await this.#base.store.write((tx) => this.#note(tx, { state, finishedAt: this.#base.clock.now() }));
    return {
      importId: this.#begun ? this.#id : null,
      ...this.#counts,
      errors: this.#errors,
      columns: Object.fromEntries([...this.#columns].map(([field, i]) => [field, this.#header?.[i] ?? ""])),
      ignored: this.#ignored,
    };
  }

  async #note(tx: Tx, more: { state?: "done" | "failed"; finishedAt?: number }): Promise<void> {
    const { directoryImports } = tx.t;
    await tx.db
      .update(directoryImports)
      .set({ ...this.#counts, errors: this.#errors, ...more })
      .where(eq(directoryImports.id, this.#id));
  }

  async #save(tx: Tx, entries: readonly DirectoryEntry[]): Promise<void> {
    const { directoryPeople: people, directoryCompanies: companies } = tx.t;
    const shared = { tenantId: this.#given.tenant, importId: this.#id, updatedAt: this.#base.clock.now() };
    const fresh = {
      fields: sql`excluded.fields`,
      importId: sql`excluded.import_id`,
      updatedAt: sql`excluded.updated_at`,
    };
    if (this.#given.kind === "people")
      await tx.db
        .insert(people)
        .values(
          entries.map(({ rowKey, email, nameCompany, nameDomain, fields }) => ({
            ...{ ...shared, rowKey, email, nameCompany, nameDomain, fields },
          })),
        )
        .onConflictDoUpdate({
          target: [people.tenantId, people.rowKey],
          set: {
            ...fresh,
            ...{ email: sql`excluded.email`, nameCompany: sql`excluded.name_company` },
            nameDomain: sql`excluded.name_domain`,
          },
        });
    else
      await tx.db
        .insert(companies)
        .values(entries.map(({ rowKey, domain, name, fields }) => ({ ...shared, rowKey, domain, name, fields })))
        .onConflictDoUpdate({
          target: [companies.tenantId, companies.rowKey],
          set: { ...fresh, domain: sql`excluded.domain`, name: sql`excluded.name` },
        });
  }
}

const badCsv = (message: string, cause?: unknown) => new LanternError(message, { code: "bad_csv", cause });

/** The parser's own errors are about the file, too. */
function asBadCsv(error: unknown): unknown {
  if (error instanceof Error && "code" in error && String(error.code).startsWith("CSV_"))
    return badCsv(`The file is not CSV: ${error.message}`, error);
  return error;
}
