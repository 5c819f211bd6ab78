/** `…/updated` and `…/deleted`: which records of an object changed in a span of whole minutes, and how far that is sure. */
import { PlatformError } from "../engine/errors.ts";
import type { SObject } from "../engine/schema.ts";
import { msOf, parseDateTime, stampOf } from "../engine/time.ts";
import type { RestAnswer, RestContext } from "./context.ts";
import { objectOf } from "./context.ts";

const minuteMs = 60_000;
const dayMs = 24 * 3_600_000;
const mostIds = 600_000;

interface Span {
  object: SObject;
  /** Whole minutes, ms; the end is not part of it. */
  start: number;
  end: number;
  /** Nothing that is committed later can lie before it. */
  latestDateCovered: string;
}

const wholeMinute = (ms: number): number => Math.floor(ms / minuteMs) * minuteMs;

function spanOf(ctx: RestContext, mostDays: number): Span {
  const object = objectOf(ctx, ctx.params[0]);
  if (object.kind === "event" || object.kind === "setting")
    throw new PlatformError("INVALID_TYPE", `entity type ${object.name} is not replicateable`);
  const [start, end] = ["start", "end"].map((name) => {
    const given = ctx.query.get(name) ?? "";
    const stamp = parseDateTime(given);
    if (stamp === undefined)
      throw new PlatformError("INVALID_REPLICATION_DATE", `${name} is not a date-time with a zone: '${given}'`);
    return wholeMinute(msOf(stamp));
  }) as [number, number];
  const now = ctx.org.clock.now();
  const refuse = (message: string) => new PlatformError("INVALID_REPLICATION_DATE", message);
  if (end - start < minuteMs) throw refuse("endDate must be at least one minute greater than startDate");
  if (start > now) throw refuse("startDate cannot be in the future");
  if (start < now - mostDays * dayMs) throw refuse(`startDate cannot be more than ${mostDays} days ago`);
  // An open transaction may still commit rows that carry the time of its beginning.
  const begun = [...ctx.org.open].map((tx) => msOf(tx.stamp));
  const covered = wholeMinute(Math.min(end, now, ...begun));
  return { object, start, end, latestDateCovered: stampOf(covered) };
}

export function updatedRecords(ctx: RestContext): RestAnswer {
  const { object, start, end, latestDateCovered } = spanOf(ctx, 30);
  const ids: string[] = [];
  for (const row of ctx.org.rows.since(object, stampOf(start)))
    if (row.IsDeleted !== true && msOf(String(row.SystemModstamp)) < end) ids.push(String(row.Id));
  if (ids.length > mostIds) throw new PlatformError("EXCEEDED_ID_LIMIT", `more than ${mostIds} ids; narrow the span`);
  return { status: 200, body: { ids, latestDateCovered } };
}

export function deletedRecords(ctx: RestContext): RestAnswer {
  const { object, start, end, latestDateCovered } = spanOf(ctx, 15);
  const inSpan = (stamp: string): boolean => msOf(stamp) >= start && msOf(stamp) < end;
  const binned = [...ctx.org.rows.since(object, stampOf(start))]
    .filter((row) => row.IsDeleted === true)
    .map((row) => ({ id: String(row.Id), deletedDate: String(row.SystemModstamp) }));
  const purged = ctx.org.purged.filter((gone) => gone.object === object.name);
  return {
    status: 200,
    body: {
      deletedRecords: [...binned, ...purged]
        .filter(({ deletedDate }) => inSpan(deletedDate))
        .map(({ id, deletedDate }) => ({ id, deletedDate })),
      earliestDateAvailable: stampOf(wholeMinute(ctx.org.clock.now() - 15 * dayMs)),
      latestDateCovered,
    },
  };
}
