import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  connectSalesforce,
  gathered,
  openStream,
  soql,
  type ConnectOptions,
  type StreamEvent,
} from "../../service/salesforce/index.ts";
import { startOrg } from "../org/start.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { quiet } from "./tiny-server.ts";

async function connected(options: Partial<ConnectOptions> = {}) {
  const clock = new ManualClock();
  const org = await startOrg({ clock });
  onTestFinished(() => org.close());
  const salesforce = await connectSalesforce({
    loginUrl: org.url,
    auth: { kind: "client_credentials", clientId: org.clientId, clientSecret: org.clientSecret },
    allowInsecureLocal: true,
    clock,
    log: quiet,
    random: () => 0,
    ...options,
  });
  const rep = org.control.as();
  const createLeads = (count: number, fields: object = {}) =>
    rep.create(
      "Lead",
      Array.from({ length: count }, (_, i) => ({ LastName: `Lead ${i}`, Company: "Acme", ...fields })),
    );
  const modstamp = (id: string) => Date.parse(String(org.control.record(id)?.["SystemModstamp"]));
  return { clock, org, control: org.control, salesforce, rep, createLeads, modstamp };
}

describe("who and what", () => {
  test("identify tells the org and the user behind the session, in one call", async () => {
    const { salesforce, org, control } = await connected();
    control.resetCalls();
    expect(await salesforce.identify()).toEqual({
      orgId: org.orgId,
      name: "Stand-in Org",
      sandbox: false,
      userId: org.integrationUserId,
      username: org.username,
      instanceUrl: org.url,
    });
    expect(control.calls().total).toBe(1);
  });

  test("a JWT login is that user's", async () => {
    const { org, clock } = await connected();
    const salesforce = await connectSalesforce({
      loginUrl: org.url,
      auth: {
        kind: "jwt_bearer",
        clientId: org.clientId,
        username: org.username,
        privateKey: org.privateKey,
        audience: org.url,
      },
      allowInsecureLocal: true,
      clock,
      log: quiet,
    });
    expect((await salesforce.identify()).username).toBe(org.username);
  });

  test("describe knows the package's fields", async () => {
    const { salesforce } = await connected();
    const lead = await salesforce.describe("Lead");
    expect(lead.keyPrefix).toBe("00Q");
    expect(lead.fields.get("Lantern_Run__c")).toMatchObject({ custom: true, updateable: true, length: 40 });
    expect(lead.fields.get("IsConverted")).toMatchObject({ updateable: false });
    await expect(salesforce.describe("Nope__c")).rejects.toMatchObject({ kind: "follow" });
  });

  test("the budget comes with every answer, the org's time too", async () => {
    const { salesforce, control, clock } = await connected();
    control.setApiUsage({ used: 900, limit: 1_000 });
    await salesforce.query({ soql: soql.select({ fields: ["Id"], from: "User" }) });
    expect(salesforce.budget()).toMatchObject({ limit: 1_000, state: "warned" });
    expect(salesforce.serverNow()).toBe(clock.now());
  });
});

describe("reading", () => {
  test("pages follow each other to the last row", async () => {
    const { salesforce, createLeads, control } = await connected();
    const ids = createLeads(450);
    control.setPageSize(200);
    const rows = [];
    let page = await salesforce.query({ soql: soql.select({ fields: ["Id"], from: "Lead", orderBy: ["Id"] }) });
    for (;;) {
      rows.push(...page.rows);
      if (page.next === null) break;
      page = await salesforce.queryMore(page.next);
    }
    expect(rows.map((row) => row["Id"])).toEqual([...ids].sort());
  });

  test("any text is found by its own query and no other row is", async () => {
    const { salesforce, rep } = await connected();
    const names = ["O'Hara", "back\\slash", "\\' OR Company LIKE '%", "100%", "a_b", "line\nfeed", 'say "hi"'];
    rep.create(
      "Lead",
      names.map((Company) => ({ LastName: "x", Company })),
    );
    for (const name of names) {
      const { rows } = await salesforce.query({
        soql: soql.select({ fields: ["Company"], from: "Lead", where: soql.equals("Company", name) }),
      });
      expect(rows).toEqual([{ Company: name }]);
    }
  });

  test("relationship fields are nested rows; deleted rows are seen with `all` only", async () => {
    const { salesforce, createLeads, rep } = await connected();
    const [kept = "", gone = ""] = createLeads(2);
    rep.delete("Lead", [gone]);
    const ask = soql.select({ fields: ["Id", "Owner.Name", "IsDeleted"], from: "Lead", orderBy: ["Id"] });
    expect((await salesforce.query({ soql: ask })).rows).toEqual([
      { Id: kept, Owner: { Name: "Rita Rep" }, IsDeleted: false },
    ]);
    expect((await salesforce.query({ soql: ask, all: true })).rows.map((row) => row["IsDeleted"]).sort()).toEqual([
      false,
      true,
    ]);
  });

  test("five queries cost one call, and one that fails leaves the others", async () => {
    const { salesforce, control } = await connected();
    control.resetCalls();
    const users = { soql: soql.select({ fields: ["Id"], from: "User" }) };
    const results = await salesforce.queries([
      users,
      { soql: "SELECT Nope FROM User" },
      users,
      users,
      { ...users, all: true },
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true, true, true]);
    expect(results[1]).toMatchObject({ errors: [{ statusCode: "INVALID_FIELD" }] });
    expect(control.calls().total).toBe(1);
  });

  test("rows by id come in the order asked, with null for those that are gone", async () => {
    const { salesforce, createLeads, rep } = await connected();
    const ids = createLeads(3);
    rep.delete("Lead", [ids[1] ?? ""]);
    const rows = await salesforce.retrieve("Lead", [...ids].reverse(), ["Id", "Company"]);
    expect(rows).toEqual([{ Id: ids[2], Company: "Acme" }, null, { Id: ids[0], Company: "Acme" }]);
  });
});

