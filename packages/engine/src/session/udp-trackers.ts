import { endpointKey, type Endpoint, type Family, familyOf } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import { type EncodeRequest, type UdpAnswer, UdpExchange } from "../core/tracker/udp-exchange.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Udp, UdpSocket } from "../ports/udp.ts";

export interface UdpTrackerPorts {
  readonly clock: Clock;
  readonly udp: Udp;
  readonly random: Random;
}

/** Requests of all torrents over UDP (BEP 15): one socket for each address family, one exchange for each tracker address. */
export class UdpTrackers {
  readonly #ports: UdpTrackerPorts;
  readonly #sockets: Map<Family, Promise<UdpSocket>> = new Map();
  readonly #exchanges: Map<string, UdpExchange> = new Map();
  readonly #calls: Map<number, (answer: UdpAnswer | null) => void> = new Map();
  #nextToken = 1;
  #timer: Timer | null = null;
  #timerAt: Millis = Infinity;
  readonly #ending: AbortController = new AbortController();

  constructor(ports: UdpTrackerPorts) {
    this.#ports = ports;
  }

  /** Throws ShoalError ERR_LISTEN, and ERR_TRACKER when no answer comes or the signal did. */
  async request(to: Endpoint, encode: EncodeRequest, signal: AbortSignal): Promise<UdpAnswer> {
    const assertWanted = (): void => {
      if (signal.aborted || this.#ending.signal.aborted)
        throw new ShoalError("ERR_TRACKER", "The request was cancelled");
    };
    assertWanted();
    const socket = await this.#socket(familyOf(to.host));
    assertWanted();
    const exchange = this.#exchange(socket, to);
    const token = this.#nextToken++;
    const answer = await new Promise<UdpAnswer | null>((resolve) => {
      const settle = (outcome: UdpAnswer | null): void => {
        this.#calls.delete(token);
        signal.removeEventListener("abort", onAbort);
        resolve(outcome);
      };
      const onAbort = (): void => {
        exchange.cancel(token);
        settle(null);
      };
      this.#calls.set(token, settle);
      signal.addEventListener("abort", onAbort);
      exchange.request(token, encode, this.#ports.clock.now());
      this.#armFor(exchange.nextDeadline());
    });
    if (answer !== null) return answer;
    throw new ShoalError("ERR_TRACKER", `no answer from ${endpointKey(to.host, to.port)}`);
  }

  /** Ends everything; requests under way fail. */
  close(): void {
    this.#ending.abort();
    this.#timer?.cancel();
    for (const settle of this.#calls.values()) settle(null);
    for (const socket of this.#sockets.values()) void socket.then((s) => s.close()).catch(() => {});
    this.#sockets.clear();
    this.#exchanges.clear();
  }

  #exchange(socket: UdpSocket, to: Endpoint): UdpExchange {
    const key = endpointKey(to.host, to.port);
    let exchange = this.#exchanges.get(key);
    if (exchange === undefined) {
      const now = this.#ports.clock.now();
      for (const [other, old] of this.#exchanges) if (old.isIdle(now)) this.#exchanges.delete(other);
      const host = {
        send: (packet: Uint8Array) => socket.send(packet, to),
        onOutcome: (token: number, answer: UdpAnswer | null) => this.#calls.get(token)?.(answer),
      };
      exchange = new UdpExchange(host, familyOf(to.host), () => this.#ports.random.uint32());
      this.#exchanges.set(key, exchange);
    }
    return exchange;
  }

  #socket(family: Family): Promise<UdpSocket> {
    let socket = this.#sockets.get(family);
    if (socket === undefined) {
      socket = this.#ports.udp.open({ family, port: 0, signal: this.#ending.signal }, (bytes, from) => {
        const exchange = this.#exchanges.get(endpointKey(from.host, from.port));
        exchange?.onPacket(bytes, this.#ports.clock.now());
        if (exchange !== undefined) this.#armFor(exchange.nextDeadline());
      });
      this.#sockets.set(family, socket);
      // A family that is missing now may be there later.
      socket.catch(() => this.#sockets.delete(family));
    }
    return socket;
  }

  /** A timer that is early costs one look at the exchanges; most answers come long before it. */
  #armFor(deadline: Millis): void {
    if (this.#ending.signal.aborted || deadline >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = deadline;
    const { clock } = this.#ports;
    this.#timer = clock.setTimer(deadline - clock.now(), () => {
      this.#timerAt = Infinity;
      const now = clock.now();
      let earliest = Infinity;
      for (const exchange of this.#exchanges.values()) {
        exchange.onTime(now);
        earliest = Math.min(earliest, exchange.nextDeadline());
      }
      this.#armFor(earliest);
    });
  }
}
