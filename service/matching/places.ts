import { fold } from "./fold.ts";

const US_STATES = `al alabama|ak alaska|az arizona|ar arkansas|ca california|co colorado|ct connecticut|de delaware|dc district of columbia|fl florida|ga georgia|
hi hawaii|id idaho|il illinois|in indiana|ia iowa|ks kansas|ky kentucky|la louisiana|me maine|md maryland|ma massachusetts|mi michigan|mn minnesota|
ms mississippi|mo missouri|mt montana|ne nebraska|nv nevada|nh new hampshire|nj new jersey|nm new mexico|ny new york|nc north carolina|nd north dakota|
oh ohio|ok oklahoma|or oregon|pa pennsylvania|ri rhode island|sc south carolina|sd south dakota|tn tennessee|tx texas|ut utah|vt vermont|va virginia|
wa washington|wv west virginia|wi wisconsin|wy wyoming|pr puerto rico|ab alberta|bc british columbia|mb manitoba|nb new brunswick|nl newfoundland and labrador|
ns nova scotia|on ontario|pe prince edward island|qc quebec|sk saskatchewan|nsw new south wales|vic victoria|qld queensland|sa south australia|tas tasmania`;

const stateCodes = new Map<string, string>();
for (const entry of US_STATES.replaceAll("\n", "").split("|")) {
  const [code = "", ...name] = entry.split(" ");
  stateCodes.set(name.join(" "), code);
}

/** The usual short code where there is one ("Illinois" is "il"), the folded name otherwise. */
export function normaliseState(folded: string): string {
  return stateCodes.get(folded) ?? folded;
}

const ALIASES: Record<string, string> = {
  usa: "us",
  "u s a": "us",
  "united states of america": "us",
  america: "us",
  uk: "gb",
  "great britain": "gb",
  england: "gb",
  scotland: "gb",
  wales: "gb",
  "northern ireland": "gb",
  holland: "nl",
  "the netherlands": "nl",
  "czech republic": "cz",
  uae: "ae",
  korea: "kr",
  "south korea": "kr",
  "republic of korea": "kr",
  "russian federation": "ru",
  turkey: "tr",
  macedonia: "mk",
  "viet nam": "vn",
  brasil: "br",
};
const LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da"];

let countryCodes: Map<string, string> | undefined;
function countries(): Map<string, string> {
  if (countryCodes) return countryCodes;
  countryCodes = new Map(Object.entries(ALIASES));
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const codes = letters
    .flatMap((a) => letters.map((b) => a + b))
    // The runtime also names countries of the past: DD, SU, YU become what they are now.
    .filter((code) => Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`);
  for (const language of LANGUAGES) {
    // The runtime knows every country's name: no table of ours to keep.
    const names = new Intl.DisplayNames([language], { type: "region", fallback: "none" });
    for (const code of codes) {
      const name = names.of(code);
      if (name === undefined) continue;
      const key = fold(name);
      if (!countryCodes.has(key)) countryCodes.set(key, code.toLowerCase());
      countryCodes.set(code.toLowerCase(), countryCodes.get(code.toLowerCase()) ?? code.toLowerCase());
    }
  }
  return countryCodes;
}

/** The ISO 3166 code in lower case for a country's name in ten languages or its code; the folded text when unknown. */
export function normaliseCountry(folded: string): string {
  return countries().get(folded) ?? folded;
}

export function isCountryCode(text: string): boolean {
  return text.length === 2 && countries().get(text) === text;
}
