import { formatIp, parseIp } from "../../../dist/base/address.js";
import { readU16, readU32, utf8, utf8Text, writeU16, writeU32 } from "../../../dist/base/bytes.js";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import type { RouterAnswer, RouterRequest } from "../../../dist/core/port-mapping/igd-device.js";
import type { Route } from "../../../dist/base/route.js";
import { RouteMapping } from "../../../dist/core/port-mapping/route-mapping.js";
import { parseXml } from "../../../dist/wire/xml.js";

export const PORT = 41873;
export const ROUTE_4: Route = { family: 4, gateway: "192.168.1.1", local: "192.168.1.5" };
export const ROUTE_6: Route = { family: 6, gateway: "fe80::1", local: "2001:db8:1:2::5" };

/** How the router behaves; changed at any time. */
export interface RouterManners {
  pcp: boolean;
  natPmp: boolean;
  upnp: boolean;
  igdVersion: 1 | 2;
  /** Result code of PCP and NAT-PMP. */
  result: number;
  /** Fault of the calls by name. */
  faults: Record<string, number>;
  /** Longest lease of PCP and NAT-PMP. */
  maxLease: number;
  outside: string;
  /** Where it says that its description is. */
  location: string;
}

interface Mapped {
  readonly protocol: string;
  readonly internal: number;
  readonly lease: number;
}

/** A router and a `RouteMapping` with a network of one millisecond between them, in virtual time. */
export class RouterWorld {
  readonly manners: RouterManners;
  /** By protocol and outside port, "tcp 41873". */
  readonly mapped: Map<string, Mapped> = new Map();
  /** Taken by somebody else. */
  readonly taken: Set<string> = new Set();
  /** Names of the calls and packets that came, in order. */
  readonly heard: string[] = [];
  readonly mapping: RouteMapping;
  now = 1_000_000;
  changes = 0;
  /** When the router was switched on. */
  bootedAt = 0;
  readonly #route: Route;
  readonly #events: { readonly at: number; readonly run: () => void }[] = [];
  #pinholes = 0;

  constructor(route: Route = ROUTE_4, manners: Partial<RouterManners> = {}) {
    this.#route = route;
    this.manners = {
      pcp: true,
      natPmp: true,
      upnp: true,
      igdVersion: 1,
      result: 0,
      faults: {},
      maxLease: 7200,
      outside: "80.1.2.3",
      location: route.family === 4 ? "http://192.168.1.1:5000/d.xml" : "http://[fe80::1]:5000/d.xml",
      ...manners,
    };
    this.mapping = new RouteMapping(
      {
        sendToGateway: (packet) => this.#later(() => this.#onGatewayPacket(packet)),
        search: (packet) => this.#later(() => this.#onSearch(utf8Text(packet))),
        request: (request) => this.#later(() => this.#onRequest(request)),
        onChange: () => void this.changes++,
      },
      {
        route,
        port: PORT,
        nonces: { tcp: new Uint8Array(12).fill(1), udp: new Uint8Array(12).fill(2) },
        rng: new Xoshiro128(1),
      },
    );
  }

  /** Names of what is open, in order. */
  get open(): string[] {
    return [...this.mapped.keys()].sort();
  }

  start(): void {
    this.mapping.start(this.now);
  }

  /** Lets time pass, with everything that happens meanwhile. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      this.#events.sort((a, b) => a.at - b.at);
      const event = this.#events[0];
      const deadline = this.mapping.nextDeadline();
      const next = Math.min(event?.at ?? Infinity, deadline);
      if (next > end) break;
      this.now = Math.max(this.now, next);
      if (event !== undefined && event.at <= deadline) {
        this.#events.shift();
        event.run();
      } else this.mapping.onTime(this.now);
    }
    this.now = end;
  }

  reboot(): void {
    this.mapped.clear();
    this.bootedAt = this.now;
  }

  /** "I have begun anew", or just "I am here". */
  announce(): void {
    const answer = new Uint8Array(this.manners.pcp ? 24 : 12);
    answer[0] = this.manners.pcp ? 2 : 0;
    answer[1] = 0x80;
    writeU32(answer, this.manners.pcp ? 8 : 4, Math.floor((this.now - this.bootedAt) / 1000));
    if (!this.manners.pcp) answer.set(parseIp(this.manners.outside)!, 8);
    this.#answer(answer);
  }

