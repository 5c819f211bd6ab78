import fc from "fast-check";
import { XMLParser } from "fast-xml-parser";
import { describe, expect, test } from "vitest";
import {
  convertLeadBody,
  envelope,
  findFault,
  mergeBody,
  parseConvertLead,
  parseMerge,
} from "../../service/salesforce/soap.ts";
import { childText, escapeXml, parseXml } from "../../service/salesforce/xml.ts";

const lead = "00Q000000000001EAA";
const account = "001000000000001AAA";
const contact = "003000000000001AAA";
const user = "005000000000001AAA";

const answer = (inner: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Header><LimitInfoHeader><limitInfo><current>1</current></limitInfo></LimitInfoHeader></soapenv:Header><soapenv:Body>${inner}</soapenv:Body></soapenv:Envelope>`;

describe("XML", () => {
  const writable = (text: string) =>
    // eslint-disable-next-line no-control-regex
    text.replace(/\p{Surrogate}|[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu, "\ufffd");

  test("any text that XML can carry comes back as it went", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(parseXml(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`)).toMatchObject({
          text: writable(text),
          attributes: { b: writable(text) },
        });
      }),
    );
  });

  test("another parser reads our escaping alike", () => {
    const parser = new XMLParser({ trimValues: false, parseTagValue: false });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("<", ">", "&", "'", '"', "a", "]]>", "&amp;", "ü", "\t") }),
        (text) => {
          fc.pre(text !== "");
          expect((parser.parse(`<a>${escapeXml(text)}</a>`) as { a: string }).a).toBe(text);
        },
      ),
    );
  });

  test.each([
    "",
    "text",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a>&nbsp;</a>",
    "<a>&amp</a>",
    "<a>&#1114112;</a>",
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "<html><br></html>",
    "<a b=c/>",
    "<a/>tail",
  ])("%s is refused", (text) => {
    expect(() => parseXml(text)).toThrow(SyntaxError);
  });

  test("nil, missing and empty all read as null; CDATA and comments are understood", () => {
    const root = parseXml('<a xmlns:x="y"><n x:nil="true">9</n><e/><c><![CDATA[<&]]><!-- no --></c></a>');
    expect(["n", "e", "missing", "c"].map((name) => childText(root, name))).toEqual([null, null, null, "<&"]);
  });
});

describe("convertLead", () => {
  test("elements come in the WSDL's order, and none asks to pass duplicate rules or cut values", () => {
    const body = convertLeadBody([
      {
        ownerId: user,
        leadId: lead,
        convertedStatus: "Qualified & done",
        accountId: account,
        contactId: contact,
        doNotCreateOpportunity: false,
        opportunityName: "O".repeat(90),
      },
    ]);
    expect([...body.matchAll(/<(\w+)>/g)].map(([, name]) => name)).toEqual(
      "convertLead leadConverts accountId contactId convertedStatus doNotCreateOpportunity leadId opportunityName overwriteLeadSource ownerId sendNotificationEmail".split(
        " ",
      ),
    );
    expect(body).toContain("<convertedStatus>Qualified &amp; done</convertedStatus>");
    expect(body).toContain(`<opportunityName>${"O".repeat(80)}</opportunityName>`);
    const whole = envelope("tok<en", "Lantern/0.1", body);
    expect(whole).not.toMatch(/DuplicateRuleHeader|AllowFieldTruncation/);
    expect(childText(parseXml(whole).children[0]?.children[0], "sessionId")).toBe("tok<en");
  });

  test("an opportunity's name is not sent when none is to be made", () => {
    const body = convertLeadBody([
      { leadId: lead, convertedStatus: "Q", doNotCreateOpportunity: true, opportunityName: "O" },
    ]);
    expect(body).not.toContain("opportunityName");
    expect(body).toContain("<doNotCreateOpportunity>true</doNotCreateOpportunity>");
  });

  test("what is no id is not sent", () => {
    expect(() => convertLeadBody([{ leadId: "<x>", convertedStatus: "Q", doNotCreateOpportunity: true }])).toThrow(
      "not a Salesforce record id",
    );
  });

  const requests = [lead, "00Q000000000002EAA"].map((leadId) => ({
    leadId,
    convertedStatus: "Q",
    doNotCreateOpportunity: true,
  }));
  const done = `<result><accountId>${account}</accountId><contactId>${contact}</contactId><leadId>${lead}</leadId><opportunityId xsi:nil="true"/><success>true</success></result>`;
  const refused = `<result><accountId xsi:nil="true"/><errors><fields>Status</fields><fields>OwnerId</fields><message>cannot reference converted lead</message><statusCode>CANNOT_UPDATE_CONVERTED_LEAD</statusCode></errors><leadId xsi:nil="true"/><success>false</success></result>`;

  test("each row has its own outcome, in the order asked", () => {
    expect(parseConvertLead(answer(`<convertLeadResponse>${done}${refused}</convertLeadResponse>`), requests)).toEqual([
      { ok: true, leadId: lead, accountId: account, contactId: contact, opportunityId: null },
      {
        ok: false,
        leadId: "00Q000000000002EAA",
        errors: [
          {
            statusCode: "CANNOT_UPDATE_CONVERTED_LEAD",
            message: "cannot reference converted lead",
            fields: ["Status", "OwnerId"],
          },
        ],
      },
    ]);
  });

  test("fewer results than leads are no answer", () => {
    expect(() => parseConvertLead(answer(`<convertLeadResponse>${done}</convertLeadResponse>`), requests)).toThrow(
      "1 results for 2 leads",
    );
  });
});

