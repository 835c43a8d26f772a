import type { Family } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import { validOrNull } from "../../base/errors.ts";
import { decodeUdpTrackerPacket, encodeConnect, type UdpTrackerPacket } from "../../wire/udp-tracker.ts";

/** A packet is repeated after 15 * 2^n seconds, n counting the repetitions (BEP 15). */
const FIRST_TIMEOUT = 15_000;
/** Packets sent without an answer before a request has failed: after 225 seconds. */
const MAX_TRIES = 4;
/** How long a connection id may be used after it was received. */
const CONNECTION_MS = 60_000;

export type UdpAnswer = Extract<UdpTrackerPacket, { kind: "announce" | "scrape" | "error" }>;

/** Makes a request's packet, such as an announce. */
export type EncodeRequest = (connectionId: bigint, transaction: number) => Uint8Array;

/** What an exchange makes happen. May be called from inside any of its methods that take a time. */
export interface UdpExchangeHost {
  send(packet: Uint8Array): void;
  /** The outcome of a request; null: no answer. */
  onOutcome(token: number, answer: UdpAnswer | null): void;
}

interface Call {
  readonly token: number;
  readonly encode: EncodeRequest;
  readonly transaction: number;
  /** Timeouts so far. */
  tries: number;
  /** Infinite while it waits for a connection id. */
  deadline: Millis;
  sent: boolean;
  /** Was sent with a connection id that was there before, which the tracker may have forgotten. */
  onOldId: boolean;
}

interface Connecting {
  readonly transaction: number;
  tries: number;
  deadline: Millis;
}

/**
 * Requests to one address of one UDP tracker (BEP 15): connection ids, repetitions, matching of answers. All torrents share it. No
 * sockets, no timers.
 */
export class UdpExchange {
  readonly #host: UdpExchangeHost;
  readonly #family: Family;
  readonly #randomU32: () => number;
  /** By transaction. */
  readonly #calls: Map<number, Call> = new Map();
  #connecting: Connecting | null = null;
  #connectionId = 0n;
  #connectedUntil: Millis = Number.NEGATIVE_INFINITY;

  /** `randomU32` must not be guessable: transaction numbers keep strangers from answering in the tracker's place. */
  constructor(host: UdpExchangeHost, family: Family, randomU32: () => number) {
    this.#host = host;
    this.#family = family;
    this.#randomU32 = randomU32;
  }

  /** Nothing is under way and nothing remembered would be of use. */
  isIdle(now: Millis): boolean {
    return this.#calls.size === 0 && now >= this.#connectedUntil;
  }

  nextDeadline(): Millis {
    let earliest = this.#connecting?.deadline ?? Number.POSITIVE_INFINITY;
    for (const call of this.#calls.values()) earliest = Math.min(earliest, call.deadline);
    return earliest;
  }

  /** Starts a request; `token` names it in the outcome, which comes once unless it is cancelled. */
  request(token: number, encode: EncodeRequest, now: Millis): void {
    let transaction = this.#randomU32();
    while (this.#calls.has(transaction)) transaction = this.#randomU32();
    const call: Call = {
      token,
      encode,
      transaction,
      tries: 0,
      deadline: Number.POSITIVE_INFINITY,
      sent: false,
      onOldId: now < this.#connectedUntil,
    };
    this.#calls.set(transaction, call);
    this.#proceed(call, now);
  }

  cancel(token: number): void {
    for (const call of this.#calls.values()) if (call.token === token) this.#calls.delete(call.transaction);
    if (this.#calls.size === 0) this.#connecting = null;
  }

  /** A datagram from the tracker's address; what does not fit is ignored. */
  onPacket(bytes: Uint8Array, now: Millis): void {
    const packet = validOrNull(() => decodeUdpTrackerPacket(bytes, this.#family));
    if (packet === null) return;
    if (packet.transaction === this.#connecting?.transaction) {
      if (packet.kind === "connect") this.#onConnected(packet.connectionId, now);
      else if (packet.kind === "error") this.#failWaiting(packet);
      return;
    }
    const call = this.#calls.get(packet.transaction);
    if (call === undefined || !call.sent || packet.kind === "connect") return;
    if (packet.kind === "error" && call.onOldId) {
      // A tracker that was started anew does not know the id any more: once more with a new one.
      call.onOldId = false;
      this.#connectedUntil = Number.NEGATIVE_INFINITY;
      this.#proceed(call, now);
      return;
    }
    this.#end(call, packet);
  }

  /** Repeats or gives up what has not been answered in time. */
  onTime(now: Millis): void {
    const connecting = this.#connecting;
    if (connecting !== null && now >= connecting.deadline) {
      connecting.tries++;
      if (connecting.tries >= MAX_TRIES) this.#failWaiting(null);
      else this.#sendConnect(connecting, now);
    }
    for (const call of this.#calls.values()) {
      if (now < call.deadline) continue;
      call.tries++;
      if (call.tries >= MAX_TRIES) this.#end(call, null);
      else this.#proceed(call, now);
    }
  }

  /** Sends the request if there is a connection id, else asks for one first. */
  #proceed(call: Call, now: Millis): void {
    if (now < this.#connectedUntil) {
      call.sent = true;
      call.deadline = now + FIRST_TIMEOUT * 2 ** call.tries;
      this.#host.send(call.encode(this.#connectionId, call.transaction));
      return;
    }
    call.deadline = Number.POSITIVE_INFINITY;
    if (this.#connecting !== null) return;
    this.#connecting = { transaction: this.#randomU32(), tries: call.tries, deadline: 0 };
    this.#sendConnect(this.#connecting, now);
  }

  #sendConnect(connecting: Connecting, now: Millis): void {
    connecting.deadline = now + FIRST_TIMEOUT * 2 ** connecting.tries;
    this.#host.send(encodeConnect(connecting.transaction));
  }

  #onConnected(connectionId: bigint, now: Millis): void {
    this.#connecting = null;
    this.#connectionId = connectionId;
    this.#connectedUntil = now + CONNECTION_MS;
    for (const call of this.#calls.values()) {
      if (call.deadline === Number.POSITIVE_INFINITY) this.#proceed(call, now);
    }
  }

  #failWaiting(answer: UdpAnswer | null): void {
    this.#connecting = null;
    for (const call of this.#calls.values()) {
      if (call.deadline === Number.POSITIVE_INFINITY) this.#end(call, answer);
    }
  }

  #end(call: Call, answer: UdpAnswer | null): void {
    this.#calls.delete(call.transaction);
    this.#host.onOutcome(call.token, answer);
  }
}
