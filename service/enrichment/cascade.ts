/**
 * Asks the providers in order, field by field, until each field has an acceptable value. A provider is asked once a
 * question; one that fails, is too slow or is known to be down counts as silent, and the next one is asked.
 */
import type { Context } from "../context.ts";
import { messageOf } from "../errors.ts";
import type { EnrichmentAnswer, ProvidedValue } from "../store/json.ts";
import { Breaker } from "./breaker.ts";
import { isWanted, placesOf, type Field } from "./fields.ts";
import { identityKey, type Identity, type Question } from "./identity.ts";
import { merged, nextToAsk, sourceName, type MergeRequest, type Source } from "./merge.ts";
import type { Provider, ProviderAnswer } from "./port.ts";
import { findRemembered, remember } from "./remember.ts";

/** low: the first provider of each field and what others are remembered to have said · medium, high: all of them. */
export type Effort = "low" | "medium" | "high";

export interface AskOptions {
  /** Observe mode: nothing that costs is asked. */
  freeOnly?: boolean;
  effort?: Effort;
  /** API names or our own; absent: all the object has. */
  fields?: readonly string[];
  /** What all answers together may cost (hundredths). */
  maxCost?: number;
  /** Asks again although an answer is remembered. */
  afresh?: boolean;
}

export interface Asked {
  provider: string;
  kind: Identity["kind"];
  outcome: "found" | "remembered" | "none" | "not_asked" | "failed";
  reason: string | null;
  /** Hundredths. */
  cost: number;
}

export interface CascadeResult {
  answer: EnrichmentAnswer;
  asked: Asked[];
  cost: number;
}

export type AskContext = Pick<Context, "tenant" | "store" | "clock" | "log">;

export interface Cascade {
  /** What was found, by our own field names; empty when nothing was. */
  ask(ctx: AskContext, question: Question, options?: AskOptions): Promise<EnrichmentAnswer>;
  /** The same, with who was asked and what came of it. */
  explain(ctx: AskContext, question: Question, options?: AskOptions): Promise<CascadeResult>;
}

export interface CascadeSettings {
  /** Provider names by field, the preferred one first; other fields follow the order of the providers. */
  orders?: Partial<Record<Field, readonly string[]>>;
  /** The least confidence that is accepted; 0.6 when absent. */
  minConfidence?: number;
  minConfidenceOf?: Partial<Record<Field, number>>;
}

export function createCascade(providers: readonly Provider[], settings: CascadeSettings = {}): Cascade {
  const byName = new Map(providers.map((p) => [p.name, p]));
  const breakers = new Map<string, Breaker>();
  const breakerOf = (name: string): Breaker => {
    const breaker = breakers.get(name) ?? new Breaker();
    breakers.set(name, breaker);
    return breaker;
  };

  const orderOf = (field: Field): readonly Provider[] => {
    const order = settings.orders?.[field];
    return order ? order.flatMap((name) => byName.get(name) ?? []) : providers;
  };

  async function explain(ctx: AskContext, question: Question, options: AskOptions = {}): Promise<CascadeResult> {
    const fields = placesOf(question.object)
      .filter((place) => isWanted(place, options.fields))
      .map((place) => place.field);
    const request: MergeRequest = {
      fields,
      sourcesOf: (field) => sourcesOf(orderOf(field), question, field),
      minConfidence: (field) => settings.minConfidenceOf?.[field] ?? settings.minConfidence ?? 0.6,
    };
    // Of each field's providers only the first is asked at low effort.
    const first = new Set(fields.flatMap((field) => request.sourcesOf(field)[0]?.provider ?? []));
    const answers = new Map<string, EnrichmentAnswer>();
    const asked: Asked[] = [];
    let cost = 0;
    for (let source = nextToAsk(request, answers); source; source = nextToAsk(request, answers)) {
      const provider = byName.get(source.provider);
      const identity = question[source.kind];
      if (!provider || !identity) throw new Error(`a source that cannot be asked: ${sourceName(source)}`);
      const refusal = refusalOf(provider, options, cost, first);
      const { answer, ...outcome } = await askOne(
        ctx,
        provider,
        identity,
        options,
        refusal,
        breakerOf(`${ctx.tenant} ${provider.name}`),
      );
      cost += outcome.cost;
      asked.push({ provider: provider.name, kind: source.kind, ...outcome });
      answers.set(sourceName(source), answer);
    }
    return { answer: merged(request, answers), asked, cost };
  }

  return { explain, ask: async (ctx, question, options) => (await explain(ctx, question, options)).answer };
}

