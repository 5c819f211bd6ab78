import { SignJWT, importPKCS8 } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "./caller.ts";
import { openOrg } from "./caller.ts";

let caller: Caller;
beforeEach(async () => {
  caller = await openOrg();
});
const status = async () => (await caller.rest("GET", "/limits")).status;

describe("a refresh token", () => {
  const refresh = (token: string, more: Record<string, string> = {}) =>
    caller.form("/services/oauth2/token", {
      grant_type: "refresh_token",
      refresh_token: token,
      client_id: caller.org.clientId,
      ...more,
    });
  type Tokens = { access_token: string; refresh_token: string };

  test("gives a session and another refresh token, and is dead from then on", async () => {
    const { control } = caller.org;
    const first = control.mintRefreshToken(control.users.adminUserId);
    const { body } = await refresh(first);
    const { access_token, refresh_token } = body as Tokens;
    expect(body).toMatchObject({ instance_url: caller.org.url, scope: "api refresh_token" });
    expect((body as { id: string }).id).toMatch(control.users.adminUserId);
    caller.token = access_token;
    expect(await status()).toBe(200);
    expect(await refresh(first)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    expect((await refresh(refresh_token)).status).toBe(200);
  });
  test("lasts when rotation is off", async () => {
    const { control } = caller.org;
    control.setRefreshRotation(false);
    const token = control.mintRefreshToken();
    for (let i = 0; i < 3; i++) {
      const { status: answered, body } = await refresh(token);
      expect(answered).toBe(200);
      expect(body).not.toHaveProperty("refresh_token");
    }
  });
  test("that is revoked takes its sessions with it", async () => {
    const { body } = await refresh(caller.org.control.mintRefreshToken());
    const { access_token, refresh_token } = body as Tokens;
    expect((await caller.form("/services/oauth2/revoke", { token: refresh_token })).status).toBe(200);
    caller.token = access_token;
    expect(await status()).toBe(401);
    expect((await refresh(refresh_token)).body).toMatchObject({ error: "invalid_grant" });
  });
  test("is worth nothing with a wrong client, a wrong secret or a user who has left", async () => {
    const { control } = caller.org;
    const token = control.mintRefreshToken(control.users.repUserId);
    expect((await refresh(token, { client_id: "no" })).body).toMatchObject({ error: "invalid_client_id" });
    expect((await refresh(token, { client_secret: "no" })).body).toMatchObject({ error: "invalid_client" });
    control.setUserActive(control.users.repUserId, false);
    expect((await refresh(token)).body).toMatchObject({ error: "inactive_user" });
  });
});

describe("client credentials", () => {
  test("give a token without an expiry, and the id URL of org and user", async () => {
    const { org } = caller;
    const { body } = await caller.form("/services/oauth2/token", {
      grant_type: "client_credentials",
      client_id: org.clientId,
      client_secret: org.clientSecret,
    });
    expect(body).toMatchObject({
      instance_url: org.url,
      id: `${org.url}/id/${org.orgId}/${org.integrationUserId}`,
      token_type: "Bearer",
    });
    expect(body).not.toHaveProperty("expires_in");
  });
  test.each([
    ["a wrong secret", { grant_type: "client_credentials", client_secret: "no" }, "invalid_client"],
    ["a wrong client", { grant_type: "client_credentials", client_id: "no" }, "invalid_client_id"],
    ["a password grant", { grant_type: "password" }, "unsupported_grant_type"],
  ])("%s is refused", async (_what, given, error) => {
    const { org } = caller;
    const reply = await caller.form("/services/oauth2/token", {
      client_id: org.clientId,
      client_secret: org.clientSecret,
      ...given,
    });
    expect(reply).toMatchObject({ status: 400, body: { error } });
  });
});

describe("JWT bearer", () => {
  const ask = async (claims: Record<string, unknown> = {}, alg = "RS256") => {
    const { org, clock } = caller;
    const key = await importPKCS8(org.privateKey, alg);
    const now = Math.floor(clock.now() / 1000);
    const assertion = await new SignJWT({
      iss: org.clientId,
      sub: org.username,
      aud: "https://login.salesforce.com",
      exp: now + 180,
      ...claims,
    })
      .setProtectedHeader({ alg })
      .sign(key);
    return caller.form("/services/oauth2/token", {
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion,
    });
  };
  test("gives a token that works", async () => {
    caller.token = ((await ask()).body as { access_token: string }).access_token;
    expect(await status()).toBe(200);
  });
  test.each<[string, Record<string, unknown>]>([
    ["an expired assertion", { exp: 1_000_000 }],
    ["one that lives over five minutes", { exp: Date.parse("2026-11-23T10:06:00Z") / 1000 }],
    ["a foreign audience", { aud: "https://example.com" }],
    ["an unknown user", { sub: "nobody@example.com" }],
    ["an unknown client", { iss: "somebody" }],
  ])("%s is refused", async (_what, claims) => {
    expect(await ask(claims)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });
  test("another algorithm is refused, and so is a changed claim", async () => {
    expect(await ask({}, "RS512")).toMatchObject({ body: { error: "invalid_grant" } });
    const forged = await caller.form("/services/oauth2/token", {
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: "e30.e30.AA",
    });
    expect(forged).toMatchObject({ body: { error: "invalid_grant" } });
  });
});

describe("a session", () => {
  test("lives two hours from its last use", async () => {
    await caller.clock.advance(119 * 60_000);
    expect(await status()).toBe(200);
    await caller.clock.advance(119 * 60_000);
    expect(await status()).toBe(200);
    await caller.clock.advance(121 * 60_000);
    expect(await status()).toBe(401);
  });
  test("ends when its token is revoked, others go on", async () => {
    const first = caller.token;
    const second = await caller.login();
    expect((await caller.form("/services/oauth2/revoke", { token: first })).status).toBe(200);
    expect(await status()).toBe(200);
    caller.token = first;
    expect(await status()).toBe(401);
    caller.org.control.revokeToken();
    caller.token = second;
    expect(await status()).toBe(401);
  });
  test("tells who it belongs to", async () => {
    const { org } = caller;
    const headers = { Authorization: `Bearer ${caller.token}` };
    const identity = { user_id: org.integrationUserId, organization_id: org.orgId, username: org.username };
    expect((await caller.send(`/id/${org.orgId}/${org.integrationUserId}`, { headers })).body).toMatchObject(identity);
    expect((await caller.send("/services/oauth2/userinfo", { headers })).body).toMatchObject(identity);
  });
});
