/** Who calls, as the key says; given to the HTTP layer by the composition root. */

export interface Caller {
  tenant: number;
  /** The org the key is bound to, 18 characters. */
  orgId: string | null;
  keyId: string;
  mode: "live" | "test";
  scopes: readonly string[];
  /** Requests a minute that replace the documented number, by limit class. */
  limits: Record<string, number>;
  /** Whether the key's org is a production org, which a test key cannot write to. */
  production: boolean;
}

/** The caller a presented key belongs to; null when it is unknown, mistyped, revoked or expired. */
export type Authenticate = (presented: string) => Promise<Caller | null>;
