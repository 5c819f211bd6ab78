/**
 * Who owns it: the matched record's owner, or a turn of the pool. A record that a journey has routed before keeps its
 * owner: what people decided since is theirs. The turn, its price, its route-log entry and the advance are one transaction.
 */
import { and, eq } from "drizzle-orm";
import { LanternError } from "../errors.ts";
import { logRoute } from "../logs/log-route.ts";
import { assignCharge, nextUp, takeTurn, type TurnId } from "../routing/index.ts";
import { reserve, settleReservation } from "../credits/index.ts";
import type { JsonObject, RunData } from "../store/json.ts";
import type { Tx } from "../store/store.ts";
import { isDryRun, observes } from "./asked.ts";
import type { Advance, Commit, Journey } from "./journey.ts";
import { textOf } from "../salesforce/values.ts";

type Owner = NonNullable<RunData["owner"]>;

export async function own(journey: Journey): Promise<Commit> {
  const { run } = journey;
  const assign = run.data.policy?.body.assign;
  const current = textOf(run.data.record?.["OwnerId"] ?? null);
  const matched = await matchedOwner(journey);
  return async (tx) => {
    const owner = await decide(tx, journey, current, matched);
    if (observes(run.data)) return observed(tx, journey, owner, current);
    if (owner === null || !assign) return { to: "write" };
    return { to: "write", data: { owner } };
  };
}

interface MatchedOwner {
  ownerId: string;
  object: "Contact" | "Account";
  recordId: string;
}

/** The matched record as the org has it now; its owner may have changed since the mirror saw it. */
async function matchedOwner({ org, run }: Journey): Promise<MatchedOwner | null> {
  const evidence = run.data.match?.contact ?? run.data.match?.account;
  if (!evidence || run.data.match?.decision !== "match") return null;
  const object = run.data.match.contact ? "Contact" : "Account";
  const row = await org.gathered.read(object, evidence.recordId, ["Id", "OwnerId", "IsDeleted"]);
  const ownerId = row && row["IsDeleted"] !== true ? textOf(row["OwnerId"]) : null;
  if (ownerId === null)
    throw new LanternError(`The matched ${object} ${evidence.recordId} is gone; the record is looked at again.`, {
      code: "match_gone",
      fate: "backoff",
    });
  return { ownerId, object, recordId: evidence.recordId };
}

async function decide(
  tx: Tx,
  journey: Journey,
  current: string | null,
  matched: MatchedOwner | null,
): Promise<Owner | null> {
  const { ctx, run, record, config } = journey;
  const body = run.data.policy?.body ?? {};
  // A lead that becomes an existing contact: that contact keeps its owner, and no turn is taken.
  if (matched?.object === "Contact" && body.convert)
    return { id: matched.ownerId, by: "matched_owner", reason: "The matched contact keeps its owner." };
  const assign = body.assign;
  if (!assign) return null;
  if (record.routedAt !== null && !run.data.asked)
    return current === null ? null : { id: current, by: "kept", reason: "It was routed before; its owner stays." };
  if (matched && (assign.matched_owner_first ?? true)) {
    const [user] = await tx.db
      .select()
      .from(tx.t.users)
      .where(and(eq(tx.t.users.orgId, run.orgId), eq(tx.t.users.userId, matched.ownerId)));
    if (user?.active) {
      const owner: Owner = {
        id: matched.ownerId,
        by: "matched_owner",
        reason:
          `${user.name} owns the matched ${matched.object.toLowerCase()} ${matched.recordId}. ${run.data.match?.reason ?? ""}`.trim(),
      };
      if (!observes(run.data) && matched.ownerId !== current)
        await logRoute(tx, ctx, {
          orgId: run.orgId,
          object: run.object,
          objectId: run.recordId,
          action: "assign",
          assignedTo: owner.id,
          ...(current === null ? {} : { prevOwner: current }),
          reason: owner.reason,
          runId: run.id,
          explanation: evidenceOf(run.data),
          effectKey: `log:assign:${run.id}`,
        });
      return owner;
    }
  }
  if (!assign.pool) return null;
  if (observes(run.data)) {
    const next = await nextUp(tx, { orgId: run.orgId, pool: assign.pool, now: ctx.clock.now() });
    return next === null
      ? null
      : { id: next.userId, by: "turn", pool: assign.pool, reason: `${next.name} would be next in ${assign.pool}.` };
  }
  const turn = await takeTurn(tx, ctx, {
    orgId: run.orgId,
    pool: assign.pool,
    object: run.object,
    recordId: run.recordId,
    prevOwnerId: current,
    effectKey: run.data.asked
      ? `turn:convert:${run.orgId}:${run.recordId}`
      : `turn:${run.orgId}:${assign.pool}:${run.recordId}`,
    ...(run.data.asked ? {} : { source: "org" as const }),
    reason: run.data.match?.reason ?? "",
    excludeInactive: true,
    runId: run.id,
  });
  if ("none" in turn)
    throw new LanternError(
      `Nobody in the pool ${assign.pool} can take a turn: ${turn.none.map((m) => `${m.name ?? m.userId} (${m.reason})`).join(", ") || "it has no members"}.`,
      {
        code: "no_eligible_member",
      },
    );
  if (!turn.repeated && !run.data.asked) {
    const reservation = await reserve(tx, ctx, { amount: config.prices.assign, purpose: "assign" });
    await settleReservation(tx, ctx, reservation, {
      amount: config.prices.assign,
      effectKey: assignCharge({ orgId: run.orgId, pool: assign.pool, sequence: turn.sequence }),
    });
  }
  return { id: turn.ownerId, by: "turn", pool: assign.pool, sequence: turn.sequence, reason: turn.reason };
}

