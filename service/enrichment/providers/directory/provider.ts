/**
 * The tenant's own directory of people and companies (see import.ts). People are found by e-mail, then by name and
 * domain, then by name and company; companies by domain, then by name. Free, and never cached: it is a table of ours.
 */
import { and, eq, type SQL } from "drizzle-orm";
import type { Store, Tx } from "../../../store/store.ts";
import { companyFields, personFields } from "../../fields.ts";
import type { Identity } from "../../identity.ts";
import type { Provider, ProviderAnswer } from "../../port.ts";
import { pair } from "./keys.ts";
import { answerOf, type DirectoryRow } from "./transform.ts";

/** One way to look somebody up: how sure it makes us, and the condition; undefined when the identity lacks what it needs. */
interface Lookup {
  confidence: number;
  find: ((tx: Tx) => Promise<DirectoryRow[]>) | null;
}

/** Enough to tell "one" from "several". */
const atMost = 5;

export function directoryProvider({ store }: { store: Store }): Provider {
  return {
    name: "directory",
    free: true,
    price: 0,
    gives: { person: personFields, company: companyFields },
    keeps: null,
    timeoutMs: 10_000,
    needs: (identity) => lookupsFor(identity, 0).some((lookup) => lookup.find !== null),
    async ask(identity, { tenant }): Promise<ProviderAnswer> {
      return store.read(async (tx) => {
        for (const { find, confidence } of lookupsFor(identity, tenant)) {
          const answer = find && answerOf(await find(tx), identity.kind, confidence);
          if (answer) return answer;
        }
        return { found: false, reason: "the directory has no such row" };
      });
    },
  };
}

function lookupsFor(identity: Identity, tenant: number): Lookup[] {
  if (identity.kind === "person") {
    const { email, name, domain, company } = identity;
    const by = (where: (tx: Tx) => SQL | undefined) => async (tx: Tx) =>
      tx.db
        .select({ rowKey: tx.t.directoryPeople.rowKey, fields: tx.t.directoryPeople.fields })
        .from(tx.t.directoryPeople)
        .where(and(eq(tx.t.directoryPeople.tenantId, tenant), where(tx)))
        .limit(atMost);
    return [
      { confidence: 0.98, find: email === null ? null : by((tx) => eq(tx.t.directoryPeople.email, email)) },
      {
        confidence: 0.9,
        find: name && domain ? by((tx) => eq(tx.t.directoryPeople.nameDomain, pair(name, domain))) : null,
      },
      {
        confidence: 0.8,
        find: name && company ? by((tx) => eq(tx.t.directoryPeople.nameCompany, pair(name, company))) : null,
      },
    ];
  }
  const { name, domain } = identity;
  const by = (where: (tx: Tx) => SQL | undefined) => async (tx: Tx) =>
    tx.db
      .select({ rowKey: tx.t.directoryCompanies.rowKey, fields: tx.t.directoryCompanies.fields })
      .from(tx.t.directoryCompanies)
      .where(and(eq(tx.t.directoryCompanies.tenantId, tenant), where(tx)))
      .limit(atMost);
  return [
    { confidence: 0.95, find: domain === null ? null : by((tx) => eq(tx.t.directoryCompanies.domain, domain)) },
    { confidence: 0.75, find: name === null ? null : by((tx) => eq(tx.t.directoryCompanies.name, name)) },
  ];
}
