import type { Millis } from "../base/brand.ts";
import { concatBytes } from "../base/bytes.ts";
import type { ShoalError } from "../base/errors.ts";
import type { IpFilter } from "../base/ip-filter.ts";
import { crowdedOut } from "../core/swarm/crowded-out.ts";
import type { Connection, ConnectionSink } from "../ports/net.ts";

/** By so many first bytes a protocol must be known. */
const MAX_FIRST_BYTES = 64;

/** A protocol in which others may connect to us. */
export interface Transport {
  /** Each has its own, such as "plain". */
  readonly name: string;
  /** Whether a connection that begins so is one of this protocol; "more" while that can't be told. The bytes are a view. */
  matches(firstBytes: Uint8Array): "yes" | "no" | "more";
  /** Takes a connection over, and returns who gets all bytes from the first one on; null to refuse it. */
  accept(connection: Connection): ConnectionSink | null;
}

/**
 * Accepted connections whose protocol is not known yet. Each belongs to the first transport that knows it by its first bytes; one that nobody
 * knows is closed.
 */
export class Demultiplexer {
  /** In the order in which they are asked. */
  readonly #transports: Transport[];
  /** In the order of their coming. */
  readonly #strangers: Set<Stranger> = new Set();
  readonly #mostStrangers: number;

  /** `last` is asked after all that will be registered. `mostStrangers` connections at a time may have not said what they are. */
  constructor(first: Transport, last: Transport, mostStrangers: number) {
    this.#transports = [first, last];
    this.#mostStrangers = mostStrangers;
  }

  /** Throws RangeError when the name is taken. */
  register(transport: Transport): void {
    if (this.#transports.some(({ name }) => name === transport.name)) {
      throw new RangeError(`Transport ${transport.name} is already registered`);
    }
    this.#transports.splice(-1, 0, transport);
  }

  /** Connections that have not said what they are. */
  get size(): number {
    return this.#strangers.size;
  }

  enter(connection: Connection, now: Millis): void {
    const stranger = new Stranger(
      connection,
      now,
      (firstBytes) => this.#transportOf(firstBytes),
      () => this.#strangers.delete(stranger),
    );
    this.#strangers.add(stranger);
    connection.start(stranger);
    if (this.#strangers.size <= this.#mostStrangers) return;
    const victim = crowdedOut(this.#strangers, (one) => one.connection.remote)!;
    this.#strangers.delete(victim);
    victim.turnAway();
  }

  /** Closes those who say nothing. True while somebody is left. */
  onTick(now: Millis, timeoutMs: Millis): boolean {
    for (const { connection, since } of this.#strangers) if (now - since > timeoutMs) connection.close();
    return this.#strangers.size > 0;
  }

  /** Closes those whose address is blocked. */
  expelBlocked(filter: IpFilter): void {
    for (const { connection } of this.#strangers)
      if (filter.blocks(connection.remote.host)) connection.close();
  }

  closeAll(): void {
    for (const { connection } of this.#strangers) connection.close();
  }

  #transportOf(firstBytes: Uint8Array): Transport | "more" | null {
    for (const transport of this.#transports) {
      const verdict = transport.matches(firstBytes);
      if (verdict === "yes") return transport;
      if (verdict === "more" && firstBytes.length < MAX_FIRST_BYTES) return "more";
    }
    return null;
  }
}

/** One of them. */
class Stranger implements ConnectionSink {
  readonly connection: Connection;
  readonly since: Millis;
  readonly #transportOf: (firstBytes: Uint8Array) => Transport | "more" | null;
  readonly #onLeft: () => void;
  #first: Uint8Array = new Uint8Array(0);
  #refused = false;

  constructor(
    connection: Connection,
    since: Millis,
    transportOf: (firstBytes: Uint8Array) => Transport | "more" | null,
    onLeft: () => void,
  ) {
    this.connection = connection;
    this.since = since;
    this.#transportOf = transportOf;
    this.#onLeft = onLeft;
  }

  onConnected(): void {}

  onBytes(buffer: Uint8Array, start: number, end: number): void {
    if (this.#refused) return;
    const received = buffer.subarray(start, end);
    const all = this.#first.length === 0 ? received : concatBytes(this.#first, received);
    const transport = this.#transportOf(all.subarray(0, MAX_FIRST_BYTES));
    if (transport === "more") {
      this.#first = all.slice();
      return;
    }
    const sink = transport?.accept(this.connection) ?? null;
    if (sink === null) {
      this.turnAway();
      return;
    }
    this.#onLeft();
    this.connection.handOver(sink);
    sink.onBytes(all, 0, all.length);
  }

  turnAway(): void {
    this.#refused = true;
    this.connection.close();
  }

  onDrain(): void {}

  onClosed(_error: ShoalError | null): void {
    this.#onLeft();
  }
}
