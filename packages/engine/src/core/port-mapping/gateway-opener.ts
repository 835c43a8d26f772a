import type { Millis } from "../../base/brand.ts";
import { equalBytes } from "../../base/bytes.ts";
import { validOrNull } from "../../base/errors.ts";
import { decodeNatPmp, encodeNatPmpAddress, encodeNatPmpMap, type NatPmpPacket } from "../../wire/nat-pmp.ts";
import { decodePcp, encodePcpMap, type PcpPacket } from "../../wire/pcp.ts";
import { MAPPED_PROTOCOLS, type MappedProtocol } from "../../wire/port-mapping.ts";
import type { Route } from "../../base/route.ts";
import {
  believedLifetimeMs,
  LEASE_SECONDS,
  type Opener,
  type OpenerHost,
  type OpeningFailure,
} from "./opening.ts";
import { RouterEpoch } from "./router-epoch.ts";

/** First wait for an answer; each repetition doubles it (RFC 6886, 3.1). */
const FIRST_TIMEOUT = 250;
/** Packets without an answer before the router counts as silent, after 3.75 s, and before we leave it at that when we end. */
const MAX_TRIES = 4;
const MAX_CLOSE_TRIES = 2;
/** From this packet on NAT-PMP is tried too: some routers are silent when they are asked in PCP. */
const NAT_PMP_FROM_TRY = 2;

export interface GatewayOpenerHost extends OpenerHost {
  send(packet: Uint8Array): void;
}

export interface GatewayOpenerSpec {
  readonly route: Route;
  readonly port: number;
  /** Unguessable, 12 bytes for each protocol: a router gives a mapping back only to who knows them. */
  readonly nonces: Readonly<Record<MappedProtocol, Uint8Array>>;
}

interface Entry {
  readonly protocol: MappedProtocol;
  readonly nonce: Uint8Array;
  state: "idle" | "asking" | "open" | "closing";
  /** What we had last, and ask for again. */
  externalPort: number;
  externalHost: string | null;
  tries: number;
  deadline: Millis;
}

/** Asks one router by PCP (RFC 6887), and where it knows only NAT-PMP (RFC 6886) in that. */
export class GatewayOpener implements Opener {
  readonly #host: GatewayOpenerHost;
  readonly #route: Route;
  readonly #port: number;
  readonly #entries: readonly Entry[];
  readonly #epoch: RouterEpoch = new RouterEpoch();
  /** What the router speaks, once it has said something. */
  #dialect: "PCP" | "NAT-PMP" | null = null;
  /** The outside address, which NAT-PMP tells apart from the mappings; null until it has. */
  #natPmpOutside: string | null = null;

