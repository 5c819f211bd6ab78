/** Made-up companies and people, the same for the same seed. None of them exists; addresses end in .example. Pure. */

export interface Company {
  name: string;
  domain: string;
  website: string;
  phone: string;
  industry: string;
  employees: number;
  street: string;
  city: string;
  state: string;
  postalCode: string;
}

export interface Person {
  firstName: string;
  lastName: string;
  title: string;
  email: string;
  phone: string;
}

export interface MadeUp {
  /** In [0, below). */
  number(below: number): number;
  oneOf<T>(list: readonly T[]): T;
  /** No two companies share a name; there are as many as first words. */
  company(): Company;
  /** No two people share a name. */
  person(at: Company): Person;
}

const words = (text: string): string[] => text.trim().split(/\s+/);
const firstWords = words(`
  Amberly Bluefin Corvane Dalmora Eastwick Fenwood Galloway Harrowgate Ironbark Juniper Kestrel Larkhall Mossbury
  Nettlefold Oakhaven Pemberly Quillan Rowanberry Silverlode Thornfield Umberton Valemont Whitlock Yarrow Zephyrine
  Alderbrook Brackenridge Cinderhill Dovecote Elmsworth Foxglove Greyfriars Hollyoak Inkerman Jessamine Kingswear
  Lavenham Marrowby Netherby Orchardleigh Pinecrest Quarrington Ravenscar Saltmarsh Tamarind Upwell Verity Westerly`);
const trades: readonly (readonly [string, string])[] = [
  ["Logistics", "Other"],
  ["Dental", "Healthcare"],
  ["Robotics", "Manufacturing"],
  ["Foods", "Retail"],
  ["Optics", "Technology"],
  ["Solar", "Energy"],
  ["Legal", "Consulting"],
  ["Timber", "Construction"],
  ["Learning", "Education"],
  ["Capital", "Finance"],
  ["Software", "Technology"],
  ["Orchards", "Agriculture"],
];
const forms = ["Inc", "LLC", "Ltd", "Group", "Inc", ""];
const places: readonly (readonly [string, string, string, string])[] = [
  ["Chicago", "IL", "606", "312"],
  ["Denver", "CO", "802", "303"],
  ["Austin", "TX", "787", "512"],
  ["Portland", "OR", "972", "503"],
  ["Boston", "MA", "021", "617"],
  ["Seattle", "WA", "981", "206"],
];
const streets = words("Linden Cedar Harbor Mill Station Orchard Prairie Summit Lakeview Garden");
const firstNames = words(`
  Ada Bruno Clara Dmitri Elena Farid Greta Hugo Imani Jonas Keiko Liam Maya Nils Olivia Priya Quentin Rosa Samir Tessa
  Ulrich Vera Wei Ximena Yusuf Zoe Anton Beatrice Carlos Dalia`);
const lastNames = words(`
  Abernathy Bellweather Castellan Drummond Eriksen Fairbanks Garamond Hallworth Ibarra Jankowski Kowalczyk Lindqvist
  Montague Nakagawa Okonkwo Pettigrew Quintero Rasmussen Silvestri Thackeray Underwood Valderrama Wainwright Yamamoto
  Zielinski Ashdown Bergstrom Calloway Delacroix Evergreen`);
const titles = [
  "Head of Operations",
  "Office Manager",
  "Chief Executive Officer",
  "Purchasing Manager",
  "IT Director",
  "Marketing Lead",
];

export function madeUp(seed: number): MadeUp {
  const random = mulberry32(seed);
  const number = (below: number) => Math.floor(random() * below);
  const oneOf = <T>(list: readonly T[]): T => {
    const chosen = list[number(list.length)];
    if (chosen === undefined) throw new Error("nothing to choose from");
    return chosen;
  };
  const freeWords = shuffled(firstWords, number);
  const freeNames = shuffled(
    firstNames.flatMap((first) => lastNames.map((last) => [first, last] as const)),
    number,
  );
  const phone = (area: string) => `+1 ${area}-555-${String(1_000 + number(9_000))}`;
  return {
    number,
    oneOf,
    company() {
      const first = freeWords.pop();
      if (first === undefined) throw new Error("There are no more company names.");
      const [trade, industry] = oneOf(trades);
      const [city, state, zip, area] = oneOf(places);
      const domain = `${first}${trade}`.toLowerCase() + ".example";
      return {
        name: `${first} ${trade} ${oneOf(forms)}`.trim(),
        domain,
        website: `https://www.${domain}`,
        phone: phone(area),
        industry,
        employees: 5 + number(900),
        street: `${100 + number(8_000)} ${oneOf(streets)} Street`,
        city,
        state,
        postalCode: `${zip}${String(number(90) + 10)}`,
      };
    },
    person(at) {
      const [firstName, lastName] = freeNames.pop() ?? ["", ""];
      if (lastName === "") throw new Error("There are no more names of people.");
      return {
        firstName,
        lastName,
        title: oneOf(titles),
        email: `${firstName}.${lastName}@${at.domain}`.toLowerCase(),
        phone: `${at.phone.slice(0, 6)}-555-${String(1_000 + number(9_000))}`,
      };
    },
  };
}

/** A small, well-mixed generator; the same numbers on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function shuffled<T>(list: readonly T[], number: (below: number) => number): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = number(i + 1);
    const [a, b] = [out[i], out[j]];
    if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a];
  }
  return out;
}