  #later(run: () => void): void {
    this.#events.push({ at: this.now + 1, run });
  }

  #answer(bytes: Uint8Array): void {
    this.#later(() => this.mapping.onGatewayPacket(bytes, this.now));
  }

  #onGatewayPacket(packet: Uint8Array): void {
    const isPcp = packet[0] === 2;
    this.heard.push(isPcp ? "pcp" : `nat-pmp ${packet[1]}`);
    const { pcp, natPmp, result } = this.manners;
    const epoch = Math.floor((this.now - this.bootedAt) / 1000);
    if (isPcp && pcp) {
      const answer = packet.slice();
      answer[1] = 0x81;
      answer[3] = result;
      writeU32(answer, 8, epoch);
      answer.fill(0, 12, 24);
      const lease = Math.min(readU32(packet, 4), this.manners.maxLease);
      writeU32(answer, 4, lease);
      if (result === 0) {
        writeU16(
          answer,
          42,
          this.#map(packet[36] === 6 ? "tcp" : "udp", readU16(packet, 40), readU16(packet, 42), lease),
        );
        const outside = parseIp(
          this.#route.family === 4 ? this.manners.outside : formatIp(packet.subarray(8, 24)),
        )!;
        answer.fill(0, 44);
        if (outside.length === 4) answer.fill(0xff, 54, 56);
        answer.set(outside, 60 - outside.length);
      }
      return this.#answer(answer);
    }
    if (!natPmp) return;
    const answer = new Uint8Array(packet[1] === 0 || isPcp ? 12 : 16);
    answer[1] = packet[1]! | 0x80;
    answer[3] = isPcp ? 1 : result;
    writeU32(answer, 4, epoch);
    if (!isPcp && result === 0) {
      if (packet[1] === 0) answer.set(parseIp(this.manners.outside)!, 8);
      else {
        const lease = Math.min(readU32(packet, 8), this.manners.maxLease);
        answer.set(packet.subarray(4, 6), 8);
        writeU16(
          answer,
          10,
          this.#map(packet[1] === 2 ? "tcp" : "udp", readU16(packet, 4), readU16(packet, 6), lease),
        );
        writeU32(answer, 12, lease);
      }
    }
    this.#answer(answer);
  }

  /** Gives the outside port; 0 when it was a removal. */
  #map(protocol: string, internal: number, wanted: number, lease: number): number {
    for (const [key, mapped] of this.mapped) {
      if (mapped.protocol !== protocol || mapped.internal !== internal) continue;
      if (lease === 0) this.mapped.delete(key);
      else return Number(key.split(" ")[1]);
    }
    if (lease === 0) return 0;
    const port = this.taken.has(`${protocol} ${wanted}`) ? wanted + 1 : wanted;
    this.mapped.set(`${protocol} ${port}`, { protocol, internal, lease });
    return port;
  }

  #onSearch(text: string): void {
    const target = /\r\nST: (.*)\r\n/.exec(text)![1]!;
    this.heard.push(`search ${target.split(":").at(-2)}`);
    if (!this.manners.upnp) return;
    const bytes = utf8(`HTTP/1.1 200 OK\r\nST: ${target}\r\nLOCATION: ${this.manners.location}\r\n\r\n`);
    const from = this.#route.gateway!;
    this.#later(() => this.mapping.onSearchAnswer(bytes, from, this.now));
  }

  #onRequest({ token, method, url, headers, body }: RouterRequest): void {
    const answer =
      method === "GET" ? this.#describe() : this.#onCall(headers["soapaction"]!, utf8Text(body!));
    this.heard.push(
      method === "GET" ? `get ${new URL(url).pathname}` : /#(\w+)/.exec(headers["soapaction"]!)![1]!,
    );
    this.#later(() => this.mapping.onAnswer(token, this.manners.upnp ? answer : null, this.now));
  }

  #describe(): RouterAnswer {
    const name =
      this.#route.family === 4 ? `WANIPConnection:${this.manners.igdVersion}` : "WANIPv6FirewallControl:1";
    const service = `<service><serviceType>urn:schemas-upnp-org:service:${name}</serviceType><controlURL>/ctl</controlURL></service>`;
    return { status: 200, body: utf8(`<root><device><serviceList>${service}</serviceList></device></root>`) };
  }

  #onCall(soapAction: string, body: string): RouterAnswer {
    const action = /#(\w+)/.exec(soapAction)![1]!;
    const call = parseXml(body).children[0]!.children[0]!;
    const value = (name: string): string => call.children.find((child) => child.name === name)?.text ?? "";
    const key = `${value("NewProtocol").toLowerCase()} ${value("NewExternalPort")}`;
    const fault =
      this.manners.faults[action] ??
      (action === "AddPortMapping" && this.taken.has(key)
        ? 718
        : action === "AddPortMapping" && value("NewLeaseDuration") !== "0" && this.manners.maxLease === 0
          ? 725
          : action === "UpdatePinhole" && !this.mapped.has(`pinhole ${value("UniqueID")}`)
            ? 704
            : 0);
    if (fault !== 0) {
      const inside = `<Fault><detail><UPnPError><errorCode>${fault}</errorCode></UPnPError></detail></Fault>`;
      return { status: 500, body: utf8(`<Envelope><Body>${inside}</Body></Envelope>`) };
    }
    const results: Record<string, string> = {};
    const mapped = {
      protocol: value("NewProtocol").toLowerCase(),
      internal: Number(value("NewInternalPort")),
      lease: Number(value("NewLeaseDuration")),
    };
    if (action === "GetExternalIPAddress") results["NewExternalIPAddress"] = this.manners.outside;
    else if (action === "AddPortMapping") this.mapped.set(key, mapped);
    else if (action === "AddAnyPortMapping") {
      results["NewReservedPort"] = "50000";
      this.mapped.set(`${mapped.protocol} 50000`, mapped);
    } else if (action === "DeletePortMapping") this.mapped.delete(key);
    else if (action === "GetFirewallStatus")
      Object.assign(results, { FirewallEnabled: "1", InboundPinholeAllowed: "1" });
    else if (action === "AddPinhole") {
      results["UniqueID"] = String(++this.#pinholes);
      const lease = Number(value("LeaseTime"));
      this.mapped.set(`pinhole ${this.#pinholes}`, { protocol: value("Protocol"), internal: PORT, lease });
    } else if (action === "DeletePinhole") this.mapped.delete(`pinhole ${value("UniqueID")}`);
    const inside = Object.entries(results).map(([name, text]) => `<${name}>${text}</${name}>`);
    const response = `<u:${action}Response>${inside.join("")}</u:${action}Response>`;
    return { status: 200, body: utf8(`<Envelope><Body>${response}</Body></Envelope>`) };
  }
}
