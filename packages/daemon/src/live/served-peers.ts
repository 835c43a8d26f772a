import type { PeerInfo, Session, Torrent } from "@shoal/engine";

/** Of all transfers together. */
const MOST = 500;

/** A peer that has got something from us and is gone. */
interface Served {
  readonly torrent: Torrent;
  readonly peer: PeerInfo;
  /** Counts from 1; a later one is higher. */
  readonly number: number;
}

/** The last peers that left after they were given something: who looks now and then misses those that come and go meanwhile. */
export class ServedPeers {
  readonly #last: Served[] = [];
  readonly #unlisten: () => void;
  #count = 0;

  constructor(session: Session) {
    this.#unlisten = session.on((event) => {
      if (event.type !== "torrent" || event.event.type !== "peer-disconnected") return;
      const { peer } = event.event;
      if (peer.uploaded === 0) return;
      this.#last.push({ torrent: event.torrent, peer, number: ++this.#count });
      if (this.#last.length > MOST) this.#last.shift();
    });
  }

  of(torrent: Torrent): readonly Served[] {
    return this.#last.filter((served) => served.torrent === torrent);
  }

  close(): void {
    this.#unlisten();
  }
}
