import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { inWorlds } from "../support/in-world.ts";
import { anaKim, emea, inbound } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";
import { makeWorld, type World } from "../support/world.ts";
import type { Store } from "../../service/store/store.ts";

const options = { pools: emea, policies: [inbound] };

/** A lead that somebody creates, heard by the stream and worked on to the end. */
async function worked(world: World, lead: Record<string, unknown>): Promise<string> {
  const [id = ""] = world.control.as().create("Lead", [lead]);
  await world.hearStream();
  await world.work();
  return id;
}

onBothStores("a lead is converted", (open) => {
  const inWorld = inWorlds(open);

  it(
    "into a new account and contact when it matches nothing, owned by the pool's next member",
    inWorld(options, async (world) => {
      const lead = await worked(world, anaKim);
      expect(await world.run(lead)).toMatchObject({ outcome: "converted" });
      const row = world.control.record(lead);
      const alice = world.users["Alice Ng"];
      expect(world.control.record(String(row?.ConvertedContactId))).toMatchObject({ LastName: "Kim", OwnerId: alice });
      expect(world.control.record(String(row?.ConvertedAccountId))).toMatchObject({
        Name: "Acme Robotics",
        OwnerId: alice,
      });
      expect(row?.ConvertedOpportunityId ?? null).toBeNull();
      expect(world.effects().filter((e) => e.kind === "convert")).toHaveLength(1);
      expect((await world.log(lead)).map((l) => l.action)).toEqual(["assign", "convert"]);
    }),
  );

  it(
    "into the matched account with a new contact, and goes to the account's owner without spending a turn",
    inWorld(
      {
        ...options,
        before: (control) => {
          const dora = control.createUser({ name: "Dora Owner" });
          control
            .as(dora)
            .create("Account", [{ Name: "ACME Robotics GmbH", Website: "https://www.acme-robotics.com" }]);
        },
      },
      async (world) => {
        const lead = await worked(world, anaKim);
        const [account] = world.control.records("Account");
        const row = world.control.record(lead);
        expect(row).toMatchObject({ IsConverted: true, ConvertedAccountId: account?.Id });
        expect(world.control.records("Account")).toHaveLength(1);
        expect(world.control.record(String(row?.ConvertedContactId))).toMatchObject({
          AccountId: account?.Id,
          OwnerId: account?.OwnerId,
        });
        const turns = await world.store.read((tx) => tx.db.select().from(tx.t.turns));
        expect(turns).toEqual([]);
      },
    ),
  );

  it(
    "into the matched contact and its account; the contact keeps its owner and its own values",
    inWorld(
      {
        ...options,
        before: (control) => {
          const dora = control.createUser({ name: "Dora Owner" });
          const [account] = control.as(dora).create("Account", [{ Name: "Acme Robotics" }]);
          control
            .as(dora)
            .create("Contact", [
              { AccountId: account, LastName: "Kim-Old", Email: "ana@acme-robotics.com", Title: "CTO" },
            ]);
        },
      },
      async (world) => {
        const lead = await worked(world, { ...anaKim, Title: "Buyer", Phone: "+1 415 555 0100" });
        const [contact] = world.control.records("Contact");
        expect(world.control.record(lead)).toMatchObject({ IsConverted: true, ConvertedContactId: contact?.Id });
        expect(world.control.records("Contact")).toHaveLength(1);
        expect(contact).toMatchObject({ LastName: "Kim-Old", Title: "CTO", Phone: "+1 415 555 0100" });
        expect(world.effects(String(contact?.Id)).filter((e) => e.kind === "owner")).toEqual([]);
      },
    ),
  );

  it(
    "when a queue owns it, with the owner that the pool gave",
    inWorld(options, async (world) => {
      const lead = await worked(world, { ...anaKim, OwnerId: world.control.users.leadQueueId });
      const row = world.control.record(lead);
      expect(row).toMatchObject({ IsConverted: true });
      expect(world.control.record(String(row?.ConvertedAccountId))).toMatchObject({ OwnerId: world.users["Alice Ng"] });
    }),
  );

  it(
    "by somebody else meanwhile: its ids are taken over, nothing is converted or billed again",
    inWorld(options, async (world) => {
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await world.hearStream();
      const before = await world.balance();
      await convertByHand(world, lead);
      await world.work();
      expect(await world.run(lead)).toMatchObject({ outcome: "already_converted" });
      expect(world.effects().filter((e) => e.kind === "convert")).toHaveLength(1);
      expect((await world.balance()).spent).toBe(before.spent);
    }),
  );

  it(
    "with survivorship: the values that the platform leaves behind follow the policy, in one logged write",
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
          control.as().create("Contact", [
            {
              AccountId: account,
              LastName: "Kim",
              Email: "ana@acme-robotics.com",
              Title: "CTO",
              Phone: "+1 415 555 0199",
            },
          ]);
        },
      },
      async (world) => {
        await worked(world, { ...anaKim, Title: "Buyer", Phone: "+1 415 555 0100" });
        const [contact] = world.control.records("Contact");
        expect(contact).toMatchObject({ Title: "Buyer", Phone: "+1 415 555 0199" });
        expect(await world.log(String(contact?.Id))).toMatchObject([
          { action: "merge", diff: { Title: { from: "CTO", to: "Buyer" } } },
        ]);
      },
    ),
  );

  it(
    "by two leads of one new company into one account",
    inWorld(options, async (world) => {
      world.control.as().create("Lead", [
        { ...anaKim, Website: "acme-robotics.com" },
        {
          FirstName: "Jo",
          LastName: "Park",
          Company: "Acme Robotics Inc.",
          Email: "jo@acme-robotics.com",
          Website: "acme-robotics.com",
        },
      ]);
      await world.hearStream();
      await world.work();
      await world.advance(1_000);
      await world.work();
      expect(world.control.records("Account")).toHaveLength(1);
      expect(world.control.records("Contact")).toHaveLength(2);
    }),
  );
});

