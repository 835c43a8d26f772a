import { type Family, FAMILIES } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import type { Rng } from "../base/rng.ts";
import type { ExternalAddress } from "../core/external-address.ts";
import { NOT_ASKED, type Reachability, type WayIn, wayIn } from "../core/port-mapping/reachability.ts";
import { RouteMapping } from "../core/port-mapping/route-mapping.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Route } from "../base/route.ts";
import type { RouterLink, Routers } from "../ports/routers.ts";
import { RouterNonces, type RouterNoncesPorts } from "./router-nonces.ts";

/** How often it is looked whether this machine has come into another network. */
const LOOK_MS = 60_000;
/** After the network has changed: an address takes a moment to be fit for use, and our own port to be open again. */
const SETTLE_MS = 3_000;
/** Longest wait for routers to confirm that ports are closed. */
const CLOSE_MS = 1_500;

export interface PortMapperPorts extends RouterNoncesPorts {
  readonly clock: Clock;
  readonly routers: Routers;
  /** Routers vote on it, and what others say of us tells whether a router is the last one. */
  readonly external: ExternalAddress;
}

interface Mapped {
  readonly route: Route;
  /** Our own. */
  readonly port: number;
  readonly link: RouterLink;
  readonly mapping: RouteMapping;
}

/** Keeps our port open at the routers of this machine, whichever network it is in, from `open` to `close`. */
export class PortMapper {
  readonly #ports: PortMapperPorts;
  readonly #rng: Rng;
  #nonces: Promise<RouterNonces> | null = null;
  readonly #mapped: Map<Family, Mapped> = new Map();
  readonly #unwatch: () => void;
  #port: () => number = () => 0;
  #timer: Timer | null = null;
  #lookAt: Millis = 0;
  #isLooking = false;
  /** Counts the networks that we were in. */
  #network = 0;
  #isClosed = false;
  #onClosed: (() => void) | null = null;
  #reachability: Reachability = NOT_ASKED;
  #onChange: ((reachability: Reachability) => void) | null = null;

  constructor(ports: PortMapperPorts, rng: Rng) {
    this.#ports = ports;
    this.#rng = rng;
    this.#unwatch = ports.external.onChange(() => this.#tell());
  }

  /** What was found out so far. */
  get reachability(): Reachability {
    return this.#reachability;
  }

  /** Begins to ask routers for `port`, for TCP and UDP; nothing while that is 0. `onChange` hears of every news. */
  async open(port: () => number, onChange: (reachability: Reachability) => void): Promise<void> {
    this.#onChange = onChange;
    this.#port = port;
    await this.#look();
  }

