/** A run's end, in the words of the convert endpoint's answer. Pure. */
import type { RunData } from "../store/json.ts";
import type { EndedRun } from "./wait-for-run.ts";

type Action = { action: string; object: string; id: string | null; detail: string };

export function answerOf(ended: EndedRun, creditsRemaining: number) {
  const { data } = ended;
  return {
    success: true as const,
    status: statusOf(ended),
    account_id: data.converted?.accountId ?? data.match?.account?.recordId ?? null,
    contact_id: data.converted?.contactId ?? data.match?.contact?.recordId ?? null,
    opportunity_id: data.converted?.opportunityId ?? null,
    owner_id: ownerOf(data),
    actions: actionsOf(ended),
    credits_consumed: (data.creditsConsumed ?? 0) / 100,
    credits_remaining: creditsRemaining,
    processing_time_ms: 0,
    cached: false,
    ...(data.asked?.dryRun ? { dry_run: true } : {}),
    ...(data.match ? { matches: data.match.candidates } : {}),
  };
}

function statusOf({ outcome, data }: EndedRun): "converted" | "failed" | "duplicate" {
  switch (outcome) {
    case "converted":
    case "already_converted":
      return "converted";
    case "review":
      return "duplicate";
    case "dry_run":
      return data.match?.decision === "review" ? "duplicate" : "converted";
    default:
      return "failed";
  }
}

const ownerOf = (data: RunData): string | null =>
  data.owner?.id ?? (typeof data.record?.["OwnerId"] === "string" ? data.record["OwnerId"] : null);

function actionsOf({ outcome, reason, data }: EndedRun): Action[] {
  const actions: Action[] = [];
  const dry = data.asked?.dryRun === true;
  if (data.owner)
    actions.push({
      action: dry ? "would_assign" : "assign",
      object: "Lead",
      id: data.owner.id,
      detail: data.owner.reason,
    });
  if (data.converted && !data.converted.adopted) {
    const { match, converted } = data;
    actions.push({
      action: match?.contact ? "merge_lead_into_contact" : "create_contact",
      object: "Contact",
      id: converted.contactId,
      detail: match?.contact?.explanation ?? "No contact matched; a new one was made.",
    });
    actions.push({
      action: match?.account || match?.contact ? "attach_to_account" : "create_account",
      object: "Account",
      id: converted.accountId,
      detail:
        match?.account?.explanation ??
        (match?.contact ? "The account of the matched contact." : "No account matched; a new one was made."),
    });
    if (converted.opportunityId !== null)
      actions.push({
        action: "create_opportunity",
        object: "Opportunity",
        id: converted.opportunityId,
        detail: "Asked for by the request or the policy.",
      });
  }
  if (data.reviewId) actions.push({ action: "review_opened", object: "Review", id: data.reviewId, detail: reason });
  else actions.push({ action: outcome, object: "Lead", id: null, detail: reason });
  return actions;
}
