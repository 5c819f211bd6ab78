import { expect, it } from "vitest";
import { formatKey, newKeyParts, parseKey } from "../../service/keys/format.ts";
import { testApi, testOrgId } from "../support/api.ts";
import { onBothStores, type OpenStore } from "../support/stores.ts";

interface Made {
  key: string;
  id: string;
}
const start = async (open: OpenStore) => {
  const store = await open();
  return { store, api: await testApi({ store }) };
};

onBothStores("API keys", (open) => {
  const create = { name: "Website", scopes: ["match", "admin"] };

  it("a key is shown once, works at once, and only its hash is kept", async () => {
    const { store, api } = await start(open);
    const answer = await api.send("POST", "/v1/keys", { body: create });
    expect(answer.status).toBe(201);
    const made = (await answer.json()) as Made;
    expect(made).toMatchObject({ success: true, name: "Website", mode: "live", org_id: testOrgId, revoked_at: null });
    const list = await api.send("GET", "/v1/keys", { key: made.key });
    expect(list.status).toBe(200);
    expect(await list.text()).not.toContain(made.key.slice(25));
    const rows = await store.read(async (tx) => [
      ...(await tx.db.select().from(tx.t.apiKeys)),
      ...(await tx.db.select().from(tx.t.idempotency)),
    ]);
    expect(JSON.stringify(rows)).not.toContain(made.key.slice(22, 52));
  });

  it("asked again with the same Idempotency-Key it answers the same key, which the database alone cannot tell", async () => {
    const { store, api } = await start(open);
    const ask = (key?: string) =>
      api.send("POST", "/v1/keys", { body: create, headers: { "Idempotency-Key": "k1" }, ...(key ? { key } : {}) });
    const first = await (await ask()).text();
    const again = await ask();
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(await again.text()).toBe(first);
    const stored = await store.read((tx) => tx.db.select().from(tx.t.idempotency));
    expect(JSON.stringify(stored)).not.toContain((JSON.parse(first) as Made).key);
    const other = await ask(await api.makeKey());
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ details: { code: "sealed_answer" } });
  });

  it("a revoked key is refused here at once, and elsewhere within five seconds", async () => {
    const { store, api } = await start(open);
    const elsewhere = await testApi({ store, clock: api.clock });
    const made = (await (await api.send("POST", "/v1/keys", { body: create })).json()) as Made;
    const use = (at: typeof api) => at.send("GET", "/v1/keys", { key: made.key });
    expect([(await use(api)).status, (await use(elsewhere)).status]).toEqual([200, 200]);
    const revoked = await api.send("DELETE", `/v1/keys/${made.id}`);
    expect(revoked.status).toBe(200);
    expect((await use(api)).status).toBe(401);
    await api.clock.advance(5_000);
    expect((await use(elsewhere)).status).toBe(401);
    const again = await api.send("DELETE", `/v1/keys/${made.id}`);
    expect(await again.json()).toEqual(await revoked.json());
  });

  it("an expired key is refused from that moment on", async () => {
    const { api } = await start(open);
    const expires_at = new Date(api.clock.now() + 60_000).toISOString();
    const made = (await (await api.send("POST", "/v1/keys", { body: { ...create, expires_at } })).json()) as Made;
    await api.clock.advance(59_999);
    expect((await api.send("GET", "/v1/keys", { key: made.key })).status).toBe(200);
    await api.clock.advance(1);
    expect((await api.send("GET", "/v1/keys", { key: made.key })).status).toBe(401);
  });

  it("another tenant's key id answers exactly as an unknown one", async () => {
    const { api } = await start(open);
    const made = (await (await api.send("POST", "/v1/keys", { body: create })).json()) as Made;
    const other = await api.makeKey({}, 2);
    const [foreign, unknown] = await Promise.all(
      [made.id, "a".repeat(12)].map(async (id) => {
        const answer = await api.send("DELETE", `/v1/keys/${id}`, { key: other });
        const text = await answer.text();
        return { status: answer.status, text: text.replaceAll(id, "ID").replace(/req_\w+/, "REQ") };
      }),
    );
    expect(foreign).toEqual(unknown);
    expect(foreign?.status).toBe(404);
    expect((await api.send("GET", "/v1/keys", { key: made.key })).status).toBe(200);
    expect(await (await api.send("GET", "/v1/keys", { key: other })).text()).not.toContain("Website");
  });

  it("a key of the right form with a wrong secret is refused", async () => {
    const { api } = await start(open);
    const made = (await (await api.send("POST", "/v1/keys", { body: create })).json()) as Made;
    // The same id, another secret: only the hash tells them apart.
    const forged = formatKey({ ...newKeyParts("live"), id: made.id });
    expect((await api.send("GET", "/v1/keys", { key: forged })).status).toBe(401);
    const parts = parseKey(made.key);
    const otherMode = parts && formatKey({ ...parts, mode: "test" });
    expect((await api.send("GET", "/v1/keys", { key: otherMode })).status).toBe(401);
  });

  it.each([
    ["no scopes", { name: "x", scopes: [] }, "scopes"],
    ["an unknown scope", { name: "x", scopes: ["root"] }, "scopes"],
    ["no name", { scopes: ["match"] }, "name"],
    ["an expiry in the past", { ...create, expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    ["an org nobody connected", { ...create, org_id: "00D000000000009EAA" }, "org_id"],
    ["a tenant of its own choice", { ...create, tenant_id: 2 }, "tenant_id"],
    ["a limit of an unknown class", { ...create, limits: { everything: 5 } }, "limits"],
  ])("%s is 422 and makes no key", async (_, body, field) => {
    const { store, api } = await start(open);
    const count = async () => (await store.read((tx) => tx.db.select().from(tx.t.apiKeys))).length;
    const before = await count();
    const answer = await api.send("POST", "/v1/keys", { body });
    expect(answer.status).toBe(422);
    expect(((await answer.json()) as { detail: { loc: unknown[] }[] }).detail[0]?.loc).toContain(field);
    expect(await count()).toBe(before);
  });

  it("a key that is no admin, or only a test key, cannot make more than it is", async () => {
    const { api } = await start(open);
    const plain = await api.makeKey({ scopes: ["match"] });
    expect((await api.send("POST", "/v1/keys", { key: plain, body: create })).status).toBe(403);
    const test = await api.makeKey({ mode: "test" });
    expect((await api.send("POST", "/v1/keys", { key: test, body: create })).status).toBe(403);
    expect((await api.send("POST", "/v1/keys", { key: test, body: { ...create, mode: "test" } })).status).toBe(201);
  });

  it("an id that cannot be a key's is 400", async () => {
    const { api } = await start(open);
    expect((await api.send("DELETE", "/v1/keys/short")).status).toBe(400);
  });

  it("the last use is noted, once a minute", async () => {
    const { api } = await start(open);
    const used = async () =>
      ((await (await api.send("GET", "/v1/keys")).json()) as { keys: { last_used_at: string }[] }).keys[0]
        ?.last_used_at;
    const first = await used();
    expect(first).toBe("2026-11-23T10:00:00.000Z");
    await api.clock.advance(30_000);
    expect(await used()).toBe(first);
    await api.clock.advance(30_000);
    expect(await used()).toBe("2026-11-23T10:01:00.000Z");
  });
});
