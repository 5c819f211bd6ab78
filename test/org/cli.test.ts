/** The Salesforce CLI, unchanged, against the stand-in org; in a home folder of its own that is thrown away. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "./caller.ts";
import { openOrg } from "./caller.ts";

const sf = fileURLToPath(new URL("../../node_modules/.bin/sf", import.meta.url));
const absent = !existsSync(sf);
const suite = absent ? "the Salesforce CLI (skipped: @salesforce/cli is not installed)" : "the Salesforce CLI";

const home = mkdtempSync(join(tmpdir(), "lantern-sf-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

let caller: Caller;

/** Ends with what it printed; a status other than 0 is thrown with it. */
function run(...args: string[]): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    USERPROFILE: home,
    SF_ACCESS_TOKEN: caller.token,
    SF_USE_GENERIC_UNIX_KEYCHAIN: "true",
    // Nothing but the org is asked anything.
    SF_DISABLE_AUTOUPDATE: "true",
    SF_SKIP_NEW_VERSION_CHECK: "true",
    SF_DISABLE_TELEMETRY: "true",
    FORCE_COLOR: "0",
    NO_COLOR: "1",
  };
  return new Promise((resolve, reject) => {
    execFile(sf, args, { env, cwd: home, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`sf ${args.join(" ")}\n${stdout}\n${stderr}`));
      else resolve(stdout);
    });
  });
}
const json = async (...args: string[]): Promise<unknown> =>
  (JSON.parse(await run(...args, "--target-org", "standin", "--json")) as { result: unknown }).result;

describe.skipIf(absent)(suite, () => {
  beforeEach(async () => {
    caller = await openOrg();
    await run("org", "login", "access-token", "--instance-url", caller.org.url, "--no-prompt", "--alias", "standin");
  });

  test("logs in with an access token and knows whose it is", async () => {
    expect(await json("org", "display")).toMatchObject({
      id: caller.org.orgId,
      username: caller.org.username,
      connectedStatus: "Connected",
    });
  });

  test("creates a record, reads it as JSON and as a table, and counts", async () => {
    const values = "LastName=Lovelace Company='Analytical Engines'";
    const made = (await json("data", "create", "record", "--sobject", "Lead", "--values", values)) as { id: string };
    expect(caller.org.control.record(made.id)).toMatchObject({ LastName: "Lovelace", Company: "Analytical Engines" });
    const soql = "SELECT Id, Company, Owner.Name FROM Lead";
    expect(await json("data", "query", "--query", soql)).toMatchObject({
      totalSize: 1,
      records: [{ Id: made.id, Owner: { Name: "Lantern Integration" } }],
    });
    const table = await run("data", "query", "--query", soql, "--target-org", "standin");
    expect(table).toContain("OWNER.NAME");
    expect(table).toMatch(new RegExp(`${made.id}.*Analytical Engines.*Lantern Integration`));
    expect(await run("data", "query", "--query", "SELECT COUNT() FROM Lead", "--target-org", "standin")).toMatch(
      /records retrieved: 1/,
    );
  });

  test("exports in bulk, page after page, and lists the limits", async () => {
    const rows = Array.from({ length: 25 }, (_v, i) => ({ LastName: `L${i}`, Company: "Engines" }));
    caller.org.control.as().create("Lead", rows);
    caller.org.control.jobs.pageSize = 10;
    const file = join(home, "leads.csv");
    const flags = ["--output-file", file, "--result-format", "csv", "--wait", "1", "--target-org", "standin"];
    await run("data", "export", "bulk", "--query", "SELECT Id, LastName FROM Lead", ...flags);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines[0]).toBe('"Id","LastName"');
    expect(new Set(lines.slice(1)).size).toBe(25);
    const limits = (await json("org", "list", "limits")) as { name: string }[];
    expect(limits.map((limit) => limit.name)).toContain("DailyDeliveredPlatformEvents");
  });
});
