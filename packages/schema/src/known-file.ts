import { type Static, Type } from "typebox";
import { document, WholeNumber } from "./common.ts";
import { AddTorrent } from "./torrent.ts";

/** A file of which the id is known, whatever torrents it is in. */
export const KnownFile = document({
  /** Whole. */
  id: Type.String(),
  /** Bytes. */
  size: WholeNumber,
  /** Where it is; transfers on the list come first. */
  places: Type.Array(
    Type.Object(
      {
        /** Null: the transfer was removed. */
        torrentId: Type.Union([WholeNumber, Type.Null()]),
        /** Hex of its primary info-hash. */
        infoHash: Type.String(),
        torrentName: Type.String(),
        /** As calls that change files want it. */
        index: WholeNumber,
        /** Below the download folder. */
        path: Type.String(),
      },
      { additionalProperties: false },
    ),
  ),
});
export type KnownFile = Static<typeof KnownFile>;

/** How to get a file that is known. */
export const GetFile = Type.Object(
  {
    /** For a transfer that is not on the list, as `peers`, `trackers`, `share` and `ignoreSpace`. */
    downloadDir: AddTorrent.properties.downloadDir,
    peers: AddTorrent.properties.peers,
    trackers: AddTorrent.properties.trackers,
    share: AddTorrent.properties.share,
    ignoreSpace: AddTorrent.properties.ignoreSpace,
    /** The file is wanted, but nothing is begun. */
    paused: AddTorrent.properties.paused,
    /** A transfer on the list gets them besides those that it has. */
    labels: AddTorrent.properties.labels,
    sequential: AddTorrent.properties.sequential,
    firstLast: AddTorrent.properties.firstLast,
    goals: AddTorrent.properties.goals,
    limits: AddTorrent.properties.limits,
  },
  { $id: "GetFile", additionalProperties: false },
);
export type GetFile = Static<typeof GetFile>;
