/** Calls whose answer is lost: what happened in Salesforce is adopted, once, and what did not happen is done, once. */
import { expect, it } from "vitest";
import type { FaultCall } from "../org/faults.ts";
import { inWorlds } from "../support/in-world.ts";
import { anaKim, emea, inbound } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";
import type { World } from "../support/world.ts";
import { behindProxy, workFor } from "./network.ts";
import { unsound } from "./oracle.ts";

const options = { pools: emea, policies: [inbound] };
/** After a call whose answer was lost, as long as it may still be at work in the org. */
const lostMs = 52_000;

const isWriteOf = (object: string) => (call: FaultCall) =>
  call.kind === "composite" && call.body.includes('"PATCH"') && call.body.includes(`/sobjects/${object}/`);

const convertsOf = (world: World) => world.control.ledger().filter((entry) => entry.kind === "convert");

async function heardLead(world: World, lead: Record<string, unknown> = anaKim): Promise<string> {
  const [id = ""] = world.control.as().create("Lead", [lead]);
  await world.hearStream();
  return id;
}

/** Converted once, billed once, told once, and nothing is left to do. */
async function convertedOnce(world: World, lead: string): Promise<void> {
  expect(convertsOf(world)).toHaveLength(1);
  expect(await world.run(lead)).toMatchObject({ outcome: "converted" });
  expect(await world.balance()).toMatchObject({ spent: 400, reserved: 0 });
  expect((await world.log(lead)).map((entry) => entry.action)).toEqual(["assign", "convert"]);
  expect(await unsound(world.store)).toEqual([]);
}

onBothStores("an answer that is lost", (open) => {
  const inWorld = inWorlds(open);
  const inNetwork = behindProxy(open);

  it(
    "to a conversion that happened: it is adopted, billed and told once",
    inWorld(options, async (world) => {
      const lead = await heardLead(world);
      world.control.faults.add({ match: "convertLead", action: "cutAfter" });
      await world.work();
      expect(world.control.record(lead)).toMatchObject({ IsConverted: true });
      await workFor(world, 5_000);
      await convertedOnce(world, lead);
    }),
  );

  it(
    "to a conversion that did not happen: it is sent again once the first can no longer be at work",
    inWorld(options, async (world) => {
      const lead = await heardLead(world);
      world.control.faults.add({ match: "convertLead", action: "cutBefore" });
      await world.work();
      await workFor(world, 40_000);
      expect(convertsOf(world)).toEqual([]);
      await workFor(world, lostMs - 40_000);
      await convertedOnce(world, lead);
    }),
  );

  it(
    "to a conversion that arrives after the second was sent: the org refuses it, and there is one",
    inNetwork(options, async (world, proxy) => {
      const lead = await heardLead(world);
      const lost = proxy.orphan("convertLead>");
      await world.work();
      const deliver = await lost;
      await workFor(world, lostMs);
      await convertedOnce(world, lead);
      await deliver();
      await workFor(world, 5_000);
      await convertedOnce(world, lead);
    }),
  );

  it(
    "to a conversion that hangs beyond its lease and happens just before the second: that one is refused, the first adopted and billed",
    inNetwork(options, async (world, proxy) => {
      const lead = await heardLead(world);
      const lost = proxy.orphan("convertLead>");
      await world.work();
      const deliver = await lost;
      proxy.before("convertLead>", deliver);
      await workFor(world, lostMs + 5_000);
      await convertedOnce(world, lead);
    }),
  );

  it(
    "to the owner's write: it is recognised by its stamp and not written again",
    inWorld({ pools: emea, policies: [{ ...inbound, body: { assign: { pool: "emea" } } }] }, async (world) => {
      const lead = await heardLead(world);
      world.control.faults.add({ match: isWriteOf("Lead"), action: "cutAfter" });
      await world.work();
      await workFor(world, 5_000);
      expect(await world.run(lead)).toMatchObject({ outcome: "assigned" });
      expect(world.effects(lead).map((effect) => effect.kind)).toEqual(["update", "owner"]);
      expect(await world.balance()).toMatchObject({ spent: 100, reserved: 0 });
      expect((await world.log(lead)).map((entry) => entry.action)).toEqual(["assign"]);
      const turns = await world.store.read((tx) => tx.db.select().from(tx.t.turns));
      expect(turns).toMatchObject([{ sequence: 1, write: "done" }]);
      expect(await unsound(world.store)).toEqual([]);
    }),
  );

  it(
    "to an owner's write that arrives late: there is one owner and one turn",
    inNetwork({ pools: emea, policies: [{ ...inbound, body: { assign: { pool: "emea" } } }] }, async (world, proxy) => {
      const lead = await heardLead(world);
      const lost = proxy.orphan('"PATCH"');
      await world.work();
      const deliver = await lost;
      await workFor(world, 5_000);
      await deliver();
      await workFor(world, 5_000);
      expect(world.control.record(lead)).toMatchObject({ OwnerId: world.users["Alice Ng"] });
      expect(world.effects(lead).filter((effect) => effect.kind === "owner")).toHaveLength(1);
      expect(await unsound(world.store)).toEqual([]);
    }),
  );

  it(
    "to the values that a conversion left behind: they are written once, and the log tells of them",
    inWorld(
      {
        pools: emea,
        policies: [
          {
            ...inbound,
            body: { ...inbound.body, on_match: { ...inbound.body.on_match, survivorship: { Title: "lead_wins" } } },
          },
        ],
        before: (control) => {
          const [account] = control.as().create("Account", [{ Name: "Acme Robotics" }]);
          control
            .as()
            .create("Contact", [{ AccountId: account, LastName: "Kim", Email: "ana@acme-robotics.com", Title: "CTO" }]);
        },
      },
      async (world) => {
        await heardLead(world, { ...anaKim, Title: "Buyer" });
        world.control.faults.add({ match: isWriteOf("Contact"), action: "cutAfter" });
        await world.work();
        await workFor(world, 5_000);
        const [contact] = world.control.records("Contact");
        expect(contact).toMatchObject({ Title: "Buyer" });
        expect(await world.log(String(contact?.Id))).toMatchObject([
          { action: "merge", diff: { Title: { from: "CTO", to: "Buyer" } } },
        ]);
        expect(world.effects(String(contact?.Id)).filter((effect) => effect.kind === "update")).toHaveLength(2);
        expect(await unsound(world.store)).toEqual([]);
      },
    ),
  );

  it(
    "does not matter when a person converts the lead just before our call: nothing is billed or told as ours",
    inNetwork(options, async (world, proxy) => {
      const lead = await heardLead(world);
      proxy.before("convertLead>", async () => convertedByPerson(world, lead));
      await world.work();
      await workFor(world, 5_000);
      expect(world.control.record(lead)).toMatchObject({ IsConverted: true });
      expect(await world.run(lead)).toMatchObject({ outcome: "already_converted" });
      expect(await world.balance()).toMatchObject({ spent: 100, reserved: 0 });
      expect((await world.log(lead)).map((entry) => entry.action)).toEqual(["assign"]);
      expect((await unsound(world.store)).filter((wrong) => !wrong.startsWith("effect"))).toEqual([]);
    }),
  );
});

