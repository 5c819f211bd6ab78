import { expect, it } from "vitest";
import { inWorlds } from "../support/in-world.ts";
import { onBothStores } from "../support/stores.ts";
import type { World, WorldOptions } from "../support/world.ts";

const people: WorldOptions = {
  before: (control) => {
    const [account] = control.as().create("Account", [{ Name: "Acme Inc", Website: "https://acme.com" }]);
    control.as().create("Contact", [
      { AccountId: account, FirstName: "Jonathan", LastName: "Smyth", Email: "jon@acme.com" },
      { AccountId: account, FirstName: "Mary", LastName: "Jones", Email: "mary@acme.com" },
    ]);
  },
};
const request = {
  object: "contact",
  candidates: [
    { id: "c1", name: "Jon Smyth", email: "JON@acme.com", company: "Acme" },
    { id: "c2", name: "Nobody Here", email: "no@where.org" },
  ],
  rules: {
    mode: "grouped",
    groups: [{ all: ["email:eq"] }, { all: ["name:fuzzy0.88", "company:fuzzy0.85"] }],
    threshold: 0.8,
  },
};
const match = (world: World, body: unknown) => world.send("POST", "/v1/match", { body });

onBothStores("POST /v1/match", (open) => {
  const inWorld = inWorlds(open);

  it(
    "answers each candidate in order, with the rule that decided and evidence that adds up, at 2 credits each",
    inWorld(people, async (world) => {
      const answer = await match(world, request);
      expect(answer.status).toBe(200);
      const body = (await answer.json()) as {
        results: {
          candidate_id: string;
          decision: string;
          matches: { sf_id: string; rule: string; confidence: number; fields: unknown[]; explanation: string }[];
        }[];
      };
      expect(body).toMatchObject({ success: true, credits_consumed: 4 });
      expect(body.results.map((r) => [r.candidate_id, r.decision])).toEqual([
        ["c1", "match"],
        ["c2", "none"],
      ]);
      const [best] = body.results[0]?.matches ?? [];
      const jon = world.control.records("Contact", { FirstName: "Jonathan" })[0];
      expect(best).toMatchObject({ sf_id: jon?.Id, rule: "email:eq" });
      expect(best?.confidence).toBeGreaterThanOrEqual(0.8);
      expect(best?.fields.length).toBeGreaterThan(0);
      expect(best?.explanation).not.toBe("");
      expect(await world.balance()).toMatchObject({ spent: 400, reserved: 0 });
    }),
  );

  it(
    "refuses bad input with the contract's statuses, free of charge",
    inWorld({ ...people, credits: 1 }, async (world) => {
      const status = async (body: unknown) => (await match(world, body)).status;
      expect(await status({ ...request, object: "invoice" })).toBe(422);
      expect(await status({ ...request, candidates: [] })).toBe(422);
      expect(await status({ ...request, candidates: Array.from({ length: 101 }, () => ({ email: "a@b.c" })) })).toBe(
        422,
      );
      expect(await status({ ...request, rules: { mode: "simple", by: ["email~exact"] } })).toBe(422);
      expect(await status({ ...request, rules: { mode: "ai" } })).toBe(503);
      expect(await status({ ...request, more: 1 })).toBe(422);
      expect(await status({ ...request, context: { org_id: "00D000000000009EAA" } })).toBe(404);
      expect(await status({ ...request, max_credits: 3 })).toBe(402);
      expect(await status(request)).toBe(402);
      expect(await world.balance()).toMatchObject({ available: 100, spent: 0, reserved: 0 });
    }),
  );

  it(
    "points at the character where a rule is wrong",
    inWorld(people, async (world) => {
      const body = (await (
        await match(world, { ...request, rules: { mode: "simple", by: ["email:eq", "phone:fuzy"] } })
      ).json()) as {
        detail: { loc: (string | number)[]; msg: string }[];
      };
      expect(body.detail[0]?.loc.slice(0, 4)).toEqual(["body", "rules", "by", 1]);
      expect(body.detail[0]?.msg).toMatch(/character 7/);
    }),
  );
});