  /** The network is gone, or another one: so are the routers in it, and our sockets that led to them. */
  onNetwork(): void {
    if (this.#isClosed) return;
    for (const { link } of this.#mapped.values()) link.close();
    this.#mapped.clear();
    this.#network++;
    this.#lookAt = this.#ports.clock.now() + SETTLE_MS;
    this.#tell();
    this.#arm();
  }

  /** Takes back what is open; returns when the routers have confirmed that, or soon. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unwatch();
    this.#onChange = null;
    const { clock } = this.#ports;
    for (const { mapping } of this.#mapped.values()) mapping.close(clock.now());
    await new Promise<void>((resolve) => {
      const late = clock.setTimer(CLOSE_MS, resolve);
      this.#onClosed = () => {
        late.cancel();
        resolve();
      };
      this.#arm();
    });
    this.#timer?.cancel();
    this.#onClosed = null;
    for (const { link } of this.#mapped.values()) link.close();
    this.#mapped.clear();
  }

  /** Looks which networks we are in, and begins with those that are new. */
  async #look(): Promise<void> {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    const { clock, routers, log } = this.#ports;
    this.#lookAt = clock.now() + LOOK_MS;
    try {
      const port = this.#port();
      const routes = port === 0 ? [] : await routers.routes();
      const turns = FAMILIES.map((family) => {
        const route = routes.find((found) => found.family === family);
        return this.#turnTo(family, route ?? null, port);
      });
      for (const turn of await Promise.allSettled(turns)) if (turn.status === "rejected") throw turn.reason;
    } catch (error) {
      log.warn("looking for routers failed", { error });
    }
    this.#isLooking = false;
    this.#tell();
    this.#arm();
  }

  async #turnTo(family: Family, route: Route | null, port: number): Promise<void> {
    const { clock, routers } = this.#ports;
    const before = this.#mapped.get(family);
    if (before !== undefined) {
      if (route !== null && before.port === port && isSame(before.route, route)) return;
      // The network is gone, and its router with it: what is open there ends with its lease.
      before.link.close();
      this.#mapped.delete(family);
    }
    if (route === null || this.#isClosed) return;
    const network = this.#network;
    this.#nonces ??= RouterNonces.load(this.#ports);
    const nonces = (await this.#nonces).of(route, port);
    const link = await routers.open(route, {
      onGatewayPacket: (bytes) => this.#feed(mapping, (now) => mapping.onGatewayPacket(bytes, now)),
      onSearchAnswer: (bytes, from) => this.#feed(mapping, (now) => mapping.onSearchAnswer(bytes, from, now)),
    });
    const mapping = new RouteMapping(
      {
        sendToGateway: (packet) => link.sendToGateway(packet),
        search: (packet) => link.search(packet),
        request: (request) => {
          void link.call(request).then((answer) => {
            this.#feed(mapping, (now) => mapping.onAnswer(request.token, answer, now));
          });
        },
        onChange: () => this.#onMapping(route, mapping),
      },
      { route, port, nonces, rng: this.#rng },
    );
    if (this.#isClosed || this.#network !== network) return link.close();
    this.#mapped.set(family, { route, port, link, mapping });
    mapping.start(clock.now());
  }

  #feed(mapping: RouteMapping, input: (now: Millis) => void): void {
    if (![...this.#mapped.values()].some((mapped) => mapped.mapping === mapping)) return;
    input(this.#ports.clock.now());
    this.#arm();
  }

  #onMapping(route: Route, mapping: RouteMapping): void {
    const { external, log } = this.#ports;
    const { tcp, failure } = mapping.state;
    log.debug("port mapping", { route, tcp, failure });
    if (tcp !== null && tcp.externalHost !== null && route.family === 4) {
      external.vote(tcp.externalHost, route.gateway ?? route.local, "router");
    }
    this.#tell();
  }

  #tell(): void {
    const before = this.#reachability;
    const isOff = this.#mapped.size === 0 && this.#port() === 0;
    this.#reachability = isOff ? NOT_ASKED : { ipv4: this.#wayIn(4), ipv6: this.#wayIn(6) };
    if (withoutTimes(before) !== withoutTimes(this.#reachability)) this.#onChange?.(this.#reachability);
  }

  #wayIn(family: Family): WayIn {
    const { clock, external } = this.#ports;
    const mapped = this.#mapped.get(family);
    return wayIn({
      route: mapped?.mapping.state ?? null,
      port: mapped?.port ?? 0,
      seenAs: family === 4 ? external.v4 : external.v6,
      toWallTime: (at) => Math.round(clock.wallTime() + at - clock.now()),
    });
  }

  #arm(): void {
    const mappings = [...this.#mapped.values()].map(({ mapping }) => mapping);
    if (this.#isClosed && mappings.every(({ isClosed }) => isClosed)) return this.#onClosed?.();
    const { clock } = this.#ports;
    const deadline = Math.min(
      this.#isClosed ? Number.POSITIVE_INFINITY : this.#lookAt,
      ...mappings.map((mapping) => mapping.nextDeadline()),
    );
    this.#timer?.cancel();
    this.#timer =
      deadline === Number.POSITIVE_INFINITY
        ? null
        : clock.setTimer(deadline - clock.now(), () => this.#onTime());
  }

  #onTime(): void {
    this.#timer = null;
    const now = this.#ports.clock.now();
    for (const { mapping } of this.#mapped.values()) if (now >= mapping.nextDeadline()) mapping.onTime(now);
    if (!this.#isClosed && now >= this.#lookAt) void this.#look();
    else this.#arm();
  }
}

/** That a lease was renewed is no news. */
function withoutTimes(reachability: Reachability): string {
  return JSON.stringify(reachability, (key, value: unknown) => (key === "expiresAt" ? undefined : value));
}

function isSame(a: Route, b: Route): boolean {
  return a.gateway === b.gateway && a.local === b.local;
}
