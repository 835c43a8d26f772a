import { peerKey } from "./peer-key.ts";

const MAX_BANS = 10_000;

/** Addresses that are turned away, with the reason; the oldest are forgotten above 10,000. */
export class BanList {
  readonly #reasons: Map<string, string> = new Map();

  get size(): number {
    return this.#reasons.size;
  }

  /**
   * Bans an IPv4 address or an IPv6 /64, whatever the port. On loopback only this port: everybody there has the same
   * address.
   */
  ban(host: string, port: number, reason: string): void {
    const key = peerKey(host, port);
    if (this.#reasons.has(key)) return;
    if (this.#reasons.size >= MAX_BANS) {
      const [oldest] = this.#reasons.keys();
      if (oldest !== undefined) this.#reasons.delete(oldest);
    }
    this.#reasons.set(key, reason);
  }

  unban(host: string, port: number): boolean {
    return this.#reasons.delete(peerKey(host, port));
  }

  /** Why the peer is banned, or null. */
  reason(host: string, port: number): string | null {
    return this.#reasons.get(peerKey(host, port)) ?? null;
  }
}
