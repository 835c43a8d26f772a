import type { Millis } from "../base/brand.ts";
import type { SessionContext } from "./context.ts";
import type { Torrent } from "./torrent.ts";

export class ChokingRound {
  readonly #torrents: () => Iterable<Torrent>;
  constructor(_context: SessionContext, torrents: () => Iterable<Torrent>) {
    this.#torrents = torrents;
  }
  request(): void {
    this.onTick(0);
  }
  stop(): void {}
  onTick(_now: Millis): void {
    for (const torrent of this.#torrents()) {
      for (const peer of torrent.connectedPeers) {
        if (peer.session.peerInterested) {
          peer.session.setChoking(false);
          peer.flush();
        }
      }
    }
  }
}
