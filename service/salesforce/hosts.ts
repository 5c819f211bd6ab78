/** Where the service may send an org's credentials. Pure. */
import { SalesforceError } from "./errors.ts";

/** Hosts of Salesforce's own clouds; `*.` stands for at least one label. */
export const salesforceHosts: readonly string[] = ["*.salesforce.com", "*.force.com", "*.salesforce.mil"];

export interface HostRule {
  allowedHosts: readonly string[];
  /** http to this machine: the stand-in org of demo and tests. Never set it in production. */
  allowInsecureLocal: boolean;
}

const fits = (host: string, pattern: string): boolean =>
  pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 : host === pattern;

/**
 * The origin of an allowed URL, without a path. An org's own token answer is checked too: a session is never sent to a
 * host that is not on the list. Throws a permanent `SalesforceError`.
 */
export function getAllowedOrigin(url: string, rule: HostRule): string {
  const refuse = (why: string): never => {
    throw new SalesforceError("permanent", "HOST_NOT_ALLOWED", `“${url.slice(0, 200)}” ${why}`);
  };
  if (!URL.canParse(url)) return refuse("is not a URL; an org's address looks like https://acme.my.salesforce.com.");
  const parsed = new URL(url);
  const host = parsed.hostname.toLowerCase();
  if (parsed.username !== "" || parsed.password !== "") return refuse("carries a user name; leave that out.");
  const local = host === "localhost" || host === "127.0.0.1";
  if (local && rule.allowInsecureLocal && /^https?:$/.test(parsed.protocol)) return parsed.origin;
  if (parsed.protocol !== "https:") return refuse("is not https.");
  // Salesforce serves its APIs on the standard port only; another one is somebody else's listener.
  if (parsed.port !== "" || !rule.allowedHosts.some((pattern) => fits(host, pattern.toLowerCase())))
    return refuse(`is not an address of Salesforce (${rule.allowedHosts.join(", ")}).`);
  return parsed.origin;
}
