import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../support/manual-clock.ts";
import { assemble } from "./assemble.ts";
import type { Control } from "./control.ts";

let control: Control;
beforeEach(() => {
  ({ control } = assemble({ clock: new ManualClock() }));
});
const lead = { LastName: "Lovelace", Company: "Engines" };
const announced = () =>
  control.events().map((e) => [e.data.payload.Object__c, e.data.payload.Change__c, e.data.payload.Record_Ids__c]);

describe("what the package announces", () => {
  test("one event per object and kind of change in a transaction, with all its ids", () => {
    const ids = control.as().create("Lead", [lead, lead, lead]);
    expect(announced()).toEqual([["Lead", "after_insert", ids.join(",")]]);
  });
  test("an update only when a watched field changed its value", () => {
    const [Id = ""] = control.as().create("Lead", [lead]);
    control.as().update("Lead", [{ Id, Rating: "Hot", Company: "Engines" }]);
    expect(announced()).toHaveLength(1);
    control.as().update("Lead", [{ Id, Company: "Engines Ltd" }]);
    expect(announced()[1]).toEqual(["Lead", "after_update", Id]);
  });
  test("deletion and undeletion", () => {
    const ids = control.as().create("Lead", [lead]);
    control.as().delete("Lead", ids);
    control.as().undelete("Lead", ids);
    expect(announced().map(([, change]) => change)).toEqual(["after_insert", "after_delete", "after_undelete"]);
  });
  test("nothing of a transaction that is rolled back", () => {
    const open = control.begin();
    open.create("Lead", [lead]);
    open.rollback();
    expect(announced()).toEqual([]);
  });
  test("nothing by the integration user, who holds the bypass by the package's permission set", () => {
    control.as(control.users.integrationUserId).create("Lead", [lead]);
    expect(announced()).toEqual([]);
  });
  test("nothing while the master switch is off, for the org or for the one who acts", () => {
    const admin = control.as(control.users.adminUserId);
    const [Id = ""] = admin.create("Lantern_Settings__c", [{ Enabled__c: false }]);
    control.as().create("Lead", [lead]);
    expect(announced()).toEqual([]);
    admin.update("Lantern_Settings__c", [{ Id, Enabled__c: true }]);
    admin.create("Lantern_Settings__c", [{ SetupOwnerId: control.users.repUserId, Enabled__c: false }]);
    control.as().create("Lead", [lead]);
    expect(announced()).toEqual([]);
    admin.create("Lead", [lead]);
    expect(announced()).toHaveLength(1);
  });
  test("watch rows replace the default list, and an inactive one silences its object", () => {
    const admin = control.as(control.users.adminUserId);
    const [Id = ""] = admin.create("Lantern_Watch__c", [
      { Name: "Leads", Object__c: "Lead", Fields__c: "Rating, Title" },
    ]);
    const [first = ""] = control.as().create("Lead", [lead]);
    control.as().create("Account", [{ Name: "not watched now" }]);
    control.as().update("Lead", [{ Id: first, Company: "not watched now" }]);
    control.as().update("Lead", [{ Id: first, Rating: "Hot" }]);
    expect(announced().map(([, change]) => change)).toEqual(["after_insert", "after_update"]);
    admin.update("Lantern_Watch__c", [{ Id, Active__c: false }]);
    control.as().create("Lead", [lead]);
    expect(announced()).toHaveLength(2);
  });
});
