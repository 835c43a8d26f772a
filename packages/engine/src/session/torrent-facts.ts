import type { Millis } from "../base/brand.ts";
import { toHex } from "../base/bytes.ts";
import type { ShoalError } from "../base/errors.ts";
import type { Hold } from "../core/hold.ts";
import { type InfoHashes, shortHashes } from "../meta/info-hash.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { Totals } from "./announcing.ts";
import type { PeerInfo, TorrentState, TorrentStats } from "./events.ts";
import type { LiveTorrent } from "./live-torrent.ts";
import type { TorrentRest } from "./torrent-rest.ts";
import { rowOf, type TorrentRow } from "./torrent-row.ts";
import type { Tiers } from "./torrent-trackers.ts";

/** What can be told of a torrent at once, whether it lives or rests. */
export abstract class TorrentFacts {
  /** For the session: null at rest. */
  abstract get live(): LiveTorrent | null;

  /** One of both is not null; both for moments in between. */
  protected abstract get rest(): TorrentRest | null;

  abstract hold(): Hold | null;

  get infoHashes(): InfoHashes {
    return this.live?.infoHashes ?? this.rest!.infoHashes;
  }

  /** For the session: the 20-byte names, in hex (see `shortHashes`). */
  shortNames(): readonly string[] {
    return this.rest?.names ?? shortHashes(this.infoHashes).map(toHex);
  }

  /** Display name; the magnet's, or the info-hash, until the metadata is known. Unchecked text: clean it before printing. */
  get name(): string {
    return this.live?.name ?? this.rest!.row.name;
  }

  /** Null while the metadata is unknown, and at rest. */
  get metainfo(): Metainfo | null {
    return this.live?.metainfo ?? null;
  }

  get state(): TorrentState {
    return this.live?.state ?? this.rest!.state;
  }

  /** Why the state is "error". */
  get error(): ShoalError | null {
    return (this.live ?? this.rest!).error;
  }

  /** Only what `row` gives is in memory; whatever needs more wakes the torrent up. */
  get isAtRest(): boolean {
    return this.live === null;
  }

  peers(): PeerInfo[] {
    return this.live?.peers() ?? [];
  }

  /** What those have together who are connected: part of all pieces, 0 to 1; null while nobody is, and at rest. */
  get together(): number | null {
    return this.live?.together ?? null;
  }

  stats(now?: Millis): TorrentStats {
    return this.live?.stats(now) ?? this.rest!.stats(() => this.hold());
  }

  /** What a program keeps to add the torrent again without reading anything; null while the metadata is unknown. */
  row(): TorrentRow | null {
    return this.live === null ? this.rest!.row : rowOf(this.live);
  }

  /** Where its files lie, or will lie; as far as is known without reading anything. */
  get downloadDir(): string {
    return this.live?.downloadDir ?? this.rest!.downloadDir;
  }

  totals(): Totals {
    return (this.rest ?? this.live!).totals();
  }

  get isSeed(): boolean {
    return (this.rest ?? this.live!).isSeed;
  }

  get isPrivate(): boolean {
    return this.rest?.row.private ?? this.live!.metainfo?.private === true;
  }

  get tiers(): Tiers {
    return this.rest?.row.trackers ?? this.live!.trackerTiers();
  }
}
