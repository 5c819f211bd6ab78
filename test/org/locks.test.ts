/** Row locks: another transaction's, met by calls that wait for them or are refused. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "./caller.ts";
import { openOrg, until } from "./caller.ts";

let caller: Caller;
let ids: string[];
beforeEach(async () => {
  caller = await openOrg();
  ids = caller.org.control.as().create(
    "Lead",
    [1, 2, 3].map((n) => ({ LastName: `L${n}`, Company: "Engines" })),
  );
  caller.org.control.setLockWait(10_000);
});
const lead = (n: number): string => ids[n] ?? "";
const title = (n: number) => caller.org.control.record(lead(n))?.Title;
const patch = (id: string) => caller.rest("PATCH", `/sobjects/Lead/${id}`, { Title: "Countess" });
/** Until some call waits on the org's clock. */
const waiting = () => until(() => caller.org.control.waitingForLocks() === 1);

describe("a locked row", () => {
  test("is refused after ten seconds of waiting", async () => {
    caller.org.control.lock([lead(0)]);
    const call = patch(lead(0));
    await waiting();
    await caller.clock.advance(9_999);
    expect(title(0)).toBeNull();
    await caller.clock.advance(1);
    expect(await call).toMatchObject({ status: 400, body: [{ errorCode: "UNABLE_TO_LOCK_ROW" }] });
  });

  test("is written as soon as it is free", async () => {
    const unlock = caller.org.control.lock([lead(0)]);
    const call = patch(lead(0));
    await waiting();
    unlock();
    expect((await call).status).toBe(204);
    expect(title(0)).toBe("Countess");
  });

  test("is waited for by many calls side by side, and each is applied once", async () => {
    const unlock = caller.org.control.lock([lead(1)]);
    const records = (n: number) => [n, 1].map((i) => ({ attributes: { type: "Lead" }, id: lead(i), Title: `by ${n}` }));
    const save = (n: number) => caller.rest("PATCH", "/composite/sobjects", { allOrNone: false, records: records(n) });
    const calls = [save(0), save(2)];
    await until(() => caller.org.control.waitingForLocks() === 2);
    unlock();
    for (const { body } of await Promise.all(calls)) expect(body).toMatchObject([{ success: true }, { success: true }]);
    expect(caller.org.control.ledger().filter((entry) => entry.kind === "update")).toHaveLength(4);
  });

  test("is refused at once when nobody waits", async () => {
    caller.org.control.setLockWait(0);
    caller.org.control.lock([lead(0)]);
    expect((await patch(lead(0))).body).toMatchObject([{ errorCode: "UNABLE_TO_LOCK_ROW" }]);
  });

  test("holds up a collection, whose other rows are then written once", async () => {
    const unlock = caller.org.control.lock([lead(1)]);
    const records = ids.map((id) => ({ attributes: { type: "Lead" }, id, Title: "Countess" }));
    const call = caller.rest("PATCH", "/composite/sobjects", { allOrNone: false, records });
    await waiting();
    expect(title(0)).toBeNull();
    unlock();
    expect((await call).body).toMatchObject([{ success: true }, { success: true }, { success: true }]);
    const updates = caller.org.control.ledger().filter((entry) => entry.kind === "update");
    expect(updates.map((entry) => entry.id)).toEqual(ids);
  });

  test("in the middle of a composite leaves what came before it done, and done once", async () => {
    const unlock = caller.org.control.lock([lead(1)]);
    const call = caller.rest("POST", "/composite", {
      allOrNone: false,
      compositeRequest: ids.map((id, i) => ({
        method: "PATCH",
        url: `/services/data/v67.0/sobjects/Lead/${id}`,
        referenceId: `r${i}`,
        body: { Title: "Countess" },
      })),
    });
    await waiting();
    expect([title(0), title(1)]).toEqual(["Countess", null]);
    unlock();
    expect((await call).body).toMatchObject({ compositeResponse: ids.map(() => ({ httpStatusCode: 204 })) });
    expect(caller.org.control.ledger().filter((entry) => entry.kind === "update")).toHaveLength(3);
  });

  test("is one that a child's write wants too: contacts contend for their account", async () => {
    const [account = ""] = caller.org.control.as().create("Account", [{ Name: "Engines" }]);
    const unlock = caller.org.control.lock([account]);
    const call = caller.rest("POST", "/sobjects/Contact", { LastName: "Lovelace", AccountId: account });
    await waiting();
    unlock();
    expect((await call).status).toBe(201);
  });
});

test("single rows can be refused in the middle of a call", async () => {
  caller.org.control.setRowFault((_object, id) =>
    id === lead(1) ? { code: "UNABLE_TO_LOCK_ROW", message: "unable to obtain exclusive access" } : undefined,
  );
  const records = ids.map((id) => ({ attributes: { type: "Lead" }, id, Title: "Countess" }));
  const { body } = await caller.rest("PATCH", "/composite/sobjects", { allOrNone: false, records });
  expect(body).toMatchObject([
    { success: true },
    { success: false, errors: [{ statusCode: "UNABLE_TO_LOCK_ROW" }] },
    { success: true },
  ]);
});
