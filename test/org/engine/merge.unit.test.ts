import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../support/manual-clock.ts";
import { assemble } from "../assemble.ts";
import type { Control, Input } from "../control.ts";
import { PlatformError } from "./errors.ts";
import { merge } from "./merge.ts";

let parts: ReturnType<typeof assemble>;
let control: Control;
beforeEach(() => {
  parts = assemble({ clock: new ManualClock() });
  control = parts.control;
});
const one = (object: string, row: Input): string => control.as().create(object, [row])[0] ?? "";
/** As a person without the bypass, so that what is announced can be seen. */
const join = (object: string, masterId: string, loserIds: string[], fields: Input = {}) =>
  parts.org.transact(control.users.adminUserId, (tx) =>
    merge(
      tx,
      { object: parts.org.schema.get(object), masterId, loserIds, fields },
      { allowDuplicates: false, truncate: false },
    ),
  );
function refused(work: () => unknown): string {
  try {
    work();
    return "not refused";
  } catch (error) {
    if (error instanceof PlatformError) return error.code;
    throw error;
  }
}

describe("merging", () => {
  test("events, tasks, memberships and opportunities lead to the master afterwards, without a trigger of their own", () => {
    const account = one("Account", { Name: "Engines" });
    const [master, loser] = [1, 2].map((n) => one("Contact", { LastName: `c${n}`, AccountId: account })) as [
      string,
      string,
    ];
    const children = [
      one("Event", { WhoId: loser, Subject: "demo" }),
      one("Task", { WhoId: loser, Subject: "call" }),
      one("CampaignMember", { CampaignId: one("Campaign", { Name: "c" }), ContactId: loser }),
    ];
    const before = control.events().length;
    const merged = join("Contact", master, [loser]);
    expect(children.map((id) => control.record(id)?.WhoId ?? control.record(id)?.ContactId)).toEqual(
      children.map(() => master),
    );
    expect(merged.updatedRelatedIds).toEqual(expect.arrayContaining(children));
    const told = control.events().slice(before);
    expect(told.map((e) => e.data.payload.Object__c)).toEqual(["Contact"]);
  });

  test("the master keeps its values and takes those given; losers are deleted and name their master", () => {
    const [master, a, b] = [
      one("Account", { Name: "m" }),
      one("Account", { Name: "a", Phone: "1" }),
      one("Account", { Name: "b" }),
    ];
    const done = join("Account", master, [a, b], { Website: "m.example" });
    expect(done.mergedRecordIds).toEqual([a, b]);
    expect(control.record(master)).toMatchObject({ Name: "m", Phone: null, Website: "m.example", IsDeleted: false });
    expect(control.record(a)).toMatchObject({ IsDeleted: true, MasterRecordId: master });
    expect(control.record(b)).toMatchObject({ IsDeleted: true, MasterRecordId: master });
  });

  test("what hung on a loser hangs on the master, with a new stamp and no announcement of its own", () => {
    const [master, loser] = [one("Account", { Name: "m" }), one("Account", { Name: "l" })];
    const contact = one("Contact", { LastName: "c", AccountId: loser });
    const deal = one("Opportunity", { Name: "o", AccountId: loser, StageName: "Prospecting", CloseDate: "2026-12-01" });
    const before = control.events().length;
    const done = join("Account", master, [loser]);
    expect(control.record(contact)).toMatchObject({ AccountId: master, IsDeleted: false });
    expect(control.record(deal)).toMatchObject({ AccountId: master, IsDeleted: false });
    expect(done.updatedRelatedIds.sort()).toEqual([contact, deal].sort());
    const announced = control
      .events()
      .slice(before)
      .map((e) => [e.data.payload.Object__c, e.data.payload.Change__c]);
    expect(announced).toEqual([["Account", "after_delete"]]);
  });

  test("a second membership of the same campaign is dropped", () => {
    const campaign = one("Campaign", { Name: "c" });
    const [master, loser] = [
      one("Lead", { LastName: "m", Company: "x" }),
      one("Lead", { LastName: "l", Company: "x" }),
    ];
    const kept = one("CampaignMember", { CampaignId: campaign, LeadId: master });
    const dropped = one("CampaignMember", { CampaignId: campaign, LeadId: loser });
    join("Lead", master, [loser]);
    expect(control.record(kept)?.IsDeleted).toBe(false);
    expect(control.record(dropped)?.IsDeleted).toBe(true);
  });

  test("is refused for three losers, another object, itself, an object without merge, and gone or converted records", () => {
    const lead = () => one("Lead", { LastName: "l", Company: "x" });
    const account = one("Account", { Name: "a" });
    const [m, a] = [lead(), lead()];
    expect(refused(() => join("Lead", m, [a, lead(), lead()]))).toBe("INVALID_NUM_ARGS");
    expect(refused(() => join("Lead", m, [account]))).toBe("MALFORMED_ID");
    expect(refused(() => join("Lead", m, [m]))).toBe("MERGE_FAILED");
    expect(refused(() => join("Task", m, [a]))).toBe("INVALID_TYPE_FOR_OPERATION");
    control.as().delete("Lead", [a]);
    expect(refused(() => join("Lead", m, [a]))).toBe("ENTITY_IS_DELETED");
    expect(control.record(m)?.IsDeleted).toBe(false);
  });

  test("a refused value leaves everything as it was", () => {
    const [master, loser] = [one("Account", { Name: "m" }), one("Account", { Name: "l" })];
    expect(refused(() => join("Account", master, [loser], { Name: null }))).toBe("REQUIRED_FIELD_MISSING");
    expect(control.record(loser)?.IsDeleted).toBe(false);
  });
});