onBothStores("a lead of a new company", (open) => {
  it("goes into the account that somebody created between its search and its decision", async () => {
    const raw = await open();
    let between: (() => Promise<void>) | null = null;
    const store: Store = {
      dialect: raw.dialect,
      read: (work) => raw.read(work),
      async write(work) {
        const [matching] = await raw.read((tx) => tx.db.select().from(tx.t.runs).where(eq(tx.t.runs.step, "match")));
        const now = matching ? between : null;
        if (now) {
          between = null;
          await now();
        }
        return raw.write(work);
      },
      onWake: (listener) => raw.onWake(listener),
      close: () => raw.close(),
    };
    const world = await makeWorld(store, options);
    try {
      world.control.as().create("Lead", [anaKim]);
      await world.hearStream();
      between = async () => {
        world.control.as().create("Account", [{ Name: "Acme Robotics", Website: "acme-robotics.com" }]);
        await world.hearPoll();
      };
      await world.work();
      expect(between).toBeNull();
      expect(world.control.records("Account")).toHaveLength(1);
      expect(world.control.records("Contact")).toHaveLength(1);
    } finally {
      await world.close();
    }
  });
});

onBothStores("a person decides, and nothing is written,", (open) => {
  const inWorld = inWorlds(open);
  const nothingWritten = (world: World) => expect(world.effects()).toEqual([]);
  const openReviews = (world: World) => world.store.read((tx) => tx.db.select().from(tx.t.reviews));

  it(
    "when a match lies in the review band",
    inWorld(
      {
        pools: emea,
        policies: [
          {
            ...inbound,
            body: {
              ...inbound.body,
              match: {
                account: { mode: "simple", by: ["company:fuzzy0.7"] },
                threshold: 0.9999,
                review_threshold: 0.05,
              },
            },
          },
        ],
        before: (control) => void control.as().create("Account", [{ Name: "Acme Robotic", BillingCity: "Bonn" }]),
      },
      async (world) => {
        const lead = await worked(world, { ...anaKim, City: "Bonn" });
        expect(await world.run(lead)).toMatchObject({ outcome: "review" });
        expect(await openReviews(world)).toMatchObject([{ recordId: lead, kind: "review_band", state: "open" }]);
        nothingWritten(world);
      },
    ),
  );

  it(
    "when two records fit equally well",
    inWorld(
      {
        ...options,
        before: (control) =>
          void control.as().create("Account", [
            { Name: "Acme Robotics", Website: "acme-robotics.com" },
            { Name: "Acme Robotics", Website: "acme-robotics.com" },
          ]),
      },
      async (world) => {
        const lead = await worked(world, anaKim);
        expect(await openReviews(world)).toMatchObject([{ recordId: lead, kind: "tie" }]);
        nothingWritten(world);
      },
    ),
  );

  it(
    "when Salesforce itself finds a duplicate",
    inWorld({ pools: emea, policies: [{ ...inbound, body: { convert: true } }] }, async (world) => {
      world.control.as().create("Account", [{ Name: "Acme Robotics" }]);
      world.control.setDuplicateRule({ object: "Account", fields: ["Name"], action: "block" });
      const lead = await worked(world, anaKim);
      expect(await openReviews(world)).toMatchObject([{ recordId: lead, kind: "duplicates_detected" }]);
      expect(world.control.record(lead)).toMatchObject({ IsConverted: false });
      nothingWritten(world);
      expect((await world.balance()).reserved).toBe(0);
    }),
  );
});

/** Somebody converts it before our journey does. */
async function convertByHand(world: World, leadId: string): Promise<void> {
  const [result] =
    (await world.app
      .org()
      ?.salesforce.convertLeads([{ leadId, convertedStatus: "Closed - Converted", doNotCreateOpportunity: true }])) ??
    [];
  expect(result).toMatchObject({ ok: true });
}
