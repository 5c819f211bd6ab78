/** A requested convert's settings, put in the form of a policy. Pure. */
import type { RunData } from "../store/json.ts";

export function askedPolicy(data: RunData): NonNullable<RunData["policy"]> {
  if (!data.asked) throw new Error("a run that nobody asked for has no request policy");
  return { name: "request", mode: data.asked.dryRun ? "observe" : "act", body: data.asked.body };
}

export const isDryRun = (data: RunData): boolean => data.asked?.dryRun === true;
export const observes = (data: RunData): boolean => data.policy?.mode === "observe";