  constructor(host: GatewayOpenerHost, { route, port, nonces }: GatewayOpenerSpec) {
    this.#host = host;
    this.#route = route;
    this.#port = port;
    this.#entries = MAPPED_PROTOCOLS.map((protocol) => ({
      protocol,
      nonce: nonces[protocol],
      state: "idle",
      externalPort: port,
      externalHost: null,
      tries: 0,
      deadline: Number.POSITIVE_INFINITY,
    }));
  }

  get isIdle(): boolean {
    return this.#entries.every(({ state }) => state === "idle");
  }

  nextDeadline(): Millis {
    return Math.min(...this.#entries.map(({ deadline }) => deadline));
  }

  open(now: Millis): void {
    this.#natPmpOutside = null;
    for (const entry of this.#entries) this.#begin(entry, "asking", now);
  }

  stop(): void {
    for (const entry of this.#entries) settle(entry, "idle");
  }

  close(now: Millis): void {
    for (const entry of this.#entries) if (entry.state !== "idle") this.#begin(entry, "closing", now);
  }

  onTime(now: Millis): void {
    for (const entry of this.#entries) {
      if (now < entry.deadline) continue;
      entry.tries++;
      if (entry.state === "closing" && entry.tries >= MAX_CLOSE_TRIES) settle(entry, "idle");
      else if (entry.state === "asking" && entry.tries >= MAX_TRIES) this.#refuse(entry, "silent", now);
      else this.#send(entry, now);
    }
  }

  /** A datagram from the router's own address and port. What does not fit is ignored. */
  onPacket(bytes: Uint8Array, now: Millis): void {
    if (bytes[0] === 0) {
      const packet = validOrNull(() => decodeNatPmp(bytes));
      if (packet !== null) this.#onNatPmp(packet, now);
    } else {
      const packet = validOrNull(() => decodePcp(bytes));
      if (packet !== null) this.#onPcp(packet, now);
    }
  }

  #onPcp(packet: PcpPacket, now: Millis): void {
    // Nothing new from one that speaks PCP: that was to our try in NAT-PMP.
    if (packet.kind === "unsupported-version") return;
    if (packet.kind === "announce") return this.#onEpoch(packet.epoch, now);
    const entry = this.#entries.find(({ nonce }) => equalBytes(nonce, packet.nonce));
    if (entry === undefined || this.#dialect === "NAT-PMP") return;
    if (packet.kind === "refused") {
      this.#dialect = "PCP";
      if (entry.state === "closing") settle(entry, "idle");
      else if (entry.state === "asking") this.#refuse(entry, packet.reason, now);
      return;
    }
    if (packet.protocol !== entry.protocol || packet.internalPort !== this.#port) return;
    this.#dialect = "PCP";
    const { externalPort, externalHost, lifetimeSeconds } = packet;
    this.#onMapped(entry, externalPort, externalHost, lifetimeSeconds, packet.epoch, now);
  }

  #onNatPmp(packet: NatPmpPacket, now: Millis): void {
    if (packet.kind === "unsupported-version") return this.#onNoPcp(now);
    if (this.#dialect === "PCP" || this.#route.family !== 4) return;
    if (packet.kind === "address") {
      this.#onEpoch(packet.epoch, now);
      if (this.#natPmpOutside !== null || !this.#entries.some(({ state }) => state === "asking")) return;
      this.#dialect = "NAT-PMP";
      this.#natPmpOutside = packet.host;
      this.#askAgain(now);
      return;
    }
    if (packet.kind === "refused") {
      for (const entry of this.#entries) {
        if (packet.protocol !== null && packet.protocol !== entry.protocol) continue;
        if (entry.state === "asking") this.#refuse(entry, packet.reason, now);
        else if (entry.state === "closing") settle(entry, "idle");
      }
      return;
    }
    const entry = this.#entries.find(({ protocol }) => protocol === packet.protocol);
    if (entry === undefined || packet.internalPort !== this.#port) return;
    const outside = this.#natPmpOutside ?? entry.externalHost;
    if (outside === null) return;
    this.#onMapped(entry, packet.externalPort, outside, packet.lifetimeSeconds, packet.epoch, now);
  }

  #onMapped(
    entry: Entry,
    externalPort: number,
    externalHost: string,
    lifetimeSeconds: number,
    epoch: number,
    now: Millis,
  ): void {
    if (lifetimeSeconds === 0 || externalPort === 0) {
      if (entry.state === "closing") settle(entry, "idle");
      return;
    }
    if (entry.state === "idle") {
      // We have found another way meanwhile.
      this.#host.send(this.#request(entry, 0));
      return;
    }
    if (entry.state === "closing") return;
    settle(entry, "open");
    entry.externalPort = externalPort;
    entry.externalHost = externalHost;
    const via = this.#dialect ?? "PCP";
    const { protocol } = entry;
    const lifetimeMs = believedLifetimeMs(lifetimeSeconds);
    this.#host.onOpened({ via, protocol, externalHost, externalPort, lifetimeMs }, now);
    this.#onEpoch(epoch, now, entry);
  }

  /** Asks again for what the router has forgotten; `fresh` is what it has just opened. */
  #onEpoch(epoch: number, now: Millis, fresh: Entry | null = null): void {
    if (!this.#epoch.onAnswer(epoch, now)) return;
    // Its address may be another one as well.
    this.#natPmpOutside = null;
    for (const entry of this.#entries) {
      if (entry !== fresh && entry.state === "open") this.#begin(entry, "asking", now);
    }
  }

  /** It knows NAT-PMP alone and was asked in PCP: it says so to each request. */
  #onNoPcp(now: Millis): void {
    if (this.#dialect !== null || this.#route.family !== 4) return;
    this.#dialect = "NAT-PMP";
    this.#askAgain(now);
  }

  #askAgain(now: Millis): void {
    for (const entry of this.#entries) if (entry.state === "asking") this.#begin(entry, "asking", now);
  }

  #refuse(entry: Entry, failure: OpeningFailure, now: Millis): void {
    settle(entry, "idle");
    // What answered before and is silent now may be another router, or speak otherwise.
    if (failure === "silent") this.#dialect = null;
    this.#host.onRefused(entry.protocol, failure, now);
  }

  #begin(entry: Entry, state: "asking" | "closing", now: Millis): void {
    entry.state = state;
    entry.tries = 0;
    this.#send(entry, now);
  }

  #send(entry: Entry, now: Millis): void {
    entry.deadline = now + FIRST_TIMEOUT * 2 ** entry.tries;
    const isClosing = entry.state === "closing";
    if (this.#dialect !== "NAT-PMP" || isClosing || this.#natPmpOutside !== null) {
      this.#host.send(this.#request(entry, isClosing ? 0 : LEASE_SECONDS));
    }
    // The mappings are asked for when the address is there.
    const isTry = this.#dialect === null && entry.tries >= NAT_PMP_FROM_TRY && this.#route.family === 4;
    const needsAddress = this.#dialect === "NAT-PMP" && this.#natPmpOutside === null;
    const isFirst = this.#entries.find(({ state }) => state === "asking") === entry;
    if (!isClosing && isFirst && (isTry || needsAddress)) this.#host.send(encodeNatPmpAddress());
  }

  #request(entry: Entry, lifetimeSeconds: number): Uint8Array {
    const { protocol, nonce, externalPort, externalHost } = entry;
    if (this.#dialect === "NAT-PMP") {
      return encodeNatPmpMap(protocol, this.#port, externalPort, lifetimeSeconds);
    }
    return encodePcpMap({
      client: this.#route.local,
      nonce,
      protocol,
      internalPort: this.#port,
      suggestedPort: externalPort,
      suggestedHost: externalHost,
      lifetimeSeconds,
    });
  }
}

function settle(entry: Entry, state: "idle" | "open"): void {
  entry.state = state;
  entry.deadline = Number.POSITIVE_INFINITY;
}
