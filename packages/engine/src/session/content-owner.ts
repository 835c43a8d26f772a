import type { PeerSlot } from "../base/brand.ts";
import type { ShoalError } from "../base/errors.ts";
import type { TorrentEvent } from "./events.ts";
import type { LiveLimits } from "./torrent-limits.ts";
import type { PeerConnection } from "./peer-connection.ts";

/** The peers of the torrent. */
interface SwarmPeers {
  readonly connected: ReadonlySet<PeerConnection>;
  inSlot(slot: PeerSlot): PeerConnection | undefined;
  ban(slot: PeerSlot, reason: string): void;
}

/** What the content asks and tells its torrent. */
export interface ContentOwner {
  readonly swarm: SwarmPeers;
  readonly limits: LiveLimits;
  /** Order among all torrents: the smaller, the earlier. */
  readonly rank: number;
  emit(event: TorrentEvent): void;
  /** There is something to do in time. */
  onActive(): void;
  onComplete(): void;
  /** More is wanted than before: there is something to fetch again. */
  onIncomplete(): void;
  /** Pieces that were there are gone, or there again. */
  onPiecesLost(): void;
  onPiecesFound(): void;
  onFailure(error: ShoalError): void;
  /** What the torrent failed for is gone. */
  onMended(): void;
  /** Files of a download are gone or others: it has to begin anew, with `open`. */
  onFilesAway(): void;
}
