import { type Family, FAMILIES } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { Rng } from "../base/rng.ts";
import type { MdnsLink, MdnsListener } from "../core/dns-sd/mdns-link.ts";
import { type FoundService, ServiceBrowser } from "../core/dns-sd/service-browser.ts";
import { ServicePublisher } from "../core/dns-sd/service-publisher.ts";
import { publishableName, type ServiceKind } from "../core/dns-sd/service.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Endpoint } from "../ports/net.ts";
import { MDNS_PORT, type MdnsMessage } from "../wire/mdns-message.ts";

export interface LanServicePorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Throws a ShoalError where the family is not to be had. */
  openMdns(family: Family, listener: MdnsListener): Promise<MdnsLink>;
  /** Our addresses in local networks. */
  addresses(): readonly string[];
}

export interface LanServiceOptions {
  /** What others in the local network see; null to look for others without being seen. */
  readonly name: string | null;
  /** More about us: keys of up to 9 characters, in ASCII and lower case. */
  readonly properties?: ReadonlyMap<string, string>;
}

/** Somebody else in the local network who runs shoal. */
export type LanPeer = FoundService;

export type LanPeerEvent =
  /** Also when something of it has changed. */
  | { readonly type: "lan-peer-found"; readonly id: string; readonly peer: LanPeer }
  | { readonly type: "lan-peer-lost"; readonly id: string; readonly peer: LanPeer };

const KINDS: readonly ServiceKind[] = ["node", "hub"];

/** Makes this node known in the local network, and knows the others there (multicast DNS and DNS-SD, RFC 6762 and 6763). */
export class LanService {
  readonly #ports: LanServicePorts;
  readonly #options: LanServiceOptions;
  readonly #rng: Rng;
  readonly #links: Map<Family, MdnsLink> = new Map();
  readonly #browser: ServiceBrowser;
  #publisher: ServicePublisher | null = null;
  #onEvent: ((event: LanPeerEvent) => void) | null = null;
  #timer: Timer | null = null;
  #isClosed = false;
  /** Who is answered at the moment. */
  #asker: { readonly link: MdnsLink; readonly from: Endpoint } | null = null;

  constructor(ports: LanServicePorts, options: LanServiceOptions, rng: Rng) {
    this.#ports = ports;
    this.#options = options;
    this.#rng = rng;
    this.#browser = new ServiceBrowser(
      {
        send: (message) => this.#sendToAll(message),
        onFound: (id, peer) => this.#onEvent?.({ type: "lan-peer-found", id, peer }),
        onLost: (id, peer) => this.#onEvent?.({ type: "lan-peer-lost", id, peer }),
      },
      KINDS,
      (target) => target === this.#publisher?.hostName,
    );
  }

  /** Others that are known now. */
  peers(): LanPeer[] {
    return this.#browser.services();
  }

  /** The name that others see: another one than was asked for where that is taken. Null when they don't see us. */
  get name(): string | null {
    return this.#publisher?.name ?? null;
  }

  /** `port`: of the TCP listener; with 0 we are not published. What can't be had on this machine is done without. */
  async open(port: number, onEvent: (event: LanPeerEvent) => void): Promise<void> {
    this.#onEvent = onEvent;
    await Promise.all(FAMILIES.map((family) => this.#openLink(family)));
    if (this.#isClosed || this.#links.size === 0) return;
    const now = this.#ports.clock.now();
    const { name, properties = new Map() } = this.#options;
    if (name !== null && publishableName(name) !== "" && port !== 0) {
      this.#publisher = new ServicePublisher(
        {
          send: (message) => this.#sendToAll(message),
          answer: (message) => this.#asker?.link.send(message, this.#asker.from),
          addresses: () => this.#ports.addresses(),
        },
        { kind: "node", name, port, properties },
        this.#rng,
      );
      this.#publisher.start(now);
    }
    this.#browser.start(now);
    this.#arm();
  }

  /** Says good-bye. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onEvent = null;
    this.#timer?.cancel();
    this.#publisher?.close();
    this.#browser.stop();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  async #openLink(family: Family): Promise<void> {
    try {
      const link = await this.#ports.openMdns(family, {
        onMessage: (message, from) => this.#onMessage(family, message, from),
        onNetworksChanged: () => this.#onNetworksChanged(),
      });
      if (this.#isClosed) link.close();
      else this.#links.set(family, link);
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.#ports.log.info("no multicast DNS", { family, error });
    }
  }

  #onMessage(family: Family, message: MdnsMessage, from: Endpoint): void {
    const link = this.#links.get(family);
    const now = this.#ports.clock.now();
    if (link === undefined) return;
    const isLegacy = from.port !== MDNS_PORT;
    // Answers come from the port of the protocol and from near, or they are forged (RFC 6762, 6 and 11).
    if (isLegacy && message.isResponse) return;
    this.#asker = { link, from };
    this.#publisher?.onMessage(message, isLegacy, now);
    this.#asker = null;
    this.#browser.onMessage(message, from.host, now);
    this.#arm();
  }

  #onNetworksChanged(): void {
    const now = this.#ports.clock.now();
    this.#publisher?.onNetworksChanged(now);
    this.#browser.start(now);
    this.#arm();
  }

  #sendToAll(message: MdnsMessage): void {
    for (const link of this.#links.values()) link.send(message);
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isClosed) return;
    const at: Millis = Math.min(
      this.#browser.nextDeadline(),
      this.#publisher?.nextDeadline() ?? Number.POSITIVE_INFINITY,
    );
    if (at === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#ports.clock.setTimer(at - this.#ports.clock.now(), () => this.#onTime());
  }

  #onTime(): void {
    const now = this.#ports.clock.now();
    this.#publisher?.onTime(now);
    this.#browser.onTime(now);
    this.#arm();
  }
}
