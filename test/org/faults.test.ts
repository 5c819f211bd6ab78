import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "./caller.ts";
import { openOrg, until } from "./caller.ts";

let caller: Caller;
beforeEach(async () => {
  caller = await openOrg();
});
const lead = { LastName: "Lovelace", Company: "Engines" };
const create = () => caller.rest("POST", "/sobjects/Lead", lead);
const leads = () => caller.org.control.records("Lead").length;
const settled = () => until(() => caller.org.control.faults.held() === 1);

describe("faults", () => {
  test("a call cut before it is applied leaves nothing", async () => {
    caller.org.control.faults.add({ match: "create", action: "cutBefore" });
    await expect(create()).rejects.toThrow();
    expect(leads()).toBe(0);
    expect((await create()).status).toBe(201);
  });
  test("a call cut after it is applied is in the ledger once", async () => {
    caller.org.control.faults.add({ match: "create", action: "cutAfter" });
    await expect(create()).rejects.toThrow();
    expect(caller.org.control.ledger()).toMatchObject([{ kind: "insert", object: "Lead" }]);
  });
  test("a status strikes the n-th matching call, as often as asked, and no other", async () => {
    caller.org.control.faults.add({
      match: "create",
      nth: 2,
      times: 2,
      action: { status: 503, code: "SERVER_UNAVAILABLE" },
    });
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await create()).status);
    expect(statuses).toEqual([201, 503, 503, 201]);
    expect((await caller.rest("GET", "/limits")).status).toBe(200);
  });
  test("an HTML page can stand in for an answer", async () => {
    caller.org.control.faults.add({ match: "*", action: { status: 502, body: "<html>Bad gateway</html>" } });
    expect(await create()).toMatchObject({ status: 502, body: "<html>Bad gateway</html>" });
  });
  test("the page of an org that is down is no JSON", async () => {
    caller.org.control.faults.add({ match: "create", action: { html: 503 } });
    const reply = await create();
    expect(reply).toMatchObject({ status: 503, body: expect.stringContaining("<html>") as string });
    expect(leads()).toBe(0);
  });
  test("a lie tells of a failure though the call was applied, and an answer can be rewritten", async () => {
    const { faults } = caller.org.control;
    faults.add({ match: "create", action: { lie: { status: 400, code: "UNKNOWN_EXCEPTION" } } });
    expect(await create()).toMatchObject({ status: 400, body: [{ errorCode: "UNKNOWN_EXCEPTION" }] });
    expect(leads()).toBe(1);
    faults.add({ match: "create", action: { rewrite: (answer) => ({ ...answer, json: { id: "no id" } }) } });
    expect((await create()).body).toEqual({ id: "no id" });
    expect(leads()).toBe(2);
  });
  test("a share of the calls is struck until a time, by a random that can be seeded", async () => {
    const { faults, now } = { faults: caller.org.control.faults, now: caller.clock.now() };
    const drawn = [0.1, 0.9, 0.2, 0.8];
    faults.random = () => drawn.shift() ?? 0;
    faults.add({
      match: "create",
      share: 0.5,
      untilMs: now + 60_000,
      action: { status: 503, code: "SERVER_UNAVAILABLE" },
    });
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await create()).status);
    expect(statuses).toEqual([503, 201, 503, 201]);
    await caller.clock.advance(60_000);
    expect((await create()).status).toBe(201);
  });
  test("a held call waits for its release and is then applied; a hanging one is never answered", async () => {
    const { faults } = caller.org.control;
    faults.add({ match: "create", action: "hold" });
    const held = create();
    await settled();
    expect([faults.held(), leads()]).toEqual([1, 0]);
    faults.release();
    expect((await held).status).toBe(201);
    faults.add({ match: "create", action: "hang" });
    const hanging = create();
    await settled();
    expect(faults.held()).toBe(1);
    await Promise.all([expect(hanging).rejects.toThrow(), caller.org.close()]);
    expect(leads()).toBe(1);
  });
  test("a delay is one of the org's clock", async () => {
    caller.org.control.faults.add({ match: "create", action: { delay: 60_000 } });
    const slow = create();
    await settled();
    expect(leads()).toBe(0);
    await caller.clock.advance(60_000);
    expect((await slow).status).toBe(201);
  });
});

