/** What the org is, and what its objects look like. */
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Calls } from "./calls.ts";
import { SalesforceError } from "./errors.ts";
import type { CallOptions, FieldDescribe, ObjectDescribe, OrgIdentity } from "./port.ts";
import { queries } from "./read.ts";
import { shaped } from "./shapes.ts";
import { checkedName, equals, select } from "./soql.ts";

/** Who we are and where, asked of the org itself: proves that the session may read. */
export async function identify(calls: Calls, apiVersion: string, options?: CallOptions): Promise<OrgIdentity> {
  const { userId, orgId } = await calls.session.identity();
  const asked = await queries(
    calls,
    apiVersion,
    [
      { soql: select({ fields: ["Id", "Name", "IsSandbox"], from: "Organization" }) },
      { soql: select({ fields: ["Id", "Username"], from: "User", where: equals("Id", userId) }) },
    ],
    options,
  );
  const [org, user] = asked.map((outcome) => {
    if (outcome.ok) return outcome.page.rows[0];
    const [first] = outcome.errors;
    throw new SalesforceError(
      "permanent",
      first?.statusCode ?? "UNKNOWN_EXCEPTION",
      `The org cannot be identified: ${first?.message ?? ""}`,
    );
  });
  const { instanceUrl } = await calls.session.get();
  const name = typeof org?.["Name"] === "string" ? org["Name"] : "";
  const username = typeof user?.["Username"] === "string" ? user["Username"] : "";
  return { orgId, name, sandbox: org?.["IsSandbox"] === true, userId, username, instanceUrl };
}

const Described = z.object({
  name: z.string(),
  keyPrefix: z.string().nullish(),
  fields: z.array(
    z.object({
      name: z.string(),
      label: z.string().nullish(),
      type: z.string(),
      length: z.number().nullish(),
      updateable: z.boolean(),
      createable: z.boolean(),
      custom: z.boolean(),
    }),
  ),
});

const keptMs = 60 * 60_000;

/** Descriptions kept for an hour; those who ask together share one call. */
export class Descriptions {
  readonly #calls: Calls;
  readonly #clock: Clock;
  readonly #kept = new Map<string, { until: number; description: Promise<ObjectDescribe> }>();
  constructor(calls: Calls, clock: Clock) {
    this.#calls = calls;
    this.#clock = clock;
  }

  get(object: string, options?: CallOptions): Promise<ObjectDescribe> {
    const name = checkedName(object);
    const kept = this.#kept.get(name);
    if (kept && kept.until > this.#clock.now()) return kept.description;
    const entry = { until: this.#clock.now() + keptMs, description: this.#ask(name, options) };
    this.#kept.set(name, entry);
    // A failure is not an answer worth keeping.
    entry.description.catch(() => this.#kept.get(name) === entry && this.#kept.delete(name));
    return entry.description;
  }

  async #ask(name: string, options?: CallOptions): Promise<ObjectDescribe> {
    const path = `/sobjects/${name}/describe`;
    const answer = await this.#calls.json({ kind: "describe", method: "GET", path, effect: "read" }, options);
    const described = shaped(Described, answer, "read", "the describe");
    const fields = described.fields.map((field): [string, FieldDescribe] => [
      field.name,
      { ...field, label: field.label ?? field.name, length: field.length ?? 0 },
    ]);
    return { name: described.name, keyPrefix: described.keyPrefix ?? "", fields: new Map(fields) };
  }
}