onBothStores("a conversion that does not come about", (open) => {
  const inWorld = inWorlds(open);

  it(
    "because Salesforce refuses it for good: what was reserved returns, and the lead is parked with the reason",
    inWorld(options, async (world) => {
      world.control.setValidationRule("Account", () => "No new accounts today.");
      await heardLead(world);
      await world.work();
      expect(convertsOf(world)).toEqual([]);
      expect(await world.parked()).toMatchObject([{ code: "convert_permanent" }]);
      // What the look itself was reserved stays with the parked journey; nothing of the conversion does.
      expect(await openReservations(world)).toEqual(["trigger"]);
    }),
  );

  it(
    "because the lead is deleted before it is tried again: what was reserved returns",
    inWorld(options, async (world) => {
      const lead = await heardLead(world);
      world.control.faults.add({ match: "convertLead", action: { status: 500, code: "UNKNOWN_EXCEPTION" } });
      await world.work();
      world.control.as().delete("Lead", [lead]);
      await workFor(world, lostMs);
      expect(await world.run(lead)).toMatchObject({ outcome: "gone" });
      expect(await openReservations(world)).toEqual([]);
      expect(await world.parked()).toEqual([]);
    }),
  );
});

const openReservations = (world: World): Promise<string[]> =>
  world.store.read(async (tx) =>
    (await tx.db.select().from(tx.t.reservations)).filter((r) => r.state === "open").map((r) => r.purpose),
  );

/** A rep presses Convert. The control side cannot, so our own port does, and the row says it was the rep. */
async function convertedByPerson(world: World, leadId: string): Promise<void> {
  const [result] =
    (await world.app
      .org()
      ?.salesforce.convertLeads([{ leadId, convertedStatus: "Closed - Converted", doNotCreateOpportunity: true }])) ??
    [];
  expect(result).toMatchObject({ ok: true });
  Object.assign(world.control.record(leadId) ?? {}, { LastModifiedById: world.control.users.repUserId });
}
