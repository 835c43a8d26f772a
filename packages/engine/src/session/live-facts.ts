import type { Millis } from "../base/brand.ts";
import type { Hold } from "../core/hold.ts";
import { countTogether } from "../core/swarm/together.ts";
import type { InfoHashes } from "../meta/info-hash.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { Totals } from "./announcing.ts";
import type { Completeness } from "./completeness.ts";
import type { SessionContext } from "./context.ts";
import type { FileProgress, PeerInfo, PieceMap, TorrentState, TorrentStats } from "./events.ts";
import type { TorrentContent } from "./torrent-content.ts";
import type { TorrentDiscovery } from "./torrent-discovery.ts";
import type { TorrentIdentity } from "./torrent-identity.ts";
import type { TorrentMetadata } from "./torrent-metadata.ts";
import { torrentStats } from "./torrent-stats.ts";
import type { TorrentSwarm } from "./torrent-swarm.ts";

/** What can be told of a torrent that is not at rest. */
export abstract class LiveFacts {
  abstract readonly swarm: TorrentSwarm;
  abstract readonly metadata: TorrentMetadata;
  protected readonly context: SessionContext;
  protected readonly identity: TorrentIdentity;
  protected readonly discovery: TorrentDiscovery;
  protected readonly completeness: Completeness;

  constructor(
    context: SessionContext,
    identity: TorrentIdentity,
    discovery: TorrentDiscovery,
    completeness: Completeness,
  ) {
    this.context = context;
    this.identity = identity;
    this.discovery = discovery;
    this.completeness = completeness;
  }

  /** For the parts of the torrent: what exists once the metadata is known. */
  abstract get content(): TorrentContent | null;

  /** Resolves when the content is there that is about to be; also when that fails. */
  protected abstract contentMade(): Promise<void>;

  abstract get state(): TorrentState;

  protected abstract hold(): Hold | null;

  get infoHashes(): InfoHashes {
    return this.identity.infoHashes;
  }

  /** Display name; the magnet's, or the info-hash, until the metadata is known. Unchecked text: clean it before printing. */
  get name(): string {
    return this.identity.name;
  }

  get metainfo(): Metainfo | null {
    return this.identity.metainfo;
  }

  /** See `Torrent`. */
  get together(): number | null {
    const { pieceCount } = this.identity;
    const isAlone = pieceCount === 0 || this.swarm.connected.size === 0;
    return isAlone ? null : countTogether(this.swarm.fields(), pieceCount) / pieceCount;
  }

  /** See `TorrentRow`. */
  get lastCompleteAt(): number | null {
    return this.completeness.seenAt;
  }

  peers(): PeerInfo[] {
    const now = this.context.now();
    return [...this.swarm.connected].map((peer) => peer.info(now));
  }

  /** Empty while the metadata is unknown, and when the files could not be looked at. Pad files are left out. */
  async files(): Promise<FileProgress[]> {
    await this.contentMade();
    return this.content?.files() ?? [];
  }

  /** Null while the metadata is unknown. */
  pieces(): PieceMap | null {
    return this.content?.pieces() ?? null;
  }

  stats(now: Millis = this.context.now()): TorrentStats {
    return torrentStats(
      {
        state: this.state,
        context: this.context,
        pieceCount: this.identity.pieceCount,
        content: this.content,
        swarm: this.swarm,
        discovery: this.discovery,
        metadata: this.metadata,
        hold: () => this.hold(),
        v2Only: this.infoHashes.v1 === null,
        lastCompleteAt: this.lastCompleteAt,
      },
      now,
    );
  }

  get isSeed(): boolean {
    return this.content?.isSeed === true;
  }

  totals(): Totals {
    const { content } = this;
    // Before the metadata is known the size is not; trackers take 0 for a seed.
    if (content === null) return { uploaded: 0, downloaded: 0, left: 1 };
    const { uploaded, downloaded, left } = content.amounts;
    return { uploaded, downloaded, left, isPartialSeed: content.isComplete && !content.isSeed };
  }
}
