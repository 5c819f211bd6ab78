import { ROLE_MAILBOXES } from "./free-mail.ts";
import { contradict } from "./compare.ts";
import type { Comparison } from "./compare.ts";
import type { Form } from "./prepare.ts";
import type { MatchObject } from "./fields.ts";
import type { FieldKind } from "./kinds.ts";

/**
 * How much each level of agreement says, as in Fellegi and Sunter: `m` is how often records of one and the same thing
 * agree so, `u` how often two different ones that met in a block do. The evidence is log2(m/u) bits. The numbers are
 * fixed estimates for business data, meant to be replaced by ones learnt from an org's own records.
 */
export interface Level {
  /** The level holds from this similarity on; the first that holds counts. */
  from: number;
  m: number;
  u: number;
}

type Levels = readonly Level[];
const level = (from: number, m: number, u: number): Level => ({ from, m, u });

const LEVELS: Record<FieldKind, Levels> = {
  email: [
    level(1, 0.65, 0.00002),
    level(0.95, 0.05, 0.0004),
    level(0.9, 0.03, 0.0004),
    level(0.8, 0.05, 0.004),
    level(0, 0.22, 0.99),
  ],
  linkedin: [level(1, 0.8, 0.00002), level(0, 0.15, 0.99)],
  phone: [level(1, 0.65, 0.001), level(0.95, 0.05, 0.0005), level(0.85, 0.03, 0.003), level(0, 0.25, 0.99)],
  domain: [level(1, 0.8, 0.002), level(0.9, 0.03, 0.003), level(0, 0.17, 0.99)],
  website: [level(1, 0.8, 0.002), level(0.9, 0.03, 0.003), level(0, 0.17, 0.99)],
  company: [
    level(1, 0.5, 0.0005),
    level(0.92, 0.15, 0.0004),
    level(0.85, 0.1, 0.0015),
    level(0.75, 0.09, 0.008),
    level(0.6, 0.07, 0.05),
    level(0.4, 0.05, 0.3),
    level(0, 0.03, 0.6),
  ],
  name: [
    level(1, 0.6, 0.0004),
    level(0.95, 0.14, 0.0004),
    level(0.9, 0.1, 0.0007),
    level(0.85, 0.06, 0.002),
    level(0.79, 0.04, 0.008),
    level(0.65, 0.04, 0.2),
    level(0, 0.01, 0.8),
  ],
  first_name: [
    level(1, 0.75, 0.01),
    level(0.9, 0.12, 0.01),
    level(0.85, 0.05, 0.01),
    level(0.7, 0.03, 0.06),
    level(0, 0.04, 0.9),
  ],
  last_name: [
    level(1, 0.85, 0.003),
    level(0.92, 0.06, 0.003),
    level(0.85, 0.04, 0.008),
    level(0.7, 0.02, 0.06),
    level(0, 0.03, 0.93),
  ],
  street: [
    level(0.98, 0.5, 0.0006),
    level(0.86, 0.1, 0.001),
    level(0.72, 0.08, 0.008),
    level(0.5, 0.07, 0.03),
    level(0, 0.2, 0.95),
  ],
  postal_code: [level(1, 0.82, 0.04), level(0.8, 0.07, 0.05), level(0, 0.11, 0.9)],
  city: [level(1, 0.85, 0.1), level(0.88, 0.05, 0.02), level(0, 0.1, 0.88)],
  state: [level(1, 0.96, 0.25), level(0, 0.04, 0.75)],
  country: [level(1, 0.98, 0.6), level(0, 0.02, 0.4)],
  title: [level(1, 0.3, 0.04), level(0.85, 0.1, 0.04), level(0, 0.6, 0.92)],
  // A field of the org's own is compared only because a rule names it: an admin's word that it identifies.
  other: [level(1, 0.8, 0.0008), level(0.85, 0.1, 0.005), level(0, 0.1, 0.99)],
};

/** Bits that two records are one before any field is looked at: about one in 130 accounts, one in 500 people of a block. */
export const PRIOR_BITS: Record<MatchObject, number> = { account: -7, contact: -9, lead: -9 };

/** Fields looked at when both sides have them, whether a rule names them or not. */
export const PROFILE: Record<MatchObject, readonly string[]> = {
  account: ["company", "domain", "linkedin", "phone", "street", "postal_code", "city", "state", "country"],
  contact: [
    "email",
    "linkedin",
    "name",
    "phone",
    "company",
    "domain",
    "street",
    "postal_code",
    "city",
    "state",
    "country",
  ],
  lead: [
    "email",
    "linkedin",
    "name",
    "phone",
    "company",
    "domain",
    "street",
    "postal_code",
    "city",
    "state",
    "country",
  ],
};

const bits = ({ m, u }: { m: number; u: number }) => Math.log2(m / u);

const CONTAINED_ONE_WORD = bits({ m: 0.12, u: 0.012 });
const CONTAINED_WORDS = bits({ m: 0.12, u: 0.0025 });
const MARKED_APART = -3;
const ROLE_MAILBOX = 6;
const SHORT_NAME = -2;
const COMMON_NAME = -4;

/** The evidence of one field taken alone, in bits: above 0 speaks for the two being one, below 0 against. */
export function fieldBits(kind: FieldKind, seen: Comparison): number {
  const reached = LEVELS[kind].find((step) => seen.similarity >= step.from);
  const plain = reached ? bits(reached) : 0;
  if (!seen.forms) return plain;
  const [left, right] = seen.forms;
  if (kind === "company") {
    const own = Math.min(left.distinctive.length, right.distinctive.length);
    // "Brown" and "Child Development Center" are the names of many.
    if (seen.same) return plain + (own === 0 ? COMMON_NAME : own === 1 && left.tokens.length === 1 ? SHORT_NAME : 0);
    // "Plant II" and "Plant III", "East" and "West": sister places share phones, streets and most of their name.
    const apart = contradict(left, right) ? MARKED_APART : 0;
    const shared = own > 0 && sharesOwnWords(left, right);
    if ((seen.contained || shared) && own > 0)
      return apart + Math.max(plain, own === 1 ? CONTAINED_ONE_WORD : CONTAINED_WORDS);
    return apart + (own === 0 && plain > 0 ? plain / 2 : plain);
  }
  if (kind === "email" && seen.same && ROLE_MAILBOXES.has(left.norm.split("@")[0] ?? ""))
    return Math.min(plain, ROLE_MAILBOX);
  if (kind === "name" && (left.person?.first.length === 0 || right.person?.first.length === 0))
    return Math.min(plain, 4);
  return plain;
}

/** Whether every word of its own that the shorter name has stands in the longer one too. */
function sharesOwnWords(a: Form, b: Form): boolean {
  const [few, many] = a.distinctive.length <= b.distinctive.length ? [a, b] : [b, a];
  return few.distinctive.every((word) => many.distinctive.includes(word));
}
