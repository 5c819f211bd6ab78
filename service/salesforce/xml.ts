/** As much XML as SOAP answers need: elements, text, entities. Strict, and blind to DTDs (no entity is ever defined). Pure. */

export interface XmlElement {
  /** Without its namespace prefix. */
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  /** The element's own text. */
  text: string;
}

const written: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  // As it is, a parser would make a line feed of it.
  "\r": "&#13;",
};

export const escapeXml = (text: string): string =>
  // XML 1.0 cannot carry other control characters or lone surrogates at all, not even escaped.
  text
    .replace(/\p{Surrogate}/gu, "\ufffd")
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"'\r]/g, (c) => written[c] ?? c);

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&([^;&]*);?/g, (whole, name: string) => {
    const code = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name);
    if (code) {
      const point = code[1] ? parseInt(code[1], 16) : Number(code[2]);
      if (point <= 0x10ffff && whole.endsWith(";")) return String.fromCodePoint(point);
    }
    const plain = whole.endsWith(";") ? entities[name] : undefined;
    if (plain === undefined) throw new SyntaxError(`XML holds the unknown entity ${whole.slice(0, 20)}`);
    return plain;
  });
}

const token =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s<>/?!"'=]+)((?:\s+[^\s<>/"'=]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const attribute = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const local = (name: string): string => name.slice(name.indexOf(":") + 1);

/** The document's root element. Throws `SyntaxError` for anything that is not well-formed, HTML pages among it. */
export function parseXml(document: string): XmlElement {
  const top: XmlElement = { name: "", attributes: {}, children: [], text: "" };
  const open: { element: XmlElement; tag: string }[] = [{ element: top, tag: "" }];
  token.lastIndex = 0;
  const source = document.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  while (token.lastIndex < source.length) {
    const at = token.lastIndex;
    const found = token.exec(source);
    const inner = open.at(-1);
    if (!found || !inner) throw new SyntaxError(`XML is not well-formed at character ${at}`);
    const [, cdata, closing, tag, attributes, empty, text] = found;
    if (text !== undefined) inner.element.text += unescapeXml(text);
    else if (cdata !== undefined) inner.element.text += cdata;
    else if (tag !== undefined && closing) {
      if (inner.tag !== tag) throw new SyntaxError(`XML closes ${tag} where ${inner.tag || "nothing"} is open`);
      open.pop();
    } else if (tag !== undefined) {
      const element: XmlElement = { name: local(tag), attributes: {}, children: [], text: "" };
      for (const [, name = "", double, single] of (attributes ?? "").matchAll(attribute))
        element.attributes[local(name)] = unescapeXml(double ?? single ?? "");
      inner.element.children.push(element);
      if (!empty) open.push({ element, tag });
    }
  }
  const [root] = top.children;
  if (open.length !== 1 || top.children.length !== 1 || !root || top.text.trim() !== "")
    throw new SyntaxError("XML does not hold exactly one whole element");
  return root;
}

/** The first child of that name. */
export const child = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((c) => c.name === name);
export const childrenNamed = (element: XmlElement | undefined, name: string): XmlElement[] =>
  element?.children.filter((c) => c.name === name) ?? [];

/** A child's text; null when it is missing, empty or `xsi:nil`. */
export function childText(element: XmlElement | undefined, name: string): string | null {
  const found = child(element, name);
  return !found || found.attributes["nil"] === "true" || found.text === "" ? null : found.text;
}
