import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../support/manual-clock.ts";
import { assemble } from "../assemble.ts";
import type { Control, Input } from "../control.ts";
import { PlatformError } from "./errors.ts";
import { normaliseId, to18 } from "./ids.ts";

let clock: ManualClock;
let control: Control;
beforeEach(() => {
  clock = new ManualClock();
  ({ control } = assemble({ clock }));
});

function refused(work: () => unknown): string {
  try {
    work();
    return "not refused";
  } catch (error) {
    if (error instanceof PlatformError) return error.code;
    throw error;
  }
}
const lead = (more: Input = {}): Input => ({ LastName: "Lovelace", Company: "Engines", ...more });
const one = (object: string, row: Input, user?: string): string => control.as(user).create(object, [row])[0] ?? "";

describe("ids", () => {
  test.each([
    ["001A0000006Vm9r", "IAC"],
    ["003RM0000068xV6", "YAI"],
    ["001RM000003oLnn", "YAE"],
  ])("%s ends in %s", (id15, check) => {
    expect(to18(id15)).toBe(id15 + check);
    expect(normaliseId(id15)).toBe(id15 + check);
  });
  test("an id whose check characters do not fit is none", () => {
    expect(normaliseId("001A0000006Vm9rAAA")).toBeUndefined();
  });
  test("objects carry the platform's prefixes, and the package's its own", () => {
    expect(one("Lead", lead())).toMatch(/^00Q\w{15}$/);
    expect(one("Lantern_Policy__c", { Name: "p" })).toMatch(/^a0/);
  });
});

