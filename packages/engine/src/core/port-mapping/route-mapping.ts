import type { Millis } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import type { MappedProtocol } from "../../wire/port-mapping.ts";
import { GatewayOpener } from "./gateway-opener.ts";
import type { RouterAnswer, RouterRequest } from "./igd-device.ts";
import { IgdOpener } from "./igd-opener.ts";
import type { Route } from "../../base/route.ts";
import type { Opener, OpenerHost, Opening, OpeningFailure } from "./opening.ts";

/** UPnP waits so long for PCP and NAT-PMP, which answer at once and can be asked to forget. */
const IGD_AFTER_MS = 1_000;
/** After a failure: doubled by each one that follows. */
const RETRY_MS = 60_000;
const MAX_RETRY_MS = 3_600_000;
/** Shortest distance between renewals, whatever lifetime a router grants. */
const MIN_RENEWAL_MS = 30_000;

interface HeldOpening extends Opening {
  readonly until: Millis;
}

/** What is known of the way in through one router. */
export interface RouteState {
  readonly route: Route;
  readonly tcp: HeldOpening | null;
  readonly udp: HeldOpening | null;
  /** Why there is no opening for TCP; null while there is one or while it is looked for. */
  readonly failure: OpeningFailure | null;
}

export interface RouteMappingHost {
  /** To the router's port for PCP and NAT-PMP. */
  sendToGateway(packet: Uint8Array): void;
  /** To the group that UPnP devices listen on. */
  search(packet: Uint8Array): void;
  request(request: RouterRequest): void;
  onChange(now: Millis): void;
}

export interface RouteMappingSpec {
  readonly route: Route;
  /** Our own port, the same for TCP and UDP. */
  readonly port: number;
  readonly nonces: Readonly<Record<MappedProtocol, Uint8Array>>;
  readonly rng: Rng;
}

/**
 * Keeps our port open at one router: by PCP or NAT-PMP, else by UPnP. Leases are renewed at half their time; what fails is tried
 * again after growing pauses. No sockets, no timers; methods of the host may be called from inside any method that takes a time.
 */
export class RouteMapping {
  readonly #host: RouteMappingHost;
  readonly #route: Route;
  readonly #gateway: GatewayOpener | null;
  readonly #igd: IgdOpener;
  readonly #held: Map<MappedProtocol, HeldOpening> = new Map();
  /** What opened the port for TCP: asked again, and alone, when it is time. */
  #winner: Opener | null = null;
  /** Of the present round: why each opener has failed with TCP. */
  readonly #failed: Map<Opener, OpeningFailure> = new Map();
  #failure: OpeningFailure | null = null;
  #failures = 0;
  #igdAt: Millis = Number.POSITIVE_INFINITY;
  #nextAt: Millis = Number.POSITIVE_INFINITY;
  #isClosing = false;

  constructor(host: RouteMappingHost, { route, port, nonces, rng }: RouteMappingSpec) {
    this.#host = host;
    this.#route = route;
    this.#gateway =
      route.gateway === null
        ? null
        : new GatewayOpener(
            { ...this.#listenTo(() => this.#gateway), send: (packet) => host.sendToGateway(packet) },
            { route, port, nonces },
          );
    this.#igd = new IgdOpener(
      {
        ...this.#listenTo(() => this.#igd),
        search: (packet) => host.search(packet),
        request: (request) => host.request(request),
      },
      { route, port, rng },
    );
  }

  get state(): RouteState {
    const tcp = this.#held.get("tcp") ?? null;
    return {
      route: this.#route,
      tcp,
      udp: this.#held.get("udp") ?? null,
      failure: tcp === null ? this.#failure : null,
    };
  }

  /** After `close`: the router has confirmed that all is taken back, or there was nothing. */
  get isClosed(): boolean {
    return this.#isClosing && this.#igd.isIdle && (this.#gateway?.isIdle ?? true);
  }

