/** The demo as a user runs it: a process of its own, its output, its status. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { formatKey, newKeyParts } from "../../service/keys/format.ts";

const repository = new URL("../..", import.meta.url);

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lantern-demo-test-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

interface Demo {
  out: () => string;
  err: () => string;
  /** Resolves when the output holds the text. */
  says: (text: string | RegExp) => Promise<void>;
  ended: Promise<number | null>;
  child: ChildProcess;
}

function demo(args: string[], env: Record<string, string> = {}): Demo {
  const child = spawn(process.execPath, ["--import", "tsx", "scripts/demo.ts", ...args], {
    cwd: repository,
    // Its databases go where the test can see that nothing is left of them.
    env: { ...process.env, PORT: "0", ORG_PORT: "0", LOG_LEVEL: "error", TMPDIR: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const text = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text.err += chunk.toString()));
  const ended = once(child, "exit").then(([code]) => code as number | null);
  return {
    out: () => text.out,
    err: () => text.err,
    says: async (wanted) => {
      while (!(typeof wanted === "string" ? text.out.includes(wanted) : wanted.test(text.out))) {
        if (child.exitCode !== null)
          throw new Error(`the demo ended without “${String(wanted)}”:\n${text.out}\n${text.err}`);
        await once(child.stdout, "data");
      }
    },
    ended,
    child,
  };
}
const figure = (out: string, name: string): string => new RegExp(`^ +${name} +(.*)$`, "m").exec(out)?.[1] ?? "";

test(
  "the demo ends by itself with nothing lost and nothing done twice, every door heard",
  { timeout: 60_000 },
  async () => {
    const run = demo(["--once"]);
    expect(await run.ended, run.out() + run.err()).toBe(0);
    const out = run.out();
    expect(figure(out, "leads in")).toBe("60");
    expect(figure(out, "lost")).toBe("0");
    expect(figure(out, "done twice")).toBe("0");
    expect(figure(out, "first heard by")).toMatch(/^webhook [1-9]\d*, stream [1-9]\d*, poll [1-9]/);
    expect(figure(out, "assigned by turn")).toMatch(/max − min [01]; David Stern is inactive and got none/);
    expect(Number(figure(out, "converted"))).toBeGreaterThan(30);
    expect(figure(out, "credits")).toMatch(/ 0 reserved, .* the ledger sums to 0$/);
    // No colours where nobody looks at a terminal.
    expect(out).not.toContain("\u001b[");
    expect(readdirSync(folder).filter((name) => name.startsWith("lantern-demo-"))).toEqual([]);
  },
);

test(
  "it goes on serving with the key it was given, shows what comes in, and stops cleanly",
  { timeout: 90_000 },
  async () => {
    const key = formatKey(newKeyParts("live"));
    const run = demo([], { LANTERN_API_KEY: key });
    await run.says("A lead of your own");
    const [, url = ""] = /service +(http:\S+)/.exec(run.out()) ?? [];
    const [, org = ""] = /org +(http:\S+)/.exec(run.out()) ?? [];
    const shownCall = /curl -s -H '(Authorization): (Bearer \S+)' '(\S+)'/.exec(run.out());
    expect(shownCall?.[2]).toBe(`Bearer ${key}`);
    const logs = await fetch(shownCall?.[3] ?? url, { headers: { Authorization: shownCall?.[2] ?? "" } });
    expect(logs.status).toBe(200);
    expect(await logs.json()).toMatchObject({ success: true, count: 5 });
    await fetch(`${org}/__control/create`, {
      method: "POST",
      body: JSON.stringify({
        object: "Lead",
        rows: [{ FirstName: "Grace", LastName: "Murray", Company: "Compilers Inc", LeadSource: "Web" }],
      }),
    });
    await run.says(/Grace Murray @ Compilers Inc .* converted/);
    run.child.kill("SIGINT");
    expect(await run.ended, run.err()).toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith("lantern-demo-"))).toEqual([]);
  },
);

test(
  "a user's own leads come in, what is wrong with a row is said, and the others find their accounts",
  { timeout: 60_000 },
  async () => {
    const leads = join(folder, "leads.csv");
    const accounts = join(folder, "accounts.csv");
    writeFileSync(
      leads,
      "Full Name,Organisation,E-mail,Zip,Shoe size\nAda Quill,Kestrel Foods Inc,ada@kestrelfoods.example,60601,38\n,Marrowby Solar LLC,not an address,,\nBo Li,,bo@nowhere.example,,\n",
    );
    writeFileSync(accounts, "Account Name,Domain\nKestrel Foods,kestrelfoods.example\n");
    const run = demo(["--once", "--leads", leads, "--accounts", accounts]);
    expect(await run.ended, run.out() + run.err()).toBe(0);
    expect(run.out()).toMatch(/Organisation → Company/);
    expect(run.out()).toMatch(/not used: Shoe size/);
    expect(run.err()).toMatch(/leads\.csv, line 4: cannot be used: it names no company/);
    expect(run.err()).toMatch(/leads\.csv, line 3: comes in without a cell: “not an address” is not an e-mail address/);
    expect(run.out()).toMatch(
      /Ada Quill @ Kestrel Foods Inc · is account Kestrel Foods .* converted: new contact at Kestrel Foods/,
    );
    expect(run.out()).toMatch(/\[unknown\] @ Marrowby Solar LLC · new/);
    expect(figure(run.out(), "leads in")).toBe("2 (1 rows could not be used, listed above)");
  },
);

test("what it is asked for and cannot do ends it with status 2 and a sentence", async () => {
  const run = demo(["--once"], { LANTERN_API_KEY: "ltn_live_short" });
  expect(await run.ended).toBe(2);
  expect(run.err()).toMatch(/LANTERN_API_KEY is not an API key of Lantern/);
  expect(run.err()).not.toMatch(/\n\s+at /);
});

test("a port that is taken is named, with the way out", async () => {
  const { createServer } = await import("node:http");
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const run = demo(["--once"], { ORG_PORT: String(port) });
  expect(await run.ended).toBe(1);
  expect(run.err()).toContain(`Port ${port} is taken. Choose another one: ORG_PORT=`);
  server.close();
});
