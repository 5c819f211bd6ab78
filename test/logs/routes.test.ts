import { parse } from "csv-parse/sync";
import { expect, it } from "vitest";
import { logRoute, logRoutes, type RouteEntry } from "../../service/logs/index.ts";
import { testApi, testOrgId } from "../support/api.ts";
import { onBothStores, type OpenStore } from "../support/stores.ts";

const entry: RouteEntry = {
  orgId: testOrgId,
  object: "Lead",
  objectId: "00Q000000000001EAA",
  action: "assign",
  pool: "emea",
  assignedTo: "005000000000001AAA",
  prevOwner: "005000000000009AAA",
  sequence: 128,
  reason: "Next in turn: Alice",
  diff: { OwnerId: ["a", "b"] },
};

interface Logs {
  count: number;
  next_cursor?: string;
  logs: Record<string, unknown>[];
}

async function start(open: OpenStore, entries: (Partial<RouteEntry> & { tenant?: number; afterMs?: number })[]) {
  const store = await open();
  const api = await testApi({ store, routes: logRoutes });
  for (const { tenant = 1, afterMs = 1_000, ...own } of entries) {
    await api.clock.advance(afterMs);
    const ctx = { tenant, clock: api.clock, ids: api.ids, requestId: "req_x", idempotencyKey: "idem" };
    await store.write((tx) => logRoute(tx, ctx, { ...entry, ...own }));
  }
  const day = "from=2026-11-23&to=2026-11-23";
  const get = async (query = "") => (await (await api.send("GET", `/v1/logs/routing?${day}${query}`)).json()) as Logs;
  return { store, api, get, day };
}

