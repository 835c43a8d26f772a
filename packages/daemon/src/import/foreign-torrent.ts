import type { FilePriority } from "@shoal/engine";

/** What another program knew of a torrent, checked; paths are absolute. Unknown is null. */
export interface ForeignTorrent {
  readonly downloadDir: string;
  readonly paused: boolean;
  readonly labels: readonly string[];
  /** By the files of the torrent without pads, in their order. */
  readonly priorities: readonly FilePriority[] | null;
  /** Bit 7 of byte 0 is piece 0: what the program took for present. */
  readonly pieces: Uint8Array | null;
  /** It took everything for present. */
  readonly complete: boolean;
  /** Given per fetched byte until it stops; `"never"`: it goes on for ever. */
  readonly ratio: number | "never" | null;
  /** Bytes per second. */
  readonly down: number | null;
  readonly up: number | null;
  readonly sequential: boolean;
  readonly trackers: readonly string[];
  /** Seconds since 1970. */
  readonly addedAt: number | null;
  readonly finishedAt: number | null;
  /** Files have other names on disk than in the torrent. */
  readonly renamed: boolean;
}
