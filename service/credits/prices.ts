/** The one price table, in hundredths of a credit. Pure. Configuration may override any entry. */
export const defaultPrices = {
  phone: 500,
  email: 500,
  company: 500,
  person: 400,
  matchSimple: 100,
  matchGrouped: 200,
  matchAi: 500,
  convert: 300,
  convertMatching: 200,
  convertRoundRobin: 100,
  assign: 100,
  assignReset: 100,
  assignPoolSize: 50,
  merge: 300,
  triggerLead: 200,
  triggerContact: 100,
  triggerAccount: 300,
  triggerOpportunity: 100,
  triggerCustom: 100,
};

export type Prices = typeof defaultPrices;

/** What hearing one changed record costs: it covers the journey's enrichment and matching. Deletes are free. */
export function triggerPrice(prices: Prices, object: string): number {
  switch (object) {
    case "Lead":
      return prices.triggerLead;
    case "Contact":
      return prices.triggerContact;
    case "Account":
      return prices.triggerAccount;
    case "Opportunity":
      return prices.triggerOpportunity;
    default:
      return prices.triggerCustom;
  }
}

/** Hundredths → the JSON number of credits: 125050 → 1250.5 */
export const credits = (hundredths: number): number => hundredths / 100;
