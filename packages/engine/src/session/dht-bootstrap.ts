import { canonicalIp } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Endpoint, Net } from "../ports/net.ts";

const FIRST_RETRY: Millis = 5_000;
const LAST_RETRY: Millis = 5 * 60_000;
/** Names from torrents that are looked up at a time; more are passed over. */
const MAX_NAMES = 16;

export interface BootstrapParts {
  readonly clock: Clock;
  readonly net: Net;
  readonly log: Log;
  /** Takes an address as a hint. */
  readonly addNode: (endpoint: Endpoint) => void;
  /** We know nobody: the well-known nodes are wanted. */
  readonly isLonely: () => boolean;
}

/** The way into the DHT: well-known nodes are asked while nobody else is known, at growing distances. */
export class DhtBootstrap {
  readonly #parts: BootstrapParts;
  readonly #contacts: readonly Endpoint[];
  #timer: Timer | null = null;
  #pause: Millis = FIRST_RETRY;
  #names = 0;
  #closed = false;

  /** `contacts` by address or name. */
  constructor(contacts: readonly Endpoint[], parts: BootstrapParts) {
    this.#contacts = contacts;
    this.#parts = parts;
  }

  /** It is being tried. */
  get isBusy(): boolean {
    return this.#timer !== null;
  }

  /** Asks now, and again and again while that helps nothing. */
  begin(): void {
    this.#timer?.cancel();
    this.#pause = FIRST_RETRY;
    this.#ask();
  }

  /** A node that somebody named, maybe by host name. */
  async hint({ host, port }: Endpoint): Promise<void> {
    const { net, addNode, log } = this.#parts;
    if (canonicalIp(host) !== null) {
      addNode({ host, port });
      return;
    }
    if (this.#names >= MAX_NAMES) return;
    this.#names++;
    try {
      for (const address of await net.resolve(host)) if (!this.#closed) addNode({ host: address, port });
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      log.debug("A node of the DHT can't be found", { host, reason: error.message });
    } finally {
      this.#names--;
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #ask(): void {
    for (const contact of this.#contacts) void this.hint(contact);
    if (this.#contacts.length === 0 || this.#closed) return;
    this.#timer = this.#parts.clock.setTimer(this.#pause, () => {
      this.#timer = null;
      this.#pause = Math.min(LAST_RETRY, this.#pause * 2);
      if (this.#parts.isLonely()) this.#ask();
    });
  }
}
