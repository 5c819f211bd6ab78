/** SOAP 1.1 in and out, as far as the partner API's convertLead and merge need it. */
import { XMLParser } from "fast-xml-parser";
import { PlatformError } from "../engine/errors.ts";

export type Xml = { [name: string]: XmlValue | undefined };
export type XmlValue = string | Xml | (string | Xml)[];

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  textNodeName: "#text",
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
});

/** A fault whose code has no `sf:` prefix: the envelope itself is wrong. */
export class SoapFault extends Error {}

export interface SoapRequest {
  operation: string;
  arguments: Xml;
  headers: Record<string, Xml>;
}

export const isXml = (value: unknown): value is Xml =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const listOf = (value: XmlValue | undefined): (string | Xml)[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** An element's text; null when it is absent, empty or xsi:nil. */
export function textOf(value: XmlValue | undefined): string | null {
  const [first] = listOf(value);
  if (first === undefined) return null;
  if (typeof first === "string") return first === "" ? null : first;
  if (first["@nil"] === "true") return null;
  const text = first["#text"];
  return typeof text === "string" && text !== "" ? text : null;
}

/** Child elements, without attributes. */
export const elements = (xml: Xml): [string, XmlValue][] =>
  Object.entries(xml).filter(
    (entry): entry is [string, XmlValue] => !entry[0].startsWith("@") && entry[0] !== "#text" && entry[1] !== undefined,
  );

export function parseEnvelope(body: string): SoapRequest {
  let parsed: unknown;
  try {
    parsed = parser.parse(body, true);
  } catch (error) {
    throw new SoapFault(`The request is not well-formed XML: ${(error as Error).message}`);
  }
  const envelope = isXml(parsed) ? parsed.Envelope : undefined;
  const content = isXml(envelope) ? envelope.Body : undefined;
  if (!isXml(envelope) || !isXml(content)) throw new SoapFault("The request holds no SOAP envelope with a body.");
  const [operation, ...more] = elements(content);
  if (!operation || more.length > 0) throw new SoapFault("The body must hold exactly one operation.");
  const headers: Record<string, Xml> = {};
  if (isXml(envelope.Header))
    for (const [name, value] of elements(envelope.Header)) headers[name] = isXml(value) ? value : {};
  return { operation: operation[0], arguments: isXml(operation[1]) ? operation[1] : {}, headers };
}

export const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? c);

/** One element; null becomes xsi:nil. */
export const element = (name: string, value: string | number | boolean | null): string =>
  value === null ? `<${name} xsi:nil="true"/>` : `<${name}>${escapeXml(String(value))}</${name}>`;

export const errorElement = (error: PlatformError): string =>
  `<errors>${error.fields.map((f) => element("fields", f)).join("")}${element("message", error.message)}${element("statusCode", error.code)}</errors>`;

const open = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">`;

export function response(operation: string, results: string[], usage: { used: number; limit: number }): string {
  const info = `<soapenv:Header><LimitInfoHeader><limitInfo>${element("current", usage.used)}${element("limit", usage.limit)}<type>API REQUESTS</type></limitInfo></LimitInfoHeader></soapenv:Header>`;
  const rows = results.map((r) => `<result>${r}</result>`).join("");
  return `${open}${info}<soapenv:Body><${operation}Response>${rows}</${operation}Response></soapenv:Body></soapenv:Envelope>`;
}

/** The faultcode carries no attributes: clients look for exactly this text. */
export function fault(error: PlatformError | SoapFault): string {
  const platform = error instanceof PlatformError;
  const code = platform ? `sf:${error.code}` : "soapenv:Client";
  const text = platform ? `${error.code}: ${error.message}` : error.message;
  const detail = platform
    ? `<detail><sf:UnexpectedErrorFault>${element("sf:exceptionCode", error.code)}${element("sf:exceptionMessage", error.message)}</sf:UnexpectedErrorFault></detail>`
    : "";
  return `${open}<soapenv:Body><soapenv:Fault><faultcode>${code}</faultcode>${element("faultstring", text)}${detail}</soapenv:Fault></soapenv:Body></soapenv:Envelope>`;
}