describe("saving", () => {
  test.each<[string, string, Input, string]>([
    ["a required field is missing", "Lead", { LastName: "x" }, "REQUIRED_FIELD_MISSING"],
    ["a text is too long", "Lead", lead({ LastName: "x".repeat(81) }), "STRING_TOO_LONG"],
    ["a field is unknown", "Lead", lead({ Nope: 1 }), "INVALID_FIELD"],
    ["a field is the platform's own", "Lead", lead({ IsConverted: true }), "INVALID_FIELD_FOR_INSERT_UPDATE"],
    ["an e-mail address is none", "Lead", lead({ Email: "nope" }), "INVALID_EMAIL_ADDRESS"],
    [
      "a restricted picklist has no such value",
      "Lantern_Policy__c",
      { Name: "p", Mode__c: "later" },
      "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    ],
    ["an id is of another object", "Contact", { LastName: "x", AccountId: to18("003000000000001") }, "MALFORMED_ID"],
    [
      "a parent is not there",
      "Contact",
      { LastName: "x", AccountId: to18("001000000000001") },
      "INVALID_CROSS_REFERENCE_KEY",
    ],
    ["a user may not be created", "User", { LastName: "x" }, "INVALID_TYPE_FOR_OPERATION"],
    ["a number is a word", "Lead", lead({ NumberOfEmployees: "many" }), "JSON_PARSER_ERROR"],
  ])("is refused when %s", (_why, object, row, code) => {
    expect(refused(() => control.as().create(object, [row]))).toBe(code);
    expect(control.records(object, (r) => r.LastName === "x")).toEqual([]);
  });

  test("a key that another row has, in any case, is a duplicate value", () => {
    one("Lantern_Pool__c", { Name: "a", Key__c: "West" });
    expect(refused(() => one("Lantern_Pool__c", { Name: "b", Key__c: "west" }))).toBe("DUPLICATE_VALUE");
  });

  test("the package's defaults are applied", () => {
    const id = one("Lantern_Policy__c", { Name: "p" });
    expect(control.record(id)).toMatchObject({ Mode__c: "observe", Active__c: true });
  });

  test("texts are trimmed and an empty one is null", () => {
    const id = one("Lead", lead({ FirstName: " Ada ", Title: "  " }));
    expect(control.record(id)).toMatchObject({ FirstName: "Ada", Name: "Ada Lovelace", Title: null });
  });

  test("an inactive user cannot become owner, nor a queue that does not serve the object", () => {
    const gone = control.createUser({ name: "Gone Girl", active: false });
    const queue = control.createQueue({ name: "Cases", objects: ["Task"] });
    expect(refused(() => one("Lead", lead({ OwnerId: gone })))).toBe("INACTIVE_OWNER_OR_USER");
    expect(refused(() => one("Lead", lead({ OwnerId: queue })))).toBe("INVALID_OPERATION");
    expect(refused(() => one("Account", { Name: "a", OwnerId: control.users.leadQueueId }))).toBe("MALFORMED_ID");
  });

  test("one bad row of a transaction takes all others with it", () => {
    expect(refused(() => control.as().create("Lead", [lead(), { LastName: "x" }]))).toBe("REQUIRED_FIELD_MISSING");
    expect(control.records("Lead")).toEqual([]);
    expect(control.ledger()).toEqual([]);
  });

  test("validation rules refuse, and can be taken off", () => {
    control.setValidationRule("Lead", { field: "Email", op: "blank", message: "Email, please." });
    expect(refused(() => one("Lead", lead()))).toBe("FIELD_CUSTOM_VALIDATION_EXCEPTION");
    control.setValidationRule("Lead", null);
    expect(refused(() => one("Lead", lead()))).toBe("not refused");
  });

  test("a blocking duplicate rule refuses people too; an alert they click away", () => {
    one("Lead", lead({ Email: "a@b.co" }));
    control.setDuplicateRule({ object: "Lead", fields: ["Email"], action: "alert" });
    expect(refused(() => one("Lead", lead({ Email: "A@B.co" })))).toBe("not refused");
    control.setDuplicateRule({ object: "Lead", fields: ["Email"], action: "block" });
    expect(refused(() => one("Lead", lead({ Email: "A@B.co" })))).toBe("DUPLICATES_DETECTED");
  });
});

describe("the ledger", () => {
  test("an owner change has its own entry beside the update, with old and new", () => {
    const { users } = control;
    const id = one("Lead", lead());
    control.as().update("Lead", [{ Id: id, OwnerId: users.adminUserId, Title: "Countess" }]);
    expect(control.ledger(1)).toMatchObject([
      {
        n: 2,
        kind: "update",
        object: "Lead",
        id,
        user: users.repUserId,
        at: clock.now(),
        changes: { Title: [null, "Countess"] },
      },
      { n: 3, kind: "owner", id, changes: { OwnerId: [users.repUserId, users.adminUserId] } },
    ]);
  });
});

describe("transactions", () => {
  test("what is not committed is not seen; committed late, it carries the stamp of its beginning", async () => {
    const late = control.begin();
    const [id = ""] = late.create("Lead", [lead()]);
    await clock.advance(240_000);
    expect(control.record(id)).toBeUndefined();
    late.commit();
    expect(control.record(id)?.SystemModstamp).toBe("2026-11-23T10:00:00.000+0000");
    expect(control.ledger()).toMatchObject([{ kind: "insert", at: clock.now() }]);
    expect(control.events()).toHaveLength(1);
  });

  test("a row in somebody's open transaction is locked until it ends", () => {
    const id = one("Lead", lead());
    const open = control.begin();
    open.update("Lead", [{ Id: id, Title: "a" }]);
    expect(refused(() => control.as().update("Lead", [{ Id: id, Title: "b" }]))).toBe("UNABLE_TO_LOCK_ROW");
    open.rollback();
    expect(refused(() => control.as().update("Lead", [{ Id: id, Title: "b" }]))).toBe("not refused");
    expect(control.record(id)?.Title).toBe("b");
  });
});

describe("deleting", () => {
  test("an account takes its contacts along, and brings them back", () => {
    const account = one("Account", { Name: "a" });
    const contact = one("Contact", { LastName: "c", AccountId: account });
    control.as().delete("Account", [account]);
    expect(control.record(contact)?.IsDeleted).toBe(true);
    expect(refused(() => control.as().update("Contact", [{ Id: contact, Title: "t" }]))).toBe("ENTITY_IS_DELETED");
    control.as().undelete("Account", [account]);
    expect(control.record(contact)?.IsDeleted).toBe(false);
  });
});
