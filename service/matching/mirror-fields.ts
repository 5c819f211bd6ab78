/** Pure. The API names that the mirror keeps, by object; a path (`Account.Name`) is kept under its path. */
export const mirrorFields: Record<string, string[]> = {
  Lead: "FirstName LastName Company Title Email Phone MobilePhone Website Street City State PostalCode Country".split(
    " ",
  ),
  Contact:
    "FirstName LastName Title Email Phone MobilePhone Account.Name Account.Website MailingStreet MailingCity MailingState MailingPostalCode MailingCountry".split(
      " ",
    ),
  Account: "Name Phone Website BillingStreet BillingCity BillingState BillingPostalCode BillingCountry".split(" "),
};
