/** One seed for everything that is chosen by chance, printed so that a failure can be had again. Pure but for the printing. */

/** In [0, 1), the same sequence for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [out[i] as T, out[j] as T];
    out[i] = b;
    out[j] = a;
  }
  return out;
}

/**
 * `LANTERN_FAULT_SEED=<number>`, or `=new` for one of this moment; else always the same, so that a run of the tests says
 * the same thing twice. Printed either way.
 */
export function chosenSeed(what: string): number {
  const given = process.env["LANTERN_FAULT_SEED"] ?? "20261123";
  const seed = given === "new" ? (Date.now() % 1_000_000) + 1 : Number(given);
  if (!Number.isSafeInteger(seed) || seed < 1)
    throw new Error("LANTERN_FAULT_SEED takes a whole number from 1, or new");
  process.stdout.write(`${what}: seed ${seed} (again with LANTERN_FAULT_SEED=${seed})\n`);
  return seed;
}
