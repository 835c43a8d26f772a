import { type Static, Type } from "typebox";
import { document, WholeNumber } from "./common.ts";

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
    /** For a transfer that is not on the list. */
    downloadDir: Type.Optional(Type.String({ maxLength: 4_096 })),
    peers: Type.Optional(Type.Array(Type.String({ maxLength: 300 }), { maxItems: 100 })),
  },
  { $id: "GetFile", additionalProperties: false },
);
export type GetFile = Static<typeof GetFile>;
