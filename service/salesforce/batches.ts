/** Lists longer than one call takes. */
import { SalesforceError } from "./errors.ts";

export function batchesOf<T>(items: readonly T[], size: number): T[][] {
  const batches: T[][] = [];
  for (let i = 0; i < items.length; i += size) batches.push(items.slice(i, i + size));
  return batches;
}

/** Results of reading batch after batch, in order. */
export async function readInBatches<T, R>(
  items: readonly T[],
  size: number,
  read: (batch: T[]) => Promise<R[]>,
): Promise<R[]> {
  const results: R[] = [];
  for (const batch of batchesOf(items, size)) results.push(...(await read(batch)));
  return results;
}

/**
 * Results of writing batch after batch, in order. When one fails after others were done, the failure is `unknown`,
 * whatever it was: repeating the whole list would write the done part twice.
 */
export async function writeInBatches<T, R>(
  items: readonly T[],
  size: number,
  write: (batch: T[]) => Promise<R[]>,
): Promise<R[]> {
  const results: R[] = [];
  for (const batch of batchesOf(items, size)) {
    try {
      results.push(...(await write(batch)));
    } catch (error) {
      if (results.length === 0 || !(error instanceof SalesforceError)) throw error;
      const message = `${results.length} of ${items.length} rows were sent before this failed: ${error.message} Read the records before trying again.`;
      throw new SalesforceError("unknown", error.statusCode, message, error);
    }
  }
  return results;
}
