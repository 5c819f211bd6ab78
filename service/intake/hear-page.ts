/** Hears a page of polled rows in one transaction; rows that cannot be taken in are found, parked one by one, and the others heard. */
import type { Context } from "../context.ts";
import type { Row } from "../salesforce/index.ts";
import { hearRows, type HearOptions, type PolledRows } from "./hear-rows.ts";
import { defectFrom, defectOf, parkRow, redriveHeard } from "./unreadable.ts";

export interface HeardPage {
  /** Rows that were new to us. */
  processed: number;
  /** Of these, changes that no other door had told of. */
  recovered: number;
  /** Rows that could not be taken in; each is listed among the parked work. */
  parked: number;
}

/** @throws when not even parking works: then it is the store that fails, and the page stays to be read again. */
export async function hearPage(ctx: Context, page: PolledRows, options: HearOptions): Promise<HeardPage> {
  const total: HeardPage = { processed: 0, recovered: 0, parked: 0 };
  const park = async (row: Row, defect: string): Promise<void> => {
    await ctx.store.write((tx) => parkRow(tx, ctx, { orgId: page.org.id, object: page.object, row, defect }));
    total.parked++;
  };
  const readable: Row[] = [];
  for (const row of page.rows) {
    const defect = defectOf(row);
    if (defect === undefined) readable.push(row);
    else await park(row, defect);
  }

  /** Halves what fails until the row that does it stands alone. */
  const hear = async (rows: readonly Row[]): Promise<void> => {
    if (rows.length === 0) return;
    try {
      const heard = await ctx.store.write((tx) => hearRows(tx, ctx, { ...page, rows }, options));
      total.processed += heard.processed;
      total.recovered += heard.recovered;
      if (heard.processed > 0) await redriveHeard(ctx, page.org.id, page.object, rows);
    } catch (error) {
      const [row] = rows;
      if (rows.length === 1 && row) {
        ctx.log.error({ err: error, org: page.org.id, object: page.object }, "a polled row could not be taken in");
        return park(row, defectFrom(error));
      }
      const half = Math.ceil(rows.length / 2);
      await hear(rows.slice(0, half));
      await hear(rows.slice(half));
    }
  };
  await hear(readable);
  return total;
}
