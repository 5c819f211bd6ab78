/** A customer's own trigger that copies a field: in the save itself, or later, as an asynchronous flow does. */
import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../support/manual-clock.ts";
import { assemble } from "./assemble.ts";
import type { Control } from "./control.ts";

let control: Control;
let id: string;
beforeEach(() => {
  ({ control } = assemble({ clock: new ManualClock() }));
  id = control.as().create("Lead", [{ LastName: "Lovelace", Company: "Engines" }])[0] ?? "";
});
const integration = () => control.as(control.users.integrationUserId);
const announced = () => control.events().length;

describe("a mirror in the save", () => {
  test("copies the field whenever it changes, cut to the target's length, in the same write", () => {
    control.setMirrorTrigger("Lead", { from: "description", to: "salutation" });
    const [before, updates] = [announced(), control.ledger().length];
    integration().update("Lead", [{ Id: id, Description: "x".repeat(400) }]);
    expect(control.record(id)?.Salutation).toHaveLength(40);
    expect(control.ledger()).toHaveLength(updates + 1);
    // The writer holds the bypass, so nothing is announced, whatever the trigger changed.
    expect(announced()).toBe(before);
    control.setMirrorTrigger("Lead", null);
    integration().update("Lead", [{ Id: id, Description: null }]);
    expect(control.record(id)?.Salutation).toHaveLength(40);
  });
});

describe("a later mirror", () => {
  test("writes in a transaction of its own as its user, which is announced when the field is watched", () => {
    control.setMirrorTrigger("Lead", { from: "Description", to: "Title", laterAs: control.users.adminUserId });
    const before = announced();
    integration().update("Lead", [{ Id: id, Description: "first" }]);
    expect(control.record(id)).toMatchObject({ Title: "first", LastModifiedById: control.users.adminUserId });
    expect(announced()).toBe(before + 1);
    integration().update("Lead", [{ Id: id, Description: "first" }]);
    expect(announced()).toBe(before + 1);
  });
  test("is not announced when the field is not watched", () => {
    control.setMirrorTrigger("Lead", { from: "Description", to: "Fax", laterAs: control.users.adminUserId });
    const before = announced();
    integration().update("Lead", [{ Id: id, Description: "first" }]);
    expect(control.record(id)?.Fax).toBe("first");
    expect(announced()).toBe(before);
  });
});

test("an unknown field is refused by name", () => {
  expect(() => control.setMirrorTrigger("Lead", { from: "Nope", to: "Title" })).toThrow("No such column 'Nope'");
});
