import type { FilePriority } from "../core/file-selection.ts";
import type { LayoutFile } from "../meta/layout.ts";
import type { VerifyLevel } from "../core/resume-judge.ts";
import type { Magnet } from "../meta/magnet.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { Endpoint } from "../ports/net.ts";
import type { TorrentEvent } from "./events.ts";
import type { TorrentLimits } from "./torrent-limits.ts";
import type { TorrentRow } from "./torrent-row.ts";

/** In which order pieces come. */
export interface PieceOrder {
  /** Ascending, not rarest first. */
  readonly sequential?: boolean;
  /** The first and last bytes of each file come before everything else, for a preview. */
  readonly firstLast?: boolean;
}

/** How to add a torrent. Exactly one of `metainfo`, `torrentBytes`, `magnet`, `infoHash` and `row` says which. */
export interface AddOptions extends PieceOrder {
  readonly metainfo?: Metainfo;
  /** Contents of a .torrent file. */
  readonly torrentBytes?: Uint8Array;
  readonly magnet?: string | Magnet;
  /** 40 hex digits (v1 or truncated v2) or 64 (v2). */
  readonly infoHash?: string;
  /**
   * What `torrent.row()` gave in an earlier run; needs `load`. Nothing is read: a complete or paused torrent is at rest from the start, and
   * its trackers hear of it within minutes.
   */
  readonly row?: TorrentRow;
  /**
   * Gives the .torrent file when it is needed again. With it the torrent may rest: it lets go of its memory, its files and its lock when
   * it has nothing to do. When it throws, the torrent's state is "error". Files that were written before and that are gone stop a torrent that was
   * added by its row, or has rested, with ERR_FILES_MISSING until they are back or `resume()` is called; of others they are fetched again.
   */
  readonly load?: () => Promise<Uint8Array>;
  /** Absolute folder in which the torrent's name lies, or will lie. */
  readonly downloadDir: string;
  /** Replaces the torrent's name on disk, as one path component: what is shared lies under another name than the torrent's. */
  readonly rootName?: string;
  /** Peers to try, besides those in the magnet. */
  readonly peers?: readonly Endpoint[];
  /** Trackers besides those in the metainfo or magnet. */
  readonly trackers?: readonly string[];
  /** False leaves out every way of finding peers that was not named by the user. */
  readonly discovery?: boolean;
  /**
   * Which files are wanted, or with which priority. Called once the metadata is known; `number` counts the files
   * from 1, without pads. Without it the priorities of an earlier run
   * hold, or everything is wanted.
   */
  readonly select?: (file: LayoutFile, path: string, number: number) => boolean | FilePriority;
  /** Files that are wanted at first when `select` is absent: closed ranges of indices, pads counted (BEP 53). By default the magnet's. */
  readonly selectOnly?: Magnet["selectOnly"];
  /** Shares what is there and downloads nothing. */
  readonly seedOnly?: boolean;
  /**
   * What to do with files that are in the way and are not this download's own: `refuse` (the default) fails with ERR_FILE_EXISTS
   * unless they are complete and right; `overwrite` keeps what matches and
   * replaces the rest.
   */
  readonly existing?: "refuse" | "overwrite";
  /** How far resume data is believed; the session's setting by default. Data of which nothing is recorded is hashed. */
  readonly verify?: VerifyLevel;
  /**
   * Hash each piece that is only believed before it is first given to anybody; the session's setting by default. Without that the
   * first upload of a piece costs about half the processor time, and what a disk has damaged unseen is sent.
   */
  readonly lazyVerify?: boolean;
  /** The caller has just hashed all of the data, and it is right: it is taken for complete. */
  readonly hashed?: boolean;
  /**
   * Pieces that another program took for present (bit 7 of byte 0 is piece 0), where nothing is recorded of the data: as resume data they are
   * believed as far as `verify` says. Needs `existing: "overwrite"` for files that are not complete.
   */
  readonly claims?: "all" | Uint8Array;
  readonly paused?: boolean;
  /** Runs whatever the limits of the session's queue say. */
  readonly forced?: boolean;
  /** Order in the queue, from `torrent.rank` of an earlier run: the smaller, the earlier. At the end by default. */
  readonly rank?: number;
  /** What it may use; `Torrent.setLimits` changes it. */
  readonly limits?: Partial<TorrentLimits>;
  /** Gets every event of the torrent from the first one on. */
  readonly listener?: (event: TorrentEvent) => void;
}
