/**
 * Record ids. Salesforce has two forms of one id: 15 characters where case matters, and 18 where the last three encode
 * the case of the rest. The service keeps only the long form and compares it exactly.
 */
import { SalesforceError } from "./errors.ts";

const checkAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/** The three characters that follow a 15-character id: each spells which of five characters are capitals. */
function checkCharacters(id15: string): string {
  let check = "";
  for (const block of [0, 5, 10]) {
    let bits = 0;
    for (let i = 0; i < 5; i++) {
      const c = id15.charAt(block + i);
      if (c >= "A" && c <= "Z") bits |= 1 << i;
    }
    check += checkAlphabet.charAt(bits);
  }
  return check;
}

/** The 18-character form of an id of either length; undefined when it is no id, or its check characters do not fit. */
export function findId(text: string): string | undefined {
  if (/^[a-zA-Z0-9]{15}$/.test(text)) return text + checkCharacters(text);
  if (!/^[a-zA-Z0-9]{18}$/.test(text)) return undefined;
  return checkCharacters(text.slice(0, 15)) === text.slice(15) ? text : undefined;
}

export const isId = (text: string): boolean => findId(text) !== undefined;

/** The 18-character form. Throws a permanent `SalesforceError` (MALFORMED_ID) for anything else. */
export function getId(text: string): string {
  const id = findId(text);
  if (id === undefined)
    throw new SalesforceError(
      "permanent",
      "MALFORMED_ID",
      `“${text.slice(0, 40)}” is not a Salesforce record id: 15 or 18 letters and digits, the last three of 18 being a check.`,
    );
  return id;
}

const objects: Record<string, string> = {
  "00Q": "Lead",
  "003": "Contact",
  "001": "Account",
  "006": "Opportunity",
  "005": "User",
  "00G": "Group",
  "00T": "Task",
  "00U": "Event",
  "701": "Campaign",
  "00v": "CampaignMember",
  "00D": "Organization",
};

/** The standard object an id belongs to; undefined for custom objects, whose prefixes differ from org to org. */
export const findObject = (id: string): string | undefined => objects[id.slice(0, 3)];