test("a parent's field can be read with the row, whether or not the id is asked for", async () => {
  const { salesforce, createLeads, rep } = await connected();
  const ids = createLeads(2);
  rep.delete("Lead", [ids[1] ?? ""]);
  expect(await salesforce.retrieve("Lead", ids, ["Company", "Owner.Name"])).toEqual([
    { Id: ids[0], Company: "Acme", Owner: { Name: "Rita Rep" } },
    null,
  ]);
});

describe("writing", () => {
  test("a conditional write changes what it read, and nothing that moved since", async () => {
    const { salesforce, createLeads, rep, control, clock, modstamp } = await connected();
    const [same = "", moved = "", deleted = ""] = createLeads(3);
    const updates = [same, moved, deleted].map((id) => ({
      object: "Lead",
      id,
      fields: { Title: "CEO", Phone: null },
      unmodifiedSince: modstamp(id),
    }));
    await clock.advance(2_000);
    rep.update("Lead", [{ Id: moved, Title: "Human" }]);
    rep.delete("Lead", [deleted]);
    expect(await salesforce.updateIfUnmodified(updates)).toEqual([
      { status: "written" },
      { status: "moved" },
      { status: "failed", errors: [expect.objectContaining({ statusCode: "ENTITY_IS_DELETED" })] },
    ]);
    expect(control.record(same)).toMatchObject({ Title: "CEO" });
    expect(control.record(moved)).toMatchObject({ Title: "Human" });
  });

  test("the owner given stays, whatever assignment rule the org has", async () => {
    const { salesforce, createLeads, control, modstamp } = await connected();
    const [id = ""] = createLeads(1);
    const chosen = control.createUser({ name: "Otto Owner" });
    control.setAssignmentRule("Lead", control.users.adminUserId);
    await salesforce.updateIfUnmodified([
      { object: "Lead", id, fields: { OwnerId: chosen }, unmodifiedSince: modstamp(id) },
    ]);
    expect(control.record(id)).toMatchObject({ OwnerId: chosen });
    const [created] = await salesforce.create("Lead", [{ LastName: "New", Company: "Acme", OwnerId: chosen }]);
    expect(created?.ok && control.record(created.id)).toMatchObject({ OwnerId: chosen });
  });

  test("each created row has its own outcome", async () => {
    const { salesforce, control } = await connected();
    const results = await salesforce.create("Lead", [{ LastName: "A", Company: "B" }, { LastName: "no company" }]);
    expect(results[0]).toMatchObject({ ok: true });
    expect(results[1]).toMatchObject({ ok: false, errors: [{ statusCode: "REQUIRED_FIELD_MISSING" }] });
    expect(control.records("Lead")).toHaveLength(1);
  });

  test("a write applied before its answer was cut is unknown, and was applied once", async () => {
    const { salesforce, createLeads, control, modstamp } = await connected();
    const [id = ""] = createLeads(1);
    control.faults.add({ match: "composite", action: "cutAfter" });
    await expect(
      salesforce.updateIfUnmodified([{ object: "Lead", id, fields: { Title: "CEO" }, unmodifiedSince: modstamp(id) }]),
    ).rejects.toMatchObject({ kind: "unknown" });
    expect(control.ledger().filter((entry) => entry.kind === "update")).toHaveLength(1);
  });
});