describe("the control API over HTTP", () => {
  const control = (verb: string, body?: object) =>
    caller.send(`/__control/${verb}`, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });

  test("edits as a person and shows ledger, records, calls and events", async () => {
    const made = (await control("create", { object: "Lead", rows: [lead] })).body as string[];
    await control("update", { object: "Lead", rows: [{ Id: made[0], Title: "Countess" }] });
    expect((await control("ledger?since=1")).body).toMatchObject([
      { n: 2, kind: "update", changes: { Title: [null, "Countess"] } },
    ]);
    expect((await control("records?object=Lead&Title=Countess")).body).toMatchObject([{ Id: made[0] }]);
    expect((await control("calls")).body).toEqual({ total: 0, byKind: {} });
    expect((await control("events")).body).toHaveLength(2);
  });
  test("keeps transactions and locks open between requests, by name", async () => {
    const [kept] = (await control("create", { object: "Lead", rows: [lead] })).body as string[];
    await control("begin", { name: "t" });
    const [made] = (await control("in-transaction", { name: "t", object: "Lead", create: [lead] })).body as string[];
    expect((await control(`record?id=${made ?? ""}`)).body).toBeNull();
    await control("commit", { name: "t" });
    expect((await control(`record?id=${made ?? ""}`)).body).toMatchObject({ Id: made });
    await control("lock", { name: "l", ids: [kept] });
    const edit = { object: "Lead", rows: [{ Id: kept, Title: "Countess" }] };
    expect(await control("update", edit)).toMatchObject({ status: 400, body: { code: "UNABLE_TO_LOCK_ROW" } });
    await control("unlock", { name: "l" });
    expect((await control("update", edit)).status).toBe(200);
    expect(await control("commit", { name: "t" })).toMatchObject({
      status: 400,
      body: { error: "No transaction named t is open." },
    });
  });
  test("moves a manual clock, and names its verbs to whoever asks for another", async () => {
    await control("advance", { ms: 5000 });
    expect((await control("now")).body).toEqual({ now: Date.parse("2026-11-23T10:00:05Z") });
    expect(await control("nope", {})).toMatchObject({ status: 404, body: { error: "No control verb POST nope." } });
  });
  test("shows a refusal with the platform's code", async () => {
    expect(await control("create", { object: "Lead", rows: [{ LastName: "x" }] })).toMatchObject({
      status: 400,
      body: { code: "REQUIRED_FIELD_MISSING" },
    });
  });
});

describe("the webhook", () => {
  test("posts at most 100 ids a call after the commit, with the key, and never again", async () => {
    const posts: {
      authorization: string | undefined;
      body: { object: string; ids: string[]; event: string; org_id: string };
    }[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        posts.push({
          authorization: request.headers.authorization,
          body: JSON.parse(Buffer.concat(chunks).toString()) as (typeof posts)[number]["body"],
        });
        response.writeHead(posts.length === 1 ? 500 : 202).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { control, orgId } = caller.org;
    try {
      control.aimWebhook({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, apiKey: "key" });
      const made = control.as().create(
        "Lead",
        Array.from({ length: 150 }, () => lead),
      );
      await control.webhookIdle();
      expect(posts.map((p) => p.body.ids.length)).toEqual([100, 50]);
      expect(posts.flatMap((p) => p.body.ids)).toEqual(made);
      expect(posts[0]).toMatchObject({
        authorization: "Bearer key",
        body: { object: "Lead", event: "after_insert", org_id: orgId },
      });
      expect(control.webhook()).toEqual({ sent: 1, failed: 1, waiting: 0 });
    } finally {
      server.close();
    }
  });
});
