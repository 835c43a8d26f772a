import type { Torrent, TorrentPeer, TorrentPeers, TorrentTrackers } from "@shoal/schema";

import type { DaemonClient } from "../../daemon-client.ts";
import type { Metainfo, PeerInfo, TorrentEvent } from "../../engine.ts";
import type { Watched } from "../transfer-events.ts";

/** A torrent that the daemon shares, looked at again and again: what an audience needs to know of it. */
export class DaemonShare implements Watched {
  readonly metainfo: Metainfo;
  readonly #daemon: DaemonClient;
  readonly #onEvent: (event: TorrentEvent) => void;
  #torrent: Torrent;
  #peers: ReadonlyMap<string, PeerInfo> = new Map();
  #asked: Pick<TorrentTrackers, "trackers" | "finders" | "webSeeds"> = {
    trackers: [],
    finders: [],
    webSeeds: [],
  };

  constructor(
    daemon: DaemonClient,
    torrent: Torrent,
    metainfo: Metainfo,
    onEvent: (event: TorrentEvent) => void,
  ) {
    this.#daemon = daemon;
    this.#torrent = torrent;
    this.metainfo = metainfo;
    this.#onEvent = onEvent;
  }

  get torrent(): Torrent {
    return this.#torrent;
  }

  get name(): string {
    return this.metainfo.name;
  }

  get infoHashes(): Metainfo["infoHashes"] {
    return this.metainfo.infoHashes;
  }

  get state(): string {
    return this.#torrent.state;
  }

  stats(): Torrent {
    return this.#torrent;
  }

  peers(): PeerInfo[] {
    return [...this.#peers.values()];
  }

  trackers(): TorrentTrackers["trackers"] {
    return this.#asked.trackers;
  }

  finders(): TorrentTrackers["finders"] {
    return this.#asked.finders;
  }

  webSeeds(): TorrentTrackers["webSeeds"] {
    return this.#asked.webSeeds;
  }

  /** Asks how it stands, and tells who came, has it all, and left. Throws ERR_NOT_FOUND when it was taken off the list. */
  async look(withTrackers: boolean): Promise<void> {
    const path = `/torrents/${this.#torrent.id}`;
    this.#torrent = await this.#daemon.get<Torrent>(path);
    if (withTrackers) this.#asked = await this.#daemon.get<TorrentTrackers>(`${path}/trackers`);
    const { peers } = await this.#daemon.get<TorrentPeers>(`${path}/peers`);
    const before = this.#peers;
    this.#peers = new Map(peers.map((peer) => [`${peer.host} ${peer.port}`, infoOf(peer)]));
    for (const [key, peer] of this.#peers) {
      const known = before.get(key);
      // Who was quick has got it all before it was seen for the first time.
      const begun = known ?? { ...peer, seed: peer.seed && peer.uploaded === 0 };
      if (known === undefined) this.#onEvent({ type: "peer-connected", peer: begun });
      if (peer.seed && !begun.seed) this.#onEvent({ type: "peer-complete", peer });
    }
    for (const [key, peer] of before)
      if (!this.#peers.has(key)) this.#onEvent({ type: "peer-disconnected", peer, reason: null });
  }
}

function infoOf(peer: TorrentPeer): PeerInfo {
  return {
    ...peer,
    host: peer.host ?? "somebody",
    port: peer.port ?? 0,
    source: peer.source as PeerInfo["source"],
    // Nobody who gives something away needs these.
    interesting: false,
    requests: 0,
  };
}