describe("converting and merging", () => {
  const ask = (leadId: string, more: object = {}) => ({
    leadId,
    convertedStatus: "Closed - Converted",
    doNotCreateOpportunity: true,
    ...more,
  });

  test("a lead becomes a new account and contact; an opportunity is made only when asked for", async () => {
    const { salesforce, createLeads, control } = await connected();
    const [plain = "", deal = ""] = createLeads(2);
    const [one, other] = await salesforce.convertLeads([
      ask(plain),
      ask(deal, { doNotCreateOpportunity: false, opportunityName: "Deal & more" }),
    ]);
    expect(one).toMatchObject({ ok: true, leadId: plain, opportunityId: null });
    if (!one?.ok || !other?.ok || other.opportunityId === null) throw new Error("not converted");
    expect(control.record(one.contactId)).toMatchObject({ LastName: "Lead 0", AccountId: one.accountId });
    expect(control.record(other.opportunityId)).toMatchObject({ Name: "Deal & more" });
  });

  test("a lead goes into the account and contact given, and a queue's lead to the owner given", async () => {
    const { salesforce, createLeads, rep, control } = await connected();
    const [accountId = ""] = rep.create("Account", [{ Name: "Acme" }]);
    const [contactId = ""] = rep.create("Contact", [{ LastName: "Lead 0", AccountId: accountId }]);
    const [lead = "", queued = ""] = createLeads(2, { OwnerId: control.users.leadQueueId });
    const ownerId = control.users.repUserId;
    const [into, refused] = await salesforce.convertLeads([ask(lead, { accountId, contactId, ownerId }), ask(queued)]);
    expect(into).toEqual({ ok: true, leadId: lead, accountId, contactId, opportunityId: null });
    expect(refused).toMatchObject({ ok: false, leadId: queued });
  });

  test("each refused lead says why, beside those that were converted", async () => {
    const { salesforce, createLeads } = await connected();
    const [first = "", second = "", third = ""] = createLeads(3);
    await salesforce.convertLeads([ask(first)]);
    const results = await salesforce.convertLeads([
      ask(first),
      ask(second, { convertedStatus: "Nonsense" }),
      ask(third),
    ]);
    expect(results.map((result) => result.ok)).toEqual([false, false, true]);
    expect(results[0]).toMatchObject({ errors: [{ statusCode: "CANNOT_UPDATE_CONVERTED_LEAD" }] });
  });

  test("more than a hundred leads go in calls of a hundred", async () => {
    const { salesforce, createLeads, control } = await connected();
    const ids = createLeads(120);
    control.resetCalls();
    const results = await salesforce.convertLeads(ids.map((id) => ask(id)));
    expect(results.map((result) => result.leadId)).toEqual(ids);
    expect(results.every((result) => result.ok)).toBe(true);
    expect(control.calls().total).toBe(2);
  });

  test("a duplicate rule that blocks is not passed", async () => {
    const { salesforce, createLeads, rep, control } = await connected();
    rep.create("Contact", [{ LastName: "Known", Email: "known@acme.example" }]);
    control.setDuplicateRule({ object: "Contact", fields: ["Email"], action: "block" });
    const [id = ""] = createLeads(1, { Email: "known@acme.example" });
    expect(await salesforce.convertLeads([ask(id)])).toMatchObject([
      { ok: false, errors: [{ statusCode: "DUPLICATES_DETECTED" }] },
    ]);
    expect(control.record(id)).toMatchObject({ IsConverted: false });
  });

  test("an expired session in the middle is replaced, and the lead converted once", async () => {
    const { salesforce, createLeads, control } = await connected();
    const [id = ""] = createLeads(1);
    control.expireTokens();
    expect(await salesforce.convertLeads([ask(id)])).toMatchObject([{ ok: true }]);
    expect(control.ledger().filter((entry) => entry.kind === "convert")).toHaveLength(1);
  });

  test("a merge keeps the master with the values given and deletes the others into it", async () => {
    const { salesforce, createLeads, control, rep } = await connected();
    const [master = "", loser = ""] = createLeads(2, { Phone: "1" });
    expect(
      await salesforce.merge({
        object: "Lead",
        masterId: master,
        fields: { Title: "A < B", Phone: null },
        loserIds: [loser],
      }),
    ).toMatchObject({
      ok: true,
      masterId: master,
      mergedIds: [loser],
    });
    expect(control.record(master)).toMatchObject({ Title: "A < B", Phone: null });
    expect(control.record(loser)).toMatchObject({ IsDeleted: true, MasterRecordId: master });
    rep.delete("Lead", [master]);
    expect(
      await salesforce.merge({ object: "Lead", masterId: master, fields: {}, loserIds: [createLeads(1)[0] ?? ""] }),
    ).toMatchObject({ ok: false, errors: [{ statusCode: "ENTITY_IS_DELETED" }] });
  });
});

