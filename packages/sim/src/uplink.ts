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
  /** It has left the host at `at`, which may lie ahead. */
  depart(at: Millis): void;
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

/** A segment up to this size is sent off at once, without an event when it has left: most of them are a few bytes. */
const SMALL_BYTES = 2_048;

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
  /** The uplink itself is in the queue. */
  #waiting = false;
  #freeAt: Millis = 0;

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
    if (!this.#waiting) this.#sendNext();
  }

  /** The segment under way has left. */
  happen(): void {
    this.#waiting = false;
    const segment = this.#sending;
    this.#sending = null;
    if (segment !== null) this.#release(segment);
    if (!this.#waiting) this.#sendNext();
  }

  #sendNext(): void {
    while (this.#turns.length > 0) {
      if (this.#freeAt > this.#queue.now) {
        this.#waitUntilFree();
        return;
      }
      const connection = this.#turns.shift()!;
      connection.inTurn = false;
      const segment = connection.nextSegment();
      if (segment === null) continue;
      if (connection.wantsTurn) {
        connection.inTurn = true;
        this.#turns.push(connection);
      }
      this.bytes += segment.length;
      this.#freeAt = this.#queue.now + (segment.length / this.spec.up) * 1000;
      if (segment.length <= SMALL_BYTES) {
        this.#release(segment);
      } else {
        this.#sending = segment;
        this.#waitUntilFree();
        return;
      }
    }
  }

  #waitUntilFree(): void {
    this.#waiting = true;
    this.#queue.add(this, this.#freeAt);
  }

  #release(segment: Outgoing): void {
    const { loss } = this.spec;
    if (loss > 0 && this.#rng.below(1_000_000) < loss * 1_000_000) segment.onLost();
    else segment.depart(this.#freeAt);
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

  /** When a segment is there as a whole whose last byte arrives now at the earliest. */
  take(length: number, now: Millis): Millis {
    this.bytes += length;
    const takes = (length / this.spec.down) * 1000;
    this.#freeAt = Math.max(now, this.#freeAt + takes);
    return this.#freeAt;
  }
}
