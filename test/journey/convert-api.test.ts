import { expect, it } from "vitest";
import { inWorlds } from "../support/in-world.ts";
import { anaKim, emea } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";
import type { World } from "../support/world.ts";

const policies = {
  match_policy: { contact: { by: ["email:eq"] }, account: { by: ["domain:eq"] } },
  merge_policy: { on_contact_match: "merge_lead_into_contact", on_account_match: "attach_to_account" },
};

interface ConvertBody {
  success: boolean;
  status: string;
  contact_id: string | null;
  account_id: string | null;
  owner_id: string | null;
  credits_consumed: number;
  actions: { action: string; id: string | null }[];
  details?: { code: string };
  detail?: { loc: (string | number)[] }[];
}

/** Sends the request and runs the journey that it wants. */
async function convert(
  world: World,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: ConvertBody; text: string }> {
  const response = await workedUntil(world, world.send("POST", "/v1/salesforce/convert", { body, headers }));
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as ConvertBody, text };
}

/** Runs journeys until the answer that waits for one of them is there. */
async function workedUntil<T>(world: World, answer: Promise<T>): Promise<T> {
  let answered = false;
  const watched = answer.finally(() => (answered = true));
  while (!answered) {
    await world.work();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return watched;
}

const newLead = (world: World, more: Record<string, unknown> = {}): string =>
  world.control.as().create("Lead", [{ ...anaKim, ...more }])[0] ?? "";

onBothStores("POST /v1/salesforce/convert", (open) => {
  const inWorld = inWorlds(open);

  it(
    "converts into a new account and contact, owned by the pool's next member, at 3 + 2 + 1 credits",
    inWorld({ pools: emea }, async (world) => {
      const lead = newLead(world);
      const { status, body } = await convert(world, {
        lead_sf_id: lead.slice(0, 15),
        ...policies,
        set_owner_round_robin_pool: "emea",
      });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        success: true,
        status: "converted",
        owner_id: world.users["Alice Ng"],
        credits_consumed: 6,
      });
      expect(world.control.record(lead)).toMatchObject({
        IsConverted: true,
        ConvertedContactId: body.contact_id,
        ConvertedAccountId: body.account_id,
      });
      expect(world.control.record(String(body.contact_id))).toMatchObject({ OwnerId: world.users["Alice Ng"] });
      expect(await world.balance()).toMatchObject({ spent: 600, reserved: 0 });
    }),
  );

  it(
    "answers a lead that is converted already with its ids, free of charge",
    inWorld({}, async (world) => {
      const lead = newLead(world);
      const first = await convert(world, { lead_sf_id: lead, ...policies });
      const second = await convert(world, { lead_sf_id: lead, ...policies });
      expect(second.body).toMatchObject({
        status: "converted",
        contact_id: first.body.contact_id,
        account_id: first.body.account_id,
        credits_consumed: 0,
      });
      expect(await world.balance()).toMatchObject({ spent: 500, reserved: 0 });
    }),
  );

  it(
    "converts once when a hundred ask at the same time",
    inWorld({ pools: emea }, async (world) => {
      const lead = newLead(world);
      const asked = Array.from({ length: 100 }, () =>
        world.send("POST", "/v1/salesforce/convert", {
          body: { lead_sf_id: lead, ...policies, set_owner_round_robin_pool: "emea" },
        }),
      );
      const answers = await workedUntil(world, Promise.all(asked));
      const bodies = (await Promise.all(answers.map((r) => r.json()))) as ConvertBody[];
      expect(new Set(bodies.map((b) => `${b.status} ${b.contact_id}`)).size).toBe(1);
      expect(bodies.filter((b) => b.credits_consumed > 0)).toHaveLength(1);
      expect(world.effects().filter((e) => e.kind === "convert")).toHaveLength(1);
      expect(await world.store.read((tx) => tx.db.select().from(tx.t.turns))).toHaveLength(1);
      expect(await world.balance()).toMatchObject({ spent: 600, reserved: 0 });
    }),
  );

  it(
    "repeats the first answer byte for byte for the same Idempotency-Key, and refuses it for another body",
    inWorld({}, async (world) => {
      const lead = newLead(world);
      const key = { "Idempotency-Key": "convert-1" };
      const first = await convert(world, { lead_sf_id: lead, ...policies }, key);
      const again = await convert(world, { lead_sf_id: lead, ...policies }, key);
      expect(again.text).toBe(first.text);
      expect((await convert(world, { lead_sf_id: lead, ...policies, create_opportunity: true }, key)).status).toBe(422);
    }),
  );

  it(
    "opens a review where the request does not allow the match, and writes nothing",
    inWorld(
      { before: (control) => void control.as().create("Account", [{ Name: "Acme", Website: "acme-robotics.com" }]) },
      async (world) => {
        const lead = newLead(world);
        const { body } = await convert(world, { lead_sf_id: lead, match_policy: policies.match_policy });
        expect(body).toMatchObject({ success: true, status: "duplicate" });
        expect(body.actions.map((a) => a.action)).toContain("review_opened");
        expect(world.effects()).toEqual([]);
      },
    ),
  );

  it(
    "fails without writing where nothing matches and nothing may be created",
    inWorld({}, async (world) => {
      const { body } = await convert(world, {
        lead_sf_id: newLead(world),
        match_policy: { contact: { by: ["email:eq"], create_if_no_match: false } },
        merge_policy: policies.merge_policy,
      });
      expect(body).toMatchObject({ status: "failed", credits_consumed: 0 });
      expect(world.effects()).toEqual([]);
      expect(await world.balance()).toMatchObject({ spent: 0, reserved: 0 });
    }),
  );

  it(
    "tells in a dry run what it would do, writes nothing and costs nothing",
    inWorld(
      {
        pools: emea,
        before: (control) => void control.as().create("Account", [{ Name: "Acme", Website: "acme-robotics.com" }]),
      },
      async (world) => {
        const { body } = await convert(world, {
          lead_sf_id: newLead(world),
          ...policies,
          set_owner_round_robin_pool: "emea",
          dry_run: true,
        });
        expect(body).toMatchObject({
          status: "converted",
          credits_consumed: 0,
          account_id: world.control.records("Account")[0]?.Id,
        });
        expect(body.actions.map((a) => a.action)).toContain("would_assign");
        expect(world.effects()).toEqual([]);
        expect(await world.balance()).toMatchObject({ spent: 0, reserved: 0 });
      },
    ),
  );

  it(
    "answers bad input with the contract's statuses, nothing half-written",
    inWorld({ credits: 2 }, async (world) => {
      const lead = newLead(world);
      const status = async (body: unknown, key?: string) =>
        (await world.send("POST", "/v1/salesforce/convert", { body, ...(key === undefined ? {} : { key }) })).status;
      expect(await status({ ...policies })).toBe(422);
      expect(await status({ lead_sf_id: "nonsense", ...policies })).toBe(422);
      expect(await status({ lead_sf_id: "003000000000001AAA", ...policies })).toBe(422);
      expect(await status({ lead_sf_id: lead, ...policies, surprise: 1 })).toBe(422);
      expect(await status({ lead_sf_id: lead, match_policy: { contact: { by: ["email~eq"] } } })).toBe(422);
      expect(await status({ lead_sf_id: lead })).toBe(422);
      expect(await status("{not json")).toBe(400);
      expect(await status({ lead_sf_id: lead, ...policies }, "ltn_live_wrong")).toBe(401);
      expect(await status({ lead_sf_id: lead, ...policies })).toBe(402);
      expect(await status({ lead_sf_id: lead, ...policies, max_credits: 1 })).toBe(402);
      expect(await world.store.read((tx) => tx.db.select().from(tx.t.runs))).toEqual([]);
      expect(await world.balance()).toMatchObject({ spent: 0, reserved: 0 });
      expect(world.effects()).toEqual([]);
    }),
  );
});
