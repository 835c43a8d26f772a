import type { Millis, Rng } from "@shoal/engine/composition";
import type { EventQueue, QueuedEvent } from "./event-queue.ts";

/** How a host is connected. */
export interface LinkSpec {
  /** Bytes per second; Infinity for no limit. */
  readonly up: number;
  readonly down: number;
  /** To the middle of the network: between two hosts it takes the sum of both, one way. */
  readonly latencyMs: Millis;
  /** Part of the segments (16 KiB) that are lost on the way out and sent again a round trip later. */
  readonly loss: number;
}

/** Bytes that leave the host together. */
export interface Outgoing {
  readonly length: number;
  depart(): void;
  /** It was lost on the way. */
  onLost(): void;
}

/** Who has a turn on the uplink. */
export interface Sender {
  inTurn: boolean;
  readonly wantsTurn: boolean;
  /** Null when there is nothing to send. */
  nextSegment(): Outgoing | null;
}

export const IDEAL_LINK: LinkSpec = { up: Infinity, down: Infinity, latencyMs: 0, loss: 0 };

/** Sends one segment after the other, the connections of the host by turns. */
export class Uplink implements QueuedEvent {
  at: Millis = 0;
  order = 0;
  spec: LinkSpec;
  /** Payload and protocol that left the host. */
  bytes = 0;
  readonly #queue: EventQueue;
  readonly #rng: Rng;
  /** Connections that may have something to send. */
  readonly #turns: Sender[] = [];
  #sending: Outgoing | null = null;

  constructor(queue: EventQueue, rng: Rng, spec: LinkSpec) {
    this.#queue = queue;
    this.#rng = rng;
    this.spec = spec;
  }

  /** The connection has something to send. */
  join(connection: Sender): void {
    if (!connection.inTurn) {
      connection.inTurn = true;
      this.#turns.push(connection);
    }
    if (this.#sending === null) this.#sendNext();
  }

  /** The segment under way has left. */
  happen(): void {
    const segment = this.#sending!;
    this.#sending = null;
    this.bytes += segment.length;
    if (this.spec.loss > 0 && this.#rng.below(1_000_000) < this.spec.loss * 1_000_000) segment.onLost();
    else segment.depart();
    this.#sendNext();
  }

  #sendNext(): void {
    while (this.#sending === null && this.#turns.length > 0) {
      const connection = this.#turns.shift()!;
      connection.inTurn = false;
      const segment = connection.nextSegment();
      if (segment === null) continue;
      this.#sending = segment;
      if (connection.wantsTurn) {
        connection.inTurn = true;
        this.#turns.push(connection);
      }
      this.#queue.add(this, this.#queue.now + (segment.length / this.spec.up) * 1000);
    }
  }
}

/** What arrives at a host comes in one after the other. */
export class Downlink {
  spec: LinkSpec;
  bytes = 0;
  #freeAt: Millis = 0;

  constructor(spec: LinkSpec) {
    this.spec = spec;
  }

  /** When a segment that arrives now is there as a whole. */
  take(length: number, now: Millis): Millis {
    this.bytes += length;
    this.#freeAt = Math.max(now, this.#freeAt) + (length / this.spec.down) * 1000;
    return this.#freeAt;
  }
}
