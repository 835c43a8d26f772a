import { endpointKey, type Endpoint, type Family, familyOf } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import { UdpExchange } from "../core/tracker/udp-exchange.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Net } from "../ports/net.ts";
import type { Random } from "../ports/random.ts";
import type { Udp, UdpSocket } from "../ports/udp.ts";
import type { AnnounceAnswer, AnnounceRequest, AnnounceSuccess } from "../wire/announce.ts";

/** Once one family has answered, the other gets as long as a packet may take before it is repeated. */
const LATE_MS = 15_000;

export interface UdpTrackerPorts {
  readonly clock: Clock;
  readonly net: Net;
  readonly udp: Udp;
  readonly random: Random;
}

export interface UdpAnnounceOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Peers from the second address family, after the outcome is known. */
  readonly onLatePeers: (peers: readonly Endpoint[]) => void;
}

type Outcome = AnnounceSuccess | string;

/** Announces of all torrents over UDP (BEP 15): one socket for each address family, one exchange for each tracker address. */
export class UdpTrackers {
  readonly #ports: UdpTrackerPorts;
  readonly #sockets: Map<Family, Promise<UdpSocket>> = new Map();
  readonly #exchanges: Map<string, UdpExchange> = new Map();
  readonly #calls: Map<number, (outcome: Outcome) => void> = new Map();
  #nextToken = 1;
  #timer: Timer | null = null;
  #closed = false;

  constructor(ports: UdpTrackerPorts) {
    this.#ports = ports;
  }

  /**
   * Announces to the first address of each family that the tracker's name has; the first answer decides. Throws ShoalError
   * ERR_CONNECT, ERR_LISTEN or ERR_TRACKER when no answer comes.
   */
  async announce(url: URL, request: AnnounceRequest, options: UdpAnnounceOptions): Promise<AnnounceAnswer> {
    const port = Number(url.port);
    if (port === 0) return { ok: false, reason: "the tracker's URL names no port", retryMinutes: "never" };
    const addresses = await this.#ports.net.resolve(url.hostname);
    const hosts = [addresses.find((a) => !a.includes(":")), addresses.find((a) => a.includes(":"))];
    const targets = hosts.filter((host) => host !== undefined).map((host) => ({ host, port }));
    const sockets = await Promise.allSettled(targets.map((to) => this.#socket(familyOf(to.host))));
    if (options.signal.aborted || this.#closed) throw failed("cancelled", url);
    const exchanges = sockets.flatMap((result, i) =>
      result.status === "fulfilled" ? [this.#exchange(result.value, targets[i]!)] : [],
    );
    if (exchanges.length > 0) return this.#race(exchanges, request, url, options);
    throw sockets.find((result) => result.status === "rejected")?.reason ?? failed("no answer", url);
  }

  /** Ends everything; announces under way fail. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const settle of this.#calls.values()) settle("cancelled");
    for (const socket of this.#sockets.values()) void socket.then((s) => s.close()).catch(() => {});
    this.#sockets.clear();
    this.#exchanges.clear();
  }

  #race(
    exchanges: readonly UdpExchange[],
    request: AnnounceRequest,
    url: URL,
    options: UdpAnnounceOptions,
  ): Promise<AnnounceAnswer> {
    const { clock } = this.#ports;
    const path = url.pathname + url.search;
    const tokens = new Map<number, UdpExchange>();
    return new Promise((resolve, reject) => {
      let decided = false;
      let timer: Timer | null = null;
      const end = (): void => {
        timer?.cancel();
        options.signal.removeEventListener("abort", onAbort);
        for (const [token, exchange] of tokens) {
          exchange.cancel(token);
          this.#calls.delete(token);
        }
        tokens.clear();
      };
      const fail = (message: string): void => {
        end();
        if (!decided) reject(failed(message, url));
      };
      const onAbort = (): void => fail("cancelled");
      const settle = (token: number, outcome: Outcome): void => {
        this.#calls.delete(token);
        tokens.delete(token);
        if (typeof outcome === "string") {
          if (tokens.size === 0) fail(outcome);
          return;
        }
        if (decided) options.onLatePeers(outcome.peers);
        else resolve(outcome);
        decided = true;
        timer?.cancel();
        if (tokens.size === 0) end();
        else timer = clock.setTimer(LATE_MS, end);
      };
      options.signal.addEventListener("abort", onAbort);
      timer = clock.setTimer(options.timeoutMs, () => fail("no answer"));
      for (const exchange of exchanges) {
        const token = this.#nextToken++;
        tokens.set(token, exchange);
        this.#calls.set(token, (outcome) => settle(token, outcome));
      }
      for (const [token, exchange] of tokens) exchange.announce(token, request, path, clock.now());
      this.#arm();
    });
  }

  #exchange(socket: UdpSocket, to: Endpoint): UdpExchange {
    const now = this.#ports.clock.now();
    for (const [key, exchange] of this.#exchanges) if (exchange.isIdle(now)) this.#exchanges.delete(key);
    const key = endpointKey(to.host, to.port);
    let exchange = this.#exchanges.get(key);
    if (exchange === undefined) {
      const settle = (token: number, outcome: Outcome): void => this.#calls.get(token)?.(outcome);
      const host = {
        send: (packet: Uint8Array) => socket.send(packet, to),
        onAnswer: settle,
        onFailure: settle,
      };
      exchange = new UdpExchange(host, familyOf(to.host), () => this.#ports.random.uint32());
      this.#exchanges.set(key, exchange);
    }
    return exchange;
  }

  #socket(family: Family): Promise<UdpSocket> {
    let socket = this.#sockets.get(family);
    if (socket === undefined) {
      socket = this.#ports.udp.open({ family, port: 0 }, (bytes, from) => {
        this.#exchanges.get(endpointKey(from.host, from.port))?.onPacket(bytes, this.#ports.clock.now());
        this.#arm();
      });
      this.#sockets.set(family, socket);
      // A family that is missing now may be there later.
      socket.catch(() => this.#sockets.delete(family));
    }
    return socket;
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#closed) return;
    let earliest = Number.POSITIVE_INFINITY;
    for (const exchange of this.#exchanges.values()) earliest = Math.min(earliest, exchange.nextDeadline());
    if (earliest === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#ports.clock.setTimer(earliest - this.#ports.clock.now(), () => {
      const now = this.#ports.clock.now();
      for (const exchange of this.#exchanges.values()) exchange.onTime(now);
      this.#arm();
    });
  }
}

/** The tracker's own words on an error, or ours. */
function failed(message: string, url: URL): ShoalError {
  const text = message === "no answer" ? `no answer from ${url.host}` : message;
  return new ShoalError("ERR_TRACKER", text, { url: url.href });
}
