import type { Millis } from "../../base/brand.ts";
import { validOrNull } from "../../base/errors.ts";
import { decodeSearchAnswer, encodeSearch } from "../../wire/ssdp.ts";
import type { Route } from "../../base/route.ts";
import { acceptDescriptionUrl } from "./router-url.ts";

/** When the search is sent, for datagrams get lost, and when nobody will answer any more. */
const ROUNDS_MS = [0, 700, 2_000] as const;
const END_MS = 4_000;
/** Descriptions of one search that are looked at. */
const MAX_DEVICES = 4;
const TARGETS = {
  4: [
    "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
  ],
  6: [
    "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
    "urn:schemas-upnp-org:service:WANIPv6FirewallControl:1",
  ],
} as const;

export interface IgdSearchHost {
  search(packet: Uint8Array): void;
  /** A description that may be that of our router; each is told once. */
  onDevice(url: string, now: Millis): void;
  /** No more will be found. */
  onEnd(now: Millis): void;
}

/** The search for routers that speak UPnP (SSDP), by one family. */
export class IgdSearch {
  readonly #host: IgdSearchHost;
  readonly #route: Route;
  readonly #found: Set<string> = new Set();
  #startedAt: Millis = 0;
  #round = 0;
  #isOver = true;

  constructor(host: IgdSearchHost, route: Route) {
    this.#host = host;
    this.#route = route;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  nextDeadline(): Millis {
    return this.#isOver ? Number.POSITIVE_INFINITY : this.#startedAt + (ROUNDS_MS[this.#round] ?? END_MS);
  }

  start(now: Millis): void {
    this.#found.clear();
    this.#startedAt = now;
    this.#round = 0;
    this.#isOver = false;
    this.onTime(now);
  }

  stop(): void {
    this.#isOver = true;
  }

  onTime(now: Millis): void {
    if (now < this.nextDeadline()) return;
    if (this.#round >= ROUNDS_MS.length) {
      this.#isOver = true;
      this.#host.onEnd(now);
      return;
    }
    this.#round++;
    for (const target of TARGETS[this.#route.family])
      this.#host.search(encodeSearch(this.#route.family, target));
  }

  /** A datagram from `from`, an address literal. What does not fit is ignored. */
  onPacket(bytes: Uint8Array, from: string, now: Millis): void {
    if (this.#isOver || this.#found.size >= MAX_DEVICES) return;
    const answer = validOrNull(() => decodeSearchAnswer(bytes));
    const asked: readonly string[] = TARGETS[this.#route.family];
    if (answer === null || !asked.includes(answer.target)) return;
    const url = acceptDescriptionUrl(answer.location, from, this.#route);
    if (url === null || this.#found.has(url)) return;
    this.#found.add(url);
    this.#host.onDevice(url, now);
  }
}
