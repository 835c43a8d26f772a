import { utf8, utf8Text } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { childOf, escapeXml, parseXml, type XmlElement } from "./xml.ts";

/** Most bytes of a device's description, and of the answer to one call. */
export const MAX_DESCRIPTION_BYTES = 262_144;
export const MAX_SOAP_BYTES = 65_536;
const MAX_SERVICES = 64;
const MAX_URL = 512;
const SERVICE_TYPE = /^urn:schemas-upnp-org:service:([A-Za-z0-9]{1,40}):(\d{1,2})$/;

/** One service of a router, as its description has it. */
export interface IgdService {
  /** Whole type, such as "urn:schemas-upnp-org:service:WANIPConnection:1". */
  readonly type: string;
  readonly name: string;
  readonly version: number;
  /** Where it is controlled: relative or absolute, any text so far. */
  readonly controlUrl: string;
}

export interface IgdDescription {
  /** What relative addresses refer to; "" means the description's own address. */
  readonly base: string;
  readonly services: readonly IgdService[];
}

/** What a call came back with: the values by name, or the number of the fault (UPnP Device Architecture 2.0, 3.2.2). */
export type SoapAnswer =
  | { readonly ok: true; readonly values: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly code: number };

/** Reads a device's description (UPnP Device Architecture 2.0, 2.3). Throws ProtocolError. */
export function parseDescription(bytes: Uint8Array): IgdDescription {
  if (bytes.length > MAX_DESCRIPTION_BYTES) throw new ProtocolError("a device's description is too long");
  const root = parseXml(utf8Text(bytes).replace(/^\ufeff/, ""));
  if (root.name !== "root") throw new ProtocolError("not a device's description");
  const services: IgdService[] = [];
  collectServices(root, services);
  const base = childOf(root, "URLBase")?.text ?? "";
  return { base: base.length > MAX_URL ? "" : base, services };
}

/** The body of a call (UPnP Device Architecture 2.0, 3.2.1); arguments in the order of the service's definition. */
export function encodeSoapCall(
  serviceType: string,
  action: string,
  values: readonly (readonly [name: string, value: string | number])[],
): Uint8Array {
  const inside = values.map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`).join("");
  return utf8(
    `<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><u:${action} xmlns:u="${escapeXml(serviceType)}">${inside}</u:${action}></s:Body></s:Envelope>\r\n`,
  );
}

/** Reads the answer to a call of `action`. Throws ProtocolError when it is neither its answer nor a fault. */
export function parseSoapAnswer(bytes: Uint8Array, action: string): SoapAnswer {
  if (bytes.length > MAX_SOAP_BYTES) throw new ProtocolError("the answer to a call is too long");
  const envelope = parseXml(utf8Text(bytes).replace(/^\ufeff/, ""));
  const body = envelope.name === "Envelope" ? childOf(envelope, "Body") : undefined;
  const content = body?.children[0];
  if (content === undefined) throw new ProtocolError("the answer to a call is empty");
  if (content.name === "Fault") return parseFault(content);
  if (content.name !== `${action}Response`) throw new ProtocolError("the answer to another call");
  return { ok: true, values: new Map(content.children.map(({ name, text }) => [name, text])) };
}

function parseFault(fault: XmlElement): SoapAnswer {
  const detail = childOf(fault, "detail");
  const error = detail === undefined ? undefined : childOf(detail, "UPnPError");
  const code = error === undefined ? undefined : childOf(error, "errorCode")?.text;
  return { ok: false, code: code !== undefined && /^\d{1,4}$/.test(code) ? Number(code) : 0 };
}

function collectServices(element: XmlElement, into: IgdService[]): void {
  for (const child of element.children) {
    if (child.name !== "service") {
      collectServices(child, into);
      continue;
    }
    const type = childOf(child, "serviceType")?.text ?? "";
    const controlUrl = childOf(child, "controlURL")?.text ?? "";
    const match = SERVICE_TYPE.exec(type);
    if (match === null || controlUrl === "" || controlUrl.length > MAX_URL || into.length >= MAX_SERVICES)
      continue;
    into.push({ type, name: match[1]!, version: Number(match[2]), controlUrl });
  }
}
