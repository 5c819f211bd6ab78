/** Records with owners, held in memory: what routing needs of an org. */
import type { ConditionalResult, ConditionalUpdate, Row, RowFailure } from "../../service/salesforce/port.ts";

export class FakeOrg {
  readonly rows = new Map<string, { OwnerId: string; modstamp: number; IsConverted: boolean }>();
  writes: ConditionalUpdate[] = [];
  /** Called before each write; what it answers is the write's answer. */
  beforeWrite: (update: ConditionalUpdate) => RowFailure | void | Error = () => undefined;
  readonly gathered = {
    read: async (_object: string, id: string): Promise<Row | null> => {
      const row = this.rows.get(id);
      if (!row) return null;
      const { OwnerId, IsConverted, modstamp } = row;
      return { Id: id, OwnerId, IsConverted, SystemModstamp: new Date(modstamp).toISOString().replace("Z", "+0000") };
    },
    write: async (update: ConditionalUpdate): Promise<ConditionalResult> => {
      const outcome = this.beforeWrite(update);
      if (outcome instanceof Error) throw outcome;
      if (outcome) return { status: "failed", errors: [outcome] };
      const row = this.rows.get(update.id);
      if (!row) return { status: "failed", errors: [failure("ENTITY_IS_DELETED")] };
      if (row.modstamp > update.unmodifiedSince) return { status: "moved" };
      this.writes.push(update);
      this.set(update.id, JSON.stringify(update.fields["OwnerId"]).slice(1, -1));
      return { status: "written" };
    },
  };
  set(id: string, OwnerId: string, IsConverted = false): void {
    const before = this.rows.get(id)?.modstamp ?? 1_700_000_000_000;
    this.rows.set(id, { OwnerId, IsConverted, modstamp: before + 1_000 });
  }
  owner(id: string): string | undefined {
    return this.rows.get(id)?.OwnerId;
  }
}

export const failure = (statusCode: string): RowFailure => ({
  statusCode,
  message: `${statusCode} it says`,
  fields: [],
});
