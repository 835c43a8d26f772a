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
  /** The number of the last one that had left by the last look; null before the first. */
  #goneBefore: number | null = null;
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
    const { peers, gone } = await this.#daemon.get<TorrentPeers>(`${path}/peers`);
    const before = this.#peers;
    this.#peers = new Map(peers.map((peer) => [keyOf(peer), infoOf(peer)]));
    for (const [key, peer] of this.#peers) {
      const known = before.get(key);
      // Who was quick has got it all before it was seen for the first time.
      const begun = known ?? { ...peer, seed: peer.seed && peer.uploaded === 0 };
      if (known === undefined) this.#onEvent({ type: "peer-connected", peer: begun });
      if (peer.seed && !begun.seed) this.#onEvent({ type: "peer-complete", peer });
    }
    this.#lookAtGone(before, gone);
  }

  /** Who left, how it was at its end, and who came and left since the last look. */
  #lookAtGone(before: ReadonlyMap<string, PeerInfo>, gone: TorrentPeers["gone"]): void {
    const since = this.#goneBefore ?? Infinity;
    const last = new Map<string, PeerInfo>();
    for (const peer of gone) if (peer.number > since) last.set(keyOf(peer), infoOf(peer));
    this.#goneBefore = Math.max(this.#goneBefore ?? 0, ...gone.map(({ number }) => number));
    for (const [key, peer] of last) {
      const known = before.get(key);
      const begun = known ?? { ...peer, seed: false };
      if (known === undefined) this.#onEvent({ type: "peer-connected", peer: begun });
      if (peer.seed && !begun.seed) this.#onEvent({ type: "peer-complete", peer });
      if (!this.#peers.has(key)) this.#onEvent({ type: "peer-disconnected", peer, reason: null });
    }
    for (const [key, peer] of before)
      if (!this.#peers.has(key) && !last.has(key))
        this.#onEvent({ type: "peer-disconnected", peer, reason: null });
  }
}

function keyOf({ host, port }: TorrentPeer): string {
  return `${host} ${port}`;
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
