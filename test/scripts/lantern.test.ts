/** The CLI's verbs, run as an operator would, on both databases; those that need an org against the stand-in. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lantern } from "../../scripts/lantern.ts";
import { createApp } from "../../service/app.ts";
import { systemClock } from "../../service/clock.ts";
import { readConfig } from "../../service/config.ts";
import { memoryLimits } from "../../service/http/index.ts";
import { randomIds } from "../../service/ids.ts";
import { parseKey } from "../../service/keys/format.ts";
import { parkWaiting, want } from "../../service/queue/queue.ts";
import { openStore } from "../../service/store/open.ts";
import type { Store } from "../../service/store/store.ts";
import { startOrg, type StandInOrg } from "../org/start.ts";
import { onBothStores } from "../support/stores.ts";

interface Ran {
  code: number;
  out: string;
  err: string;
}

onBothStores("the CLI", (open) => {
  let env: Record<string, string>;
  beforeEach(async () => {
    env = { DATABASE_URL: await open.url(), SALESFORCE_ALLOW_LOCAL: "true" };
  });

  async function run(...argv: string[]): Promise<Ran> {
    const out: string[] = [];
    const err: string[] = [];
    const code = await lantern(argv, {
      env,
      terminal: { out: (line) => out.push(line), err: (line) => err.push(line), rewrite: null },
      clock: systemClock,
      ids: randomIds,
      log: pino({ level: "silent" }),
    });
    return { code, out: out.join("\n"), err: err.join("\n") };
  }
  async function withDatabase<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const store = await openStore(env["DATABASE_URL"] ?? "", { poolSize: 2 });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }
  const keyIn = (text: string): string => /ltn_\w+/.exec(text)?.[0] ?? "";

  test("init makes one admin key, prints it once, and refuses to make a second", async () => {
    const first = await run("init");
    expect(first.code).toBe(0);
    expect(parseKey(keyIn(first.out))?.mode).toBe("live");
    const second = await run("init");
    expect(second.code).toBe(1);
    expect(second.err).toMatch(/There is an admin key already/);
    expect((await run("keys", "list")).out).not.toContain(keyIn(first.out));
  });

  test("a key is made with the scopes asked for, listed, and revoked", async () => {
    await run("init");
    const made = await run("keys", "create", "--name", "web form", "--scopes", "match,logs", "--mode", "test");
    const id = parseKey(keyIn(made.out))?.id ?? "";
    expect((await run("keys", "list")).out).toMatch(new RegExp(`${id} +web form +test .* match logs`));
    expect((await run("keys", "revoke", id)).out).toMatch(/is revoked since/);
    expect((await run("keys", "list")).out).toMatch(new RegExp(`${id} .*revoked `));
  });

  test("revoking a key that is not there says so", async () => {
    expect(await run("keys", "revoke", "nosuchkey000")).toMatchObject({
      code: 1,
      err: "There is no API key nosuchkey000.",
    });
  });

  test("credits are granted with two decimals and shown", async () => {
    await run("init");
    expect((await run("credits", "grant", "100.25")).out).toMatch(/100\.25 credits are left/);
    expect((await run("credits", "balance")).out).toMatch(
      /granted +100\.25\navailable +100\.25\nreserved +0\nspent +0/,
    );
  });

  test.each(["0", "-1", "1.234", "many", "1e3"])(
    "an amount of %s credits is refused and grants nothing",
    async (amount) => {
      expect((await run("credits", "grant", "--", amount)).code).toBe(2);
      expect((await run("credits", "balance")).out).toMatch(/granted +0/);
    },
  );

  describe("the directory", () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "lantern-cli-"));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));
    const file = (text: string) => {
      const path = join(folder, "people.csv");
      writeFileSync(path, text);
      return path;
    };
    const stored = () => withDatabase((store) => store.read((tx) => tx.db.select().from(tx.t.directoryPeople)));
    const csv = "First Name,Last Name,E-Mail,Shoe size\nAda,Quill,ada@quill.example,38\nno,body,,40\n";

    test("is imported with its bad rows listed", async () => {
      const ran = await run("directory", "import", file(csv), "--kind", "people");
      expect(ran.code).toBe(0);
      expect(ran.out).toMatch(/2 rows: 1 stored, 1 left out/);
      expect(ran.out).toMatch(/left out: Shoe size/);
      expect(ran.err).toMatch(/^line 3: /);
      expect(await stored()).toHaveLength(1);
    });

    test("a dry run says the same and stores nothing", async () => {
      const ran = await run("directory", "import", file(csv), "--kind", "people", "--dry-run");
      expect(ran.out).toMatch(/1 can be imported, 1 cannot. Nothing was stored/);
      expect(await stored()).toEqual([]);
    });

    test("a file that is not there is a sentence, not a stack", async () => {
      const ran = await run("directory", "import", join(folder, "none.csv"), "--kind", "people");
      expect(ran.code).toBe(1);
      expect(ran.err).toMatch(/none\.csv cannot be read/);
    });
  });

  test("parked work is listed with its reason and goes on when asked", async () => {
    await withDatabase((store) =>
      store.write(async (tx) => {
        for (const key of ["a", "b"]) {
          await want(tx, { kind: "journey", key, tenant: 1, now: 0 });
          await parkWaiting(tx, "journey", key, key === "a" ? "loop_suspected" : "credits_short", `why ${key}`, 1);
        }
      }),
    );
    const listed = await run("parked", "list");
    expect(listed.out).toMatch(/loop_suspected +1/);
    expect(listed.out).toMatch(/journey +b +credits_short +why b/);
    expect((await run("parked", "retry", "--code", "loop_suspected")).out).toMatch(/^1 go on/);
    expect((await run("parked", "list")).out).not.toMatch(/why a/);
    expect((await run("parked", "retry", "--all")).out).toMatch(/^1 go on/);
    expect((await run("parked", "list")).out).toBe("Nothing is parked.");
  });

  test("retrying without saying what is refused", async () => {
    expect(await run("parked", "retry")).toMatchObject({ code: 2 });
  });

  test("the configuration is shown with its secrets masked, and what does not fit is named", async () => {
    env["SALESFORCE_CLIENT_SECRET"] = "very-secret";
    const shown = await run("config");
    expect(shown.out).not.toContain("very-secret");
    env["PORT"] = "many";
    const wrong = await run("config");
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(/PORT/);
  });

  test("a command that is not there lists those that are", async () => {
    const ran = await run("frobnicate");
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/no command “frobnicate”[^]*credits grant/);
  });

  test("every command explains itself without touching the database", async () => {
    env["DATABASE_URL"] = "nonsense:";
    for (const command of [["org", "verify"], ["backfill"], ["demo-data"], ["keys", "create"]])
      expect(await run(...command, "--help")).toMatchObject({ code: 0, err: "" });
  });

  test("commands for the org say what is missing when none is configured", async () => {
    expect((await run("org", "connect")).err).toMatch(/No org is configured: set SALESFORCE_LOGIN_URL/);
  });

  describe("with an org", () => {
    let org: StandInOrg;
    beforeEach(async () => {
      org = await startOrg();
      env = {
        ...env,
        SALESFORCE_LOGIN_URL: org.url,
        SALESFORCE_CLIENT_ID: org.clientId,
        SALESFORCE_CLIENT_SECRET: org.clientSecret,
      };
    });
    afterEach(() => org.close());

    test("it is connected once, and its status is shown", async () => {
      expect((await run("org", "connect")).out).toMatch(/is connected\./);
      expect((await run("org", "connect")).out).toMatch(/is connected already/);
      const status = await run("org", "status");
      expect(status.out).toContain(org.orgId);
      expect(status.out).toMatch(/baseline +being taken/);
    });

    test("the first key is bound to the org that is connected", async () => {
      await run("org", "connect");
      expect((await run("init")).out).toContain(`bound to the org ${org.orgId}`);
    });

    test("what was wanted before the service has reached the org waits for it, and is not parked", async () => {
      await run("org", "connect");
      await withDatabase(async (store) => {
        const log = pino({ level: "silent" });
        const base = { store, clock: systemClock, ids: randomIds, log };
        const app = createApp({ ...base, config: readConfig(env), limits: memoryLimits() });
        await app.worker.drain();
        expect((await run("parked", "list")).out).toBe("Nothing is parked.");
        await app.connect();
        const based = () =>
          store.read(async (tx) => (await tx.db.select().from(tx.t.orgs)).every((o) => o.baselineDoneAt !== null));
        while (!(await based())) await app.worker.drain();
        await app.stop();
      });
      expect((await run("org", "status")).out).toMatch(/baseline +done/);
    });

    test("verifying makes a real call each way and finds everything in place", async () => {
      const ran = await run("org", "verify");
      expect(ran.out.split("\n").filter((line) => !line.startsWith("✓"))).toEqual([]);
      expect(ran.code).toBe(0);
    });

    test("a secret that is wrong is told as such", async () => {
      env["SALESFORCE_CLIENT_SECRET"] = "wrong";
      const ran = await run("org", "connect");
      expect(ran.code).toBe(1);
      expect(ran.err).not.toMatch(/\n\s+at /);
    });

    test("a back-fill marks the records that fit, and at most as many as asked", async () => {
      const ids = org.control.as().create("Lead", [
        { LastName: "One", Company: "A", LeadSource: "Web" },
        { LastName: "Two", Company: "B", LeadSource: "Web" },
        { LastName: "Three", Company: "C", LeadSource: "Other" },
        { LastName: "Four", Company: "D", LeadSource: "Web" },
      ]);
      await run("org", "connect");
      await run("credits", "grant", "100");
      const counted = await run("backfill", "--object", "Lead", "--where", "LeadSource=Web", "--dry-run");
      expect(counted.out).toMatch(/^3 Lead records, at most 6 credits; 100 are left. Nothing was marked/);
      const ran = await run("backfill", "--object", "Lead", "--where", "LeadSource=Web", "--limit", "2");
      expect(ran.out).toMatch(/2 are marked/);
      const runs = await withDatabase((store) => store.read((tx) => tx.db.select().from(tx.t.runs)));
      expect(runs.map((r) => [r.recordId, r.heardBy, r.data.forced])).toEqual(
        expect.arrayContaining([
          [ids[0], "backfill", true],
          [ids[1], "backfill", true],
        ]),
      );
      expect(runs).toHaveLength(2);
    });

    test("a back-fill on a field that is not there is refused by name", async () => {
      await run("org", "connect");
      expect((await run("backfill", "--object", "Lead", "--where", "Shoe__c=1")).err).toMatch(/no field “Shoe__c”/);
    });

    test("demo data is put into the stand-in once, every policy in observe mode", async () => {
      expect((await run("demo-data", "--accounts", "5")).code).toBe(0);
      expect(org.control.records("Account")).toHaveLength(5);
      expect(org.control.records("Contact")).toHaveLength(10);
      const policies = org.control.records("Lantern_Policy__c");
      expect(policies.map((policy) => policy["Mode__c"])).toEqual(["observe", "observe", "observe"]);
      expect((await run("demo-data")).err).toMatch(/is there already/);
      expect(org.control.records("Account")).toHaveLength(5);
      await run("org", "connect");
      expect((await run("org", "status")).out).not.toMatch(/CANNOT BE USED/);
    });
  });
});
