import { ProtocolError } from "../base/errors.ts";

const MAX_DEPTH = 32;
const MAX_ELEMENTS = 5_000;
const MAX_TEXT = 4_096;
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

/** One element, without attributes: what routers say stands in elements alone. */
export interface XmlElement {
  /** Without its namespace prefix, as it is written. */
  readonly name: string;
  /** Text directly inside, trimmed. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface OpenElement {
  readonly name: string;
  readonly tag: string;
  text: string;
  readonly children: XmlElement[];
}

/**
 * Reads the elements of a small document. There are no entities but the five of XML itself and characters by number; a document
 * type is refused, for it could define others. Throws ProtocolError.
 */
export function parseXml(document: string): XmlElement {
  const open: OpenElement[] = [];
  let elements = 0;
  let at = 0;
  while (at < document.length) {
    const tagAt = document.indexOf("<", at);
    const textEnd = tagAt < 0 ? document.length : tagAt;
    addText(open, document.slice(at, textEnd));
    if (tagAt < 0) break;
    if (document.startsWith("<!--", tagAt)) {
      at = endOf(document, "-->", tagAt + 4);
      continue;
    }
    if (document.startsWith("<?", tagAt)) {
      at = endOf(document, "?>", tagAt + 2);
      continue;
    }
    if (document.startsWith("<![CDATA[", tagAt)) {
      at = endOf(document, "]]>", tagAt + 9);
      addText(open, document.slice(tagAt + 9, at - 3).replaceAll("&", "&amp;"));
      continue;
    }
    const end = endOf(document, ">", tagAt + 1);
    const tag = document.slice(tagAt + 1, end - 1);
    at = end;
    if (tag.startsWith("/")) {
      const element = open.pop();
      if (element === undefined || element.tag !== tag.slice(1).trim()) {
        throw new ProtocolError("an XML element ends that was not begun");
      }
      const closed = { name: element.name, text: element.text.trim(), children: element.children };
      const parent = open.at(-1);
      if (parent === undefined) return closed;
      parent.children.push(closed);
      continue;
    }
    const match = /^([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)(?:\s[^<]*)?$/.exec(tag.replace(/\/$/, ""));
    if (match === null) throw new ProtocolError("an XML tag is malformed");
    if (open.length >= MAX_DEPTH || ++elements > MAX_ELEMENTS) throw new ProtocolError("too much XML");
    const [, whole] = match;
    const name = whole!.slice(whole!.indexOf(":") + 1);
    if (tag.endsWith("/")) {
      const parent = open.at(-1);
      const empty: XmlElement = { name, text: "", children: [] };
      if (parent === undefined) return empty;
      parent.children.push(empty);
    } else {
      open.push({ name, tag: whole!, text: "", children: [] });
    }
  }
  throw new ProtocolError("an XML document is cut off");
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

/** Text with what XML keeps for itself written differently. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function addText(open: readonly OpenElement[], raw: string): void {
  const element = open.at(-1);
  if (element === undefined || raw === "" || element.text.length >= MAX_TEXT) return;
  const text = raw.replace(
    /&(?:(\w{2,4})|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g,
    (_whole, name, decimal, hex) => {
      if (typeof name === "string") {
        const known = ENTITIES.get(name);
        if (known === undefined) throw new ProtocolError("an XML entity is not known");
        return known;
      }
      const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(String(hex), 16);
      return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : "\ufffd";
    },
  );
  element.text = (element.text + text).slice(0, MAX_TEXT);
}

/** Where `mark` is over. */
function endOf(document: string, mark: string, from: number): number {
  const at = document.indexOf(mark, from);
  if (at < 0) throw new ProtocolError("an XML document is cut off");
  return at + mark.length;
}
