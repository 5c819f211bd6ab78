/** Marks records that are in the org already as wanted, as if each had just changed. */
import { balanceOf, triggerPrice } from "../../service/credits/index.ts";
import { LanternError } from "../../service/errors.ts";
import { receive } from "../../service/intake/receive.ts";
import { soql, type QueryPage, type Salesforce } from "../../service/salesforce/index.ts";
import { readArgs, tenant, UsageError, wholeNumber, withStore, type Command } from "./command.ts";
import { getConnected, logIn, textIn } from "./log-in.ts";
import { showProgress } from "./progress.ts";

const pageSize = 2_000;
/** Nothing of a back-fill is so urgent that the day's API calls may be used up for it. */
const deferrable = { urgency: "deferrable" } as const;

export const backfill: Command = {
  name: "backfill",
  usage: "--object Lead [--where field=value]… [--limit N] [--dry-run]",
  about: "has existing records looked at, as if each had just changed",
  details: [
    "Converted leads are passed over. Each record costs what a trigger of its object costs; those that credits do not",
    "reach for are kept and parked until there are some. --dry-run counts them and says the price.",
    "`null`, `true`, `false` and numbers mean themselves where the field is of that type.",
  ].join("\n"),
  async run(argv, outside) {
    const { values } = readArgs(argv, {
      options: {
        object: { type: "string" },
        where: { type: "string", multiple: true, default: [] },
        limit: { type: "string" },
        "dry-run": { type: "boolean", default: false },
      },
    });
    const { object } = values;
    if (object === undefined) throw new UsageError("--object says which records: Lead, Contact, Account …");
    const limit = values.limit === undefined ? Infinity : wholeNumber(values.limit, "--limit");
    const { terminal } = outside;
    await withStore(outside, async ({ store, config, ctx }) => {
      const salesforce = await logIn(outside, config);
      const org = await getConnected(store, salesforce);
      const conditions = await conditionsOf(salesforce, object, values.where);
      const ids = await idsOf(salesforce, object, conditions, limit);
      const price = triggerPrice(config.prices, object) * ids.length;
      const { available } = await store.read((tx) => balanceOf(tx, tenant));
      const cost = `${ids.length} ${object} records, at most ${price / 100} credits; ${available / 100} are left.`;
      if (values["dry-run"]) return terminal.out(`${cost} Nothing was marked.`);
      terminal.out(cost);
      const progress = showProgress(terminal, "Marking");
      const sum = { marked: 0, merged: 0, parked: 0 };
      for (let i = 0; i < ids.length; i += 200) {
        const received = await store.write((tx) =>
          receive(tx, ctx, {
            orgId: org.id,
            object,
            door: "backfill",
            changes: ids.slice(i, i + 200).map((recordId) => ({ recordId })),
            prices: config.prices,
            quietMs: config.quietMs,
            forced: true,
          }),
        );
        sum.marked += received.length;
        sum.merged += received.filter((r) => r.merged).length;
        sum.parked += received.filter((r) => r.parked).length;
        progress.at(sum.marked, ids.length);
      }
      progress.end();
      terminal.out(
        `${sum.marked} are marked, of which ${sum.merged} were waiting already and ${sum.parked} are parked for want of credits.`,
      );
      if (sum.marked > 0) terminal.out("The running service takes them up.");
    });
  },
};

async function conditionsOf(
  salesforce: Salesforce,
  object: string,
  wheres: readonly string[],
): Promise<ReturnType<typeof soql.equals>[]> {
  const { fields } = await salesforce.describe(object, deferrable);
  const byName = new Map([...fields.values()].map((field) => [field.name.toLowerCase(), field]));
  const out = wheres.map((text) => {
    const at = text.indexOf("=");
    if (at < 1) throw new UsageError(`--where takes field=value, not “${text}”.`);
    const field = byName.get(text.slice(0, at).trim().toLowerCase());
    if (!field)
      throw new LanternError(`${object} has no field “${text.slice(0, at)}” that the user may read.`, {
        code: "unknown_field",
      });
    return soql.equals(field.name, valueOf(field.type, text.slice(at + 1)));
  });
  if (object === "Lead") out.push(soql.equals("IsConverted", false));
  return out;
}

const numeric = new Set(["int", "double", "currency", "percent", "long"]);

function valueOf(type: string, text: string): string | number | boolean | Date | null {
  if (text === "null") return null;
  if (type === "boolean") return text === "true";
  if (numeric.has(type)) return Number(text);
  if (type === "datetime") return new Date(text);
  return text;
}

/** By pages in the order of ids, so that what is created meanwhile moves nothing. */
async function idsOf(
  salesforce: Salesforce,
  object: string,
  conditions: readonly ReturnType<typeof soql.equals>[],
  limit: number,
): Promise<string[]> {
  const ids: string[] = [];
  let after = "";
  for (;;) {
    const where = [...conditions, ...(after === "" ? [] : [soql.compare("Id", ">", after)])];
    const asked = Math.min(pageSize, limit - ids.length);
    const text = soql.select({
      fields: ["Id"],
      from: object,
      ...(where.length > 0 ? { where } : {}),
      orderBy: ["Id"],
      limit: asked,
    });
    const page: QueryPage = await salesforce.query({ soql: text }, deferrable);
    for (const row of page.rows) ids.push(textIn(row, "Id"));
    after = ids.at(-1) ?? "";
    if ((page.rows.length < asked && page.done) || ids.length >= limit || page.rows.length === 0) return ids;
  }
}