onBothStores("the route log's export", (open) => {
  it("an entry has every documented field, oldest first", async () => {
    const { get } = await start(open, [{}, { action: "convert" }]);
    const { count, logs } = await get();
    expect(count).toBe(2);
    expect(logs[0]).toMatchObject({
      timestamp: "2026-11-23T10:00:01.000Z",
      object: "Lead",
      object_id: "00Q000000000001EAA",
      action: "assign",
      pool: "emea",
      assigned_to: "005000000000001AAA",
      prev_owner: "005000000000009AAA",
      sequence: 128,
      reason: "Next in turn: Alice",
      request_id: "req_x",
      idempotency_key: "idem",
      diff: { OwnerId: ["a", "b"] },
    });
    expect(logs[1]).toMatchObject({ action: "convert", run_id: null, mode: "act" });
  });

  it("each filter leaves out what it should, and object names are accepted in any case", async () => {
    const { get } = await start(open, [
      { objectId: "1" },
      { objectId: "2", pool: "apac" },
      { objectId: "3", object: "Contact" },
      { objectId: "4", action: "merge" },
    ]);
    const ids = async (query: string) => (await get(query)).logs.map((log) => log["object_id"]);
    expect(await ids("&pool=apac")).toEqual(["2"]);
    expect(await ids("&object=cONTACT")).toEqual(["3"]);
    expect(await ids("&action=merge")).toEqual(["4"]);
    expect(await ids("&pool=emea&object=lead&action=assign")).toEqual(["1"]);
    expect((await get("&include_diff=false")).logs.every((log) => !("diff" in log))).toBe(true);
  });

  it("pages give every entry exactly once, even where many share one moment", async () => {
    const { get } = await start(
      open,
      Array.from({ length: 23 }, (_, i) => ({ objectId: String(i), afterMs: i % 7 === 0 ? 1 : 0 })),
    );
    const seen: unknown[] = [];
    let cursor = "";
    let pages = 0;
    do {
      const page = await get(`&limit=5${cursor}`);
      expect(page.count).toBe(page.logs.length);
      seen.push(...page.logs.map((log) => log["object_id"]));
      cursor = page.next_cursor ? `&cursor=${page.next_cursor}` : "";
      pages++;
    } while (cursor !== "");
    expect(pages).toBe(5);
    expect(new Set(seen).size).toBe(23);
    expect(seen).toHaveLength(23);
  });

  it("CSV has exactly the documented header and reads back as it was, with nothing a spreadsheet would run", async () => {
    const nasty = ['a,"b"\r\nc', "=1+1", "+1", "-1", "@x", "\tx", "ü"];
    const { api, day } = await start(
      open,
      nasty.map((reason) => ({ reason })),
    );
    const answer = await api.send("GET", `/v1/logs/routing?${day}&format=csv&limit=6`);
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(answer.headers.get("x-next-cursor")).not.toBeNull();
    const text = await answer.text();
    expect(text.split("\r\n")[0]).toBe(
      "timestamp,object,object_id,action,pool,assigned_to,prev_owner,sequence,reason,request_id,idempotency_key,diff",
    );
    const rows: Record<string, string>[] = parse(text, { columns: true, record_delimiter: "\r\n" });
    expect(rows.map((row) => row["reason"])).toEqual(['a,"b"\r\nc', "'=1+1", "'+1", "'-1", "'@x", "'\tx"]);
    expect(JSON.parse(rows[0]?.["diff"] ?? "")).toEqual(entry.diff);
    const bare = await (await api.send("GET", `/v1/logs/routing?${day}&format=csv&include_diff=false`)).text();
    const without: Record<string, string>[] = parse(bare, { columns: true, record_delimiter: "\r\n" });
    expect(without.map((row) => row["diff"])).toEqual(nasty.map(() => ""));
  });

  it("an end that is a day includes it, an end that is a time includes its millisecond", async () => {
    const { api } = await start(open, [{}]);
    const count = async (query: string) =>
      ((await (await api.send("GET", `/v1/logs/routing?${query}`)).json()) as Logs).count;
    expect(await count("from=2026-11-23&to=2026-11-23")).toBe(1);
    expect(await count("from=2026-11-23T10:00:01.000Z&to=2026-11-23T10:00:01.000Z")).toBe(1);
    expect(await count("from=2026-11-23T10:00:01.001Z&to=2026-11-24")).toBe(0);
    expect(await count("from=2026-11-22&to=2026-11-22")).toBe(0);
  });

  it.each([
    ["", "from"],
    ["from=2026-11-23", "to"],
    ["from=x&to=2026-11-23", "from"],
    ["from=2026-11-24&to=2026-11-23", "to"],
    ["from=2026-11-23&to=2026-11-23&limit=0", "limit"],
    ["from=2026-11-23&to=2026-11-23&limit=10001", "limit"],
    ["from=2026-11-23&to=2026-11-23&format=xml", "format"],
    ["from=2026-11-23&to=2026-11-23&action=delete", "action"],
    ["from=2026-11-23&to=2026-11-23&cursor=x", "cursor"],
    ["from=2026-11-23&to=2026-11-23&org_id=x", "org_id"],
  ])("%j is 422 and names %s", async (query, field) => {
    const { api } = await start(open, []);
    const answer = await api.send("GET", `/v1/logs/routing?${query}`);
    expect(answer.status).toBe(422);
    const { detail } = (await answer.json()) as { detail: { loc: string[] }[] };
    expect(detail[0]?.loc).toEqual(["query", field]);
  });

  it("nothing of another tenant or another org is ever in it", async () => {
    const { api, get, day } = await start(open, [
      { reason: "ours" },
      { reason: "canary", tenant: 2 },
      { reason: "canary", orgId: "00D000000000009EAA" },
    ]);
    expect(JSON.stringify(await get())).not.toContain("canary");
    const other = await api.makeKey({}, 2);
    const theirs = await api.send("GET", `/v1/logs/routing?${day}`, { key: other });
    expect((await theirs.text()).match(/ours|canary/g)).toEqual(["canary"]);
  });

  it("ten exports a minute, two large ones", async () => {
    const { api, day } = await start(open, []);
    const key = await api.makeKey({ limits: {} });
    const statuses = async (n: number, query: string) => {
      const out: number[] = [];
      for (let i = 0; i < n; i++) out.push((await api.send("GET", `/v1/logs/routing?${day}${query}`, { key })).status);
      return out;
    };
    expect(await statuses(3, "&limit=5001")).toEqual([200, 200, 429]);
    expect(await statuses(11, "&limit=5000")).toEqual([...Array.from({ length: 10 }, () => 200), 429]);
  });
});