/** Observe mode and dry runs end here, saying what would have been done. */
async function observed(tx: Tx, journey: Journey, owner: Owner | null, current: string | null): Promise<Advance> {
  const { ctx, run } = journey;
  const plan = whatWouldHappen(run.data, owner);
  if (!isDryRun(run.data))
    await logRoute(tx, ctx, {
      orgId: run.orgId,
      object: run.object,
      objectId: run.recordId,
      action: "assign",
      mode: "observe",
      ...(owner ? { assignedTo: owner.id } : {}),
      ...(owner?.pool ? { pool: owner.pool } : {}),
      ...(current === null ? {} : { prevOwner: current }),
      reason: plan,
      runId: run.id,
      explanation: evidenceOf(run.data),
      effectKey: `log:observe:${run.id}`,
    });
  return {
    end: isDryRun(run.data) ? "dry_run" : "observed",
    reason: plan,
    data: { ...(owner ? { owner } : {}) },
    record: run.data.asked
      ? {}
      : {
          ...(run.data.hash ? { handledHash: run.data.hash } : {}),
          ...(run.data.modstamp ? { seenModstamp: run.data.modstamp } : {}),
        },
  };
}

function whatWouldHappen(data: RunData, owner: Owner | null): string {
  const target = data.match?.contact ?? data.match?.account;
  const parts = [
    Object.keys(data.changes ?? {}).length > 0 ? `fill ${Object.keys(data.changes ?? {}).join(", ")}` : null,
    data.match?.decision === "review" ? `open a review (${data.match.reason})` : null,
    owner && data.match?.decision !== "review" ? `give it to ${owner.id}: ${owner.reason}` : null,
    data.policy?.body.convert && data.match?.decision !== "review"
      ? target
        ? `convert it into ${target.object} ${target.recordId}`
        : "convert it into a new account and contact"
      : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? "Would have changed nothing." : `Would ${parts.join("; ")}.`;
}

export const evidenceOf = (data: RunData): JsonObject =>
  JSON.parse(JSON.stringify({ policy: data.policy?.name ?? null, match: data.match ?? null })) as JsonObject;

/** The turn that this run's owner came from, if any. */
export function turnOf({ orgId, data }: Pick<Journey["run"], "orgId" | "data">): TurnId | null {
  const { owner } = data;
  return owner?.pool === undefined || owner.sequence === undefined
    ? null
    : { orgId, pool: owner.pool, sequence: owner.sequence };
}