test("a thousand records read, written and converted one by one cost about a call per fifteen", async () => {
  const { salesforce, createLeads, control, modstamp } = await connected();
  const ids = createLeads(1_000);
  const one = gathered(salesforce);
  control.resetCalls();
  const outcomes = await Promise.all(
    ids.map(async (id) => {
      const row = await one.read("Lead", id, ["Id", "SystemModstamp"]);
      const written = await one.write({ object: "Lead", id, fields: { Title: "x" }, unmodifiedSince: modstamp(id) });
      const converted = await one.convert({
        leadId: id,
        convertedStatus: "Closed - Converted",
        doNotCreateOpportunity: true,
      });
      return row !== null && written.status === "written" && converted.ok;
    }),
  );
  expect(outcomes.every(Boolean)).toBe(true);
  expect(control.calls().total / ids.length).toBeLessThan(0.1);
}, 60_000);

describe("the stream", () => {
  async function streaming(replayFrom: string | null = null) {
    const stand = await connected();
    const events: StreamEvent[] = [];
    const gaps: string[] = [];
    let position = replayFrom;
    const stream = openStream({
      salesforce: stand.salesforce,
      apiVersion: "67.0",
      channel: "/event/Lantern_Change__e",
      log: quiet,
      clock: stand.clock,
      replayFrom: async () => position,
      onEvent: async (event) => {
        events.push(event);
        position = event.replayId;
      },
      onGap: async (why) => {
        gaps.push(why);
      },
      random: () => 0,
      retryMs: 20,
    });
    onTestFinished(() => stream.stop());
    const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 5 });
    const live = () => until(() => expect(stream.report().state).toBe("live"));
    const ids = () => events.map(({ payload }) => payload["Record_Ids__c"]);
    return { ...stand, stream, events, gaps, until, live, ids };
  }

  test("hears what people change, and not what we write", async () => {
    const { live, createLeads, until, ids, salesforce, control, modstamp } = await streaming();
    await live();
    const [id = ""] = createLeads(1);
    await until(() => expect(ids()).toEqual([id]));
    await salesforce.updateIfUnmodified([
      { object: "Lead", id, fields: { Title: "x" }, unmodifiedSince: modstamp(id) },
    ]);
    const [next = ""] = createLeads(1);
    await until(() => expect(ids()).toEqual([id, next]));
    expect(control.events()).toHaveLength(2);
  });

  test("misses nothing that changed while the server had forgotten it", async () => {
    const { live, createLeads, until, ids, control } = await streaming();
    await live();
    const [id = ""] = createLeads(1);
    await until(() => expect(ids()).toEqual([id]));
    control.forgetStreamClients();
    const [next = ""] = createLeads(1);
    await until(() => expect(new Set(ids())).toEqual(new Set([id, next])));
    await live();
  });

  test("gets over a revoked token", async () => {
    const { live, createLeads, until, ids, control } = await streaming();
    await live();
    const [id = ""] = createLeads(1);
    await until(() => expect(ids()).toEqual([id]));
    control.revokeToken();
    const [next = ""] = createLeads(1);
    await until(() => expect(new Set(ids())).toEqual(new Set([id, next])));
    await live();
  });

  test("tells a gap when its position is no longer retained, and goes on", async () => {
    const { live, createLeads, until, ids, gaps } = await streaming("1");
    await until(() => expect(gaps).toHaveLength(1));
    await live();
    const [id = ""] = createLeads(1);
    await until(() => expect(ids()).toEqual([id]));
  });

  test("keeps holding through quiet hours", async () => {
    const { live, createLeads, until, ids, clock, stream } = await streaming();
    await live();
    for (let i = 0; i < 10; i++) {
      const before = stream.report().lastContactAt ?? 0;
      // In small steps: the next connect may still be on its way when the clock moves.
      await until(async () => {
        await clock.advance(10_000);
        expect(stream.report()).toMatchObject({ state: "live", reason: null });
        expect(stream.report().lastContactAt).toBeGreaterThan(before);
      });
    }
    const [id = ""] = createLeads(1);
    await until(() => expect(ids()).toEqual([id]));
    expect(stream.report()).toMatchObject({ state: "live", reason: null });
  });
});
