/** Whose address a request comes from, for the limit before authentication. Pure. */

export interface AddressFacts {
  socketAddress: string | undefined;
  forwardedFor: string | undefined;
  /** How many proxies of ours stand in front; 0 makes X-Forwarded-For mean nothing, since anybody can send it. */
  trustedProxies: number;
}

/** The address, an IPv6 one folded to its /64, which is what one customer holds. */
export function addressOf({ socketAddress, forwardedFor, trustedProxies }: AddressFacts): string {
  const hops = (forwardedFor ?? "").split(",").map((hop) => hop.trim());
  const told = trustedProxies > 0 ? hops[hops.length - trustedProxies] : undefined;
  const address = (told || socketAddress || "unknown").replace(/^::ffff:(?=\d+\.)/i, "").toLowerCase();
  return address.includes(":") ? `${prefix64(address)}::/64` : address;
}

function prefix64(address: string): string {
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
