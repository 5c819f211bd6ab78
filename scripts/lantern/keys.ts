/** API keys: make, list, revoke. */
import { scopes, type Scope } from "../../service/http/index.ts";
import { createKey, listKeys, revokeKey } from "../../service/keys/index.ts";
import { getId } from "../../service/salesforce/index.ts";
import { readArgs, tenant, UsageError, withStore, type Command } from "./command.ts";
import { table } from "./table.ts";

export const createKeyCommand: Command = {
  name: "keys create",
  usage: "--name NAME --scopes a,b|all [--org ID] [--mode live|test] [--expires TIME]",
  about: "makes an API key and prints it once",
  details: `Scopes: ${scopes.join(", ")}.\nTIME is ISO 8601 with a zone, 2027-01-31T00:00:00Z.`,
  async run(argv, outside) {
    const { values } = readArgs(argv, {
      options: {
        name: { type: "string" },
        scopes: { type: "string" },
        org: { type: "string" },
        mode: { type: "string", default: "live" },
        expires: { type: "string" },
      },
    });
    if (values.name === undefined) throw new UsageError("--name says what the key is for.");
    if (values.scopes === undefined) throw new UsageError("--scopes says what the key may do.");
    if (values.mode !== "live" && values.mode !== "test") throw new UsageError("--mode is live or test.");
    const input = {
      name: values.name,
      scopes: scopesOf(values.scopes),
      mode: values.mode,
      ...(values.org === undefined ? {} : { org_id: getId(values.org) }),
      ...(values.expires === undefined ? {} : { expires_at: values.expires }),
    } as const;
    await withStore(outside, async ({ store, ctx }) => {
      const made = await store.write((tx) => createKey(tx, { tenant, clock: ctx.clock }, input));
      outside.terminal.out(`Key ${made.id} (${made.name}), shown this once and kept as a hash only:`);
      outside.terminal.out("");
      outside.terminal.out(`  ${made.key}`);
    });
  },
};

function scopesOf(text: string): Scope[] {
  if (text === "all") return [...scopes];
  return text.split(",").map((part) => {
    const scope = scopes.find((name) => name === part.trim());
    if (scope === undefined) throw new UsageError(`There is no scope “${part.trim()}”: ${scopes.join(", ")}.`);
    return scope;
  });
}

export const listKeysCommand: Command = {
  name: "keys list",
  usage: "",
  about: "lists the keys, without their secrets",
  async run(argv, outside) {
    readArgs(argv, {});
    await withStore(outside, async ({ store }) => {
      const keys = await store.read((tx) => listKeys(tx, tenant));
      const { out } = outside.terminal;
      if (keys.length === 0) return out("There are no keys. `npm run lantern -- init` makes the first one.");
      const rows = keys.map((key) => [
        key.id,
        key.name,
        key.mode,
        key.org_id ?? "-",
        key.revoked_at !== null ? `revoked ${key.revoked_at}` : (key.expires_at ?? "does not expire"),
        key.last_used_at ?? "never used",
        key.scopes.join(" "),
      ]);
      for (const line of table(["id", "name", "mode", "org", "valid until", "last used", "scopes"], rows)) out(line);
    });
  },
};

export const revokeKeyCommand: Command = {
  name: "keys revoke",
  usage: "ID",
  about: "ends a key for good, within 5 seconds on every instance",
  async run(argv, outside) {
    const [id = ""] = readArgs(argv, { words: 1 }).positionals;
    await withStore(outside, async ({ store, ctx }) => {
      const key = await store.write((tx) => revokeKey(tx, { tenant, clock: ctx.clock }, id));
      outside.terminal.out(`Key ${key.id} (${key.name}) is revoked since ${key.revoked_at}.`);
    });
  },
};