describe("merge", () => {
  const request = {
    object: "Lead" as const,
    masterId: lead,
    fields: { Phone: null, Company: "A&B", NumberOfEmployees: 5, Title: "" },
    loserIds: ["00Q000000000002EAA"],
  };

  test("the type goes first, empty values go by name, the rest as elements", () => {
    expect(mergeBody(request)).toBe(
      `<merge><request><masterRecord><type>Lead</type><fieldsToNull>Phone</fieldsToNull><fieldsToNull>Title</fieldsToNull><Id>${lead}</Id>` +
        "<Company>A&amp;B</Company><NumberOfEmployees>5</NumberOfEmployees></masterRecord><recordToMergeIds>00Q000000000002EAA</recordToMergeIds></request></merge>",
    );
  });

  test.each([
    [[]],
    [[lead]],
    [["00Q000000000002EAA", "00Q000000000002EAA"]],
    [[1, 2, 3].map((n) => `00Q00000000000${n + 1}EAA`)],
  ])("losers %j are refused", (loserIds) => {
    expect(() => mergeBody({ ...request, loserIds })).toThrow("one or two other records");
  });
  test("names that are none and values with a structure are refused", () => {
    expect(() => mergeBody({ ...request, fields: { "a><b": "x" } })).toThrow("not a field");
    expect(() => mergeBody({ ...request, fields: { A: ["x"] } })).toThrow("cannot hold a structure");
  });

  test("a done and a refused merge are told apart", () => {
    const ok = `<mergeResponse><result><id>${lead}</id><mergedRecordIds>00Q000000000002EAA</mergedRecordIds><success>true</success><updatedRelatedIds>00T000000000001AAA</updatedRelatedIds></result></mergeResponse>`;
    expect(parseMerge(answer(ok), request)).toEqual({
      ok: true,
      masterId: lead,
      mergedIds: ["00Q000000000002EAA"],
      updatedRelatedIds: ["00T000000000001AAA"],
    });
    const no = `<mergeResponse><result><errors><message>gone</message><statusCode>ENTITY_IS_DELETED</statusCode></errors><id xsi:nil="true"/><success>false</success></result></mergeResponse>`;
    expect(parseMerge(answer(no), request)).toEqual({
      ok: false,
      masterId: lead,
      errors: [{ statusCode: "ENTITY_IS_DELETED", message: "gone", fields: [] }],
    });
  });
});

test("a fault loses its prefix and is classed by its code", () => {
  const fault = (code: string, text: string) =>
    findFault(
      answer(`<soapenv:Fault><faultcode>${code}</faultcode><faultstring>${text}</faultstring></soapenv:Fault>`),
    );
  expect(fault("sf:INVALID_SESSION_ID", "INVALID_SESSION_ID: Invalid Session ID found")).toMatchObject({
    kind: "session",
    statusCode: "INVALID_SESSION_ID",
    message: "Salesforce refused the call: INVALID_SESSION_ID: Invalid Session ID found",
  });
  expect(fault("UNKNOWN_EXCEPTION", "x")).toMatchObject({ kind: "transient" });
  expect(findFault(answer("<convertLeadResponse/>"))).toBeUndefined();
  expect(findFault("<html>")).toBeUndefined();
});
