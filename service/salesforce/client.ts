/** An org over REST and SOAP: the port's one implementation. */
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { Calls } from "./calls.ts";
import { convertLeads, merge } from "./convert.ts";
import { Descriptions, identify } from "./describe.ts";
import { salesforceHosts } from "./hosts.ts";
import type { Salesforce } from "./port.ts";
import { queries, query, queryMore, retrieve } from "./read.ts";
import type { SalesforceAuth } from "./session.ts";
import { count, deletedIds, updatedIds } from "./replication.ts";
import { create, updateIfUnmodified } from "./write.ts";

export interface ConnectOptions {
  /** Where tokens are asked for. Client credentials need the My Domain; JWT may use login or test.salesforce.com. */
  loginUrl: string;
  auth: SalesforceAuth;
  /** Default 67.0. */
  apiVersion?: string;
  clock: Clock;
  log: Logger;
  /** For calls that only read, and for logins. Default 30,000. */
  timeoutMs?: number;
  /** For writes; shorter than a worker's lease, so that nobody else works on a record whose write is under way. Default 20,000. */
  writeTimeoutMs?: number;
  /** Hosts a session may be sent to; `*.` for any label. Default: Salesforce's own. */
  allowedHosts?: readonly string[];
  /** Allows http to this machine, for the stand-in org only. */
  allowInsecureLocal?: boolean;
  /** In [0, 1). */
  random?: () => number;
}

/**
 * Logs in and answers with the org's port. Throws `SalesforceError`: `session` when the login is refused, `permanent`
 * when an address is not allowed.
 */
export async function connectSalesforce(options: ConnectOptions): Promise<Salesforce> {
  const apiVersion = options.apiVersion ?? "67.0";
  const calls = new Calls({
    loginUrl: options.loginUrl,
    auth: options.auth,
    hosts: {
      allowedHosts: options.allowedHosts ?? salesforceHosts,
      allowInsecureLocal: options.allowInsecureLocal ?? false,
    },
    apiVersion,
    clock: options.clock,
    log: options.log,
    timeoutMs: options.timeoutMs ?? 30_000,
    writeTimeoutMs: options.writeTimeoutMs ?? 20_000,
    random: options.random ?? Math.random,
  });
  const descriptions = new Descriptions(calls, options.clock);
  await calls.session.get();
  return {
    identify: (given) => identify(calls, apiVersion, given),
    describe: (object, given) => descriptions.get(object, given),
    query: (request, given) => query(calls, request, given),
    queryMore: (next, given) => queryMore(calls, next, given),
    queries: (requests, given) => queries(calls, apiVersion, requests, given),
    count: (request, given) => count(calls, request, given),
    updatedIds: (object, span, given) => updatedIds(calls, object, span, given),
    deletedIds: (object, span, given) => deletedIds(calls, object, span, given),
    retrieve: (object, ids, fields, given) => retrieve(calls, object, ids, fields, given),
    updateIfUnmodified: (updates, given) => updateIfUnmodified(calls, apiVersion, updates, given),
    create: (object, rows, given) => create(calls, object, rows, given),
    convertLeads: (requests, given) => convertLeads(calls, apiVersion, requests, given),
    merge: (request, given) => merge(calls, apiVersion, request, given),
    budget: calls.budget,
    serverNow: calls.serverNow,
    calls: calls.counts,
    session: async (refresh) => {
      const session = await calls.session.get();
      return refresh ? calls.session.replace(session.accessToken) : session;
    },
  };
}