  nextDeadline(): Millis {
    const openers = Math.min(
      this.#igd.nextDeadline(),
      this.#gateway?.nextDeadline() ?? Number.POSITIVE_INFINITY,
    );
    if (this.#isClosing) return openers;
    return Math.min(
      openers,
      this.#igdAt,
      this.#nextAt,
      ...[...this.#held.values()].map(({ until }) => until),
    );
  }

  /** Looks for a router that opens the port. */
  start(now: Millis): void {
    this.#winner = null;
    this.#failed.clear();
    this.#nextAt = Number.POSITIVE_INFINITY;
    this.#igd.prepare(now);
    if (this.#gateway === null) return this.#igd.open(now);
    this.#igdAt = now + IGD_AFTER_MS;
    this.#gateway.open(now);
  }

  /** Takes back what is open; see `isClosed`. */
  close(now: Millis): void {
    this.#isClosing = true;
    this.#held.clear();
    this.#gateway?.close(now);
    this.#igd.close(now);
  }

  onTime(now: Millis): void {
    this.#gateway?.onTime(now);
    this.#igd.onTime(now);
    if (this.#isClosing) return;
    if (now >= this.#igdAt) {
      this.#igdAt = Number.POSITIVE_INFINITY;
      this.#igd.open(now);
    }
    if (now >= this.#nextAt) {
      this.#nextAt = Number.POSITIVE_INFINITY;
      if (this.#winner === null) this.start(now);
      else this.#winner.open(now);
    }
    for (const [protocol, held] of this.#held) {
      if (now < held.until) continue;
      this.#held.delete(protocol);
      this.#host.onChange(now);
    }
  }

  /** A datagram from the router's port for PCP and NAT-PMP. */
  onGatewayPacket(bytes: Uint8Array, now: Millis): void {
    this.#gateway?.onPacket(bytes, now);
  }

  /** A datagram from any other port of `from`. */
  onSearchAnswer(bytes: Uint8Array, from: string, now: Millis): void {
    this.#igd.onPacket(bytes, from, now);
  }

  onAnswer(token: number, answer: RouterAnswer, now: Millis): void {
    this.#igd.onAnswer(token, answer, now);
  }

  /** `opener` is looked up late: it is under construction when it gets its host. */
  #listenTo(opener: () => Opener | null): OpenerHost {
    return {
      onOpened: (opening, now) => this.#onOpened(opener()!, opening, now),
      onRefused: (protocol, failure, now) => this.#onRefused(opener()!, protocol, failure, now),
    };
  }

  #onOpened(opener: Opener, opening: Opening, now: Millis): void {
    if (this.#isClosing) return;
    if (this.#winner !== null && this.#winner !== opener) return opener.close(now);
    const before = this.#held.get(opening.protocol);
    this.#held.set(opening.protocol, { ...opening, until: now + opening.lifetimeMs });
    if (opening.protocol === "tcp") this.#onWon(opener, opening, now);
    // Renewed: only the time is new.
    if (before === undefined || !isSame(before, opening)) this.#host.onChange(now);
  }

  #onWon(opener: Opener, opening: Opening, now: Millis): void {
    if (this.#winner === null) {
      this.#winner = opener;
      this.#igdAt = Number.POSITIVE_INFINITY;
      if (opener !== this.#igd) this.#igd.stop(now);
      else this.#gateway?.stop();
    }
    this.#failures = 0;
    this.#failure = null;
    this.#nextAt = now + Math.max(opening.lifetimeMs / 2, MIN_RENEWAL_MS);
  }

  #onRefused(opener: Opener, protocol: MappedProtocol, failure: OpeningFailure, now: Millis): void {
    if (this.#isClosing || protocol !== "tcp") return;
    if (this.#winner === opener) return this.start(now);
    if (this.#winner !== null) return;
    this.#failed.set(opener, failure);
    if (opener === this.#gateway && !this.#failed.has(this.#igd)) {
      this.#igdAt = Number.POSITIVE_INFINITY;
      return this.#igd.open(now);
    }
    if (this.#gateway !== null && !this.#failed.has(this.#gateway)) return;
    this.#failure = mostTelling([...this.#failed.values()]);
    this.#nextAt = now + Math.min(RETRY_MS * 2 ** this.#failures, MAX_RETRY_MS);
    this.#failures++;
    this.#host.onChange(now);
  }
}

function isSame(a: Opening, b: Opening): boolean {
  return a.via === b.via && a.externalHost === b.externalHost && a.externalPort === b.externalPort;
}

/** The one that a person can do most about. */
function mostTelling(failures: readonly OpeningFailure[]): OpeningFailure {
  const order = ["forbidden", "other-address", "no-outside", "full", "taken", "unable", "silent"] as const;
  return order.find((failure) => failures.includes(failure)) ?? "silent";
}