/** The person is asked about before the company: its own phone and address say more of it. */
function sourcesOf(order: readonly Provider[], question: Question, field: Field): Source[] {
  const of = (kind: Identity["kind"]): Source[] => {
    const identity = question[kind];
    if (identity === null) return [];
    return order
      .filter((p) => p.gives[kind].includes(field) && p.needs(identity))
      .map((p) => ({ provider: p.name, kind }));
  };
  return [...of("person"), ...of("company")];
}

/** Why a provider may not be asked afresh; what it said before may still be used. */
function refusalOf(provider: Provider, options: AskOptions, spent: number, first: ReadonlySet<string>): string | null {
  if (options.freeOnly && !provider.free) return "only free sources are asked";
  if ((options.effort ?? "low") === "low" && !first.has(provider.name)) return "low effort asks the first source only";
  if (options.maxCost !== undefined && spent + provider.price > options.maxCost) return "it would cost too much";
  return null;
}

type Outcome = Omit<Asked, "provider" | "kind"> & { answer: EnrichmentAnswer };

async function askOne(
  ctx: AskContext,
  provider: Provider,
  identity: Identity,
  options: AskOptions,
  refusal: string | null,
  breaker: Breaker,
): Promise<Outcome> {
  const key = identityKey(identity);
  const silent = (outcome: Asked["outcome"], reason: string | null): Outcome => ({
    answer: {},
    outcome,
    reason,
    cost: 0,
  });
  const known = provider.keeps && !options.afresh ? await findRemembered(ctx, provider.name, key) : undefined;
  if (known) {
    const free = Object.entries(known.answer).map(([field, value]) => [field, { ...value, cost: 0 }] as const);
    return { answer: Object.fromEntries(free), outcome: "remembered", reason: null, cost: 0 };
  }
  if (refusal !== null) return silent("not_asked", refusal);
  if (!breaker.mayAsk(ctx.clock.now()))
    return silent("not_asked", "it failed repeatedly and is left alone for a while");
  let said: ProviderAnswer;
  try {
    said = await inTime(ctx, provider, identity);
    breaker.worked();
  } catch (error) {
    breaker.failed(ctx.clock.now());
    ctx.log.warn({ err: error, provider: provider.name }, "an enrichment source failed");
    return silent("failed", messageOf(error));
  }
  const answer = said.found ? withSource(said.values, provider, ctx.clock.now()) : {};
  if (provider.keeps)
    await remember(ctx, {
      ...{ provider: provider.name, identity: key, answer },
      keepMs: said.found ? provider.keeps.foundMs : provider.keeps.noneMs,
    });
  if (!said.found) return silent("none", said.reason);
  return { answer, outcome: "found", reason: null, cost: provider.price };
}

async function inTime(ctx: AskContext, provider: Provider, identity: Identity): Promise<ProviderAnswer> {
  const late = new AbortController();
  const answered = new AbortController();
  const timeout = ctx.clock.sleep(provider.timeoutMs, answered.signal).then(() => {
    late.abort(new Error("too late"));
    throw new Error(`${provider.name} did not answer within ${provider.timeoutMs / 1000} s`);
  });
  try {
    const { tenant, store, clock, log } = ctx;
    return await Promise.race([provider.ask(identity, { tenant, store, clock, log, signal: late.signal }), timeout]);
  } finally {
    answered.abort();
    // Aborting ends the sleep with a rejection that nobody else waits for.
    timeout.catch(() => undefined);
  }
}

function withSource(
  values: Partial<Record<Field, { value: string; confidence: number }>>,
  provider: Provider,
  at: number,
): EnrichmentAnswer {
  const out: Record<string, ProvidedValue> = {};
  for (const [field, found] of Object.entries(values))
    if (found.value.trim() !== "")
      out[field] = { ...found, value: found.value.trim(), provider: provider.name, at, cost: provider.price };
  return out;
}
