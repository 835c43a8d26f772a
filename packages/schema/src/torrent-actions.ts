import { type Static, Type } from "typebox";
import { document, WholeNumber } from "./common.ts";

const Path = Type.String({ minLength: 1, maxLength: 4_096 });

/** Where in the queue: by one place, to an end, or to a place of all, from 1. Several keep their order among themselves. */
export const QueueMove = Type.Object(
  {
    move: Type.Optional(Type.Enum(["top", "up", "down", "bottom"])),
    position: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { $id: "QueueMove", additionalProperties: false },
);
export type QueueMove = Static<typeof QueueMove>;

/** Where the files are to lie. */
export const MoveFiles = Type.Object(
  {
    /** Absolute. */
    dir: Path,
    /** Files that are in the way are replaced. */
    overwrite: Type.Optional(Type.Boolean()),
    /** They are there already: nothing is moved, what is there is checked. */
    adopt: Type.Optional(Type.Boolean()),
  },
  { $id: "MoveFiles", additionalProperties: false },
);
export type MoveFiles = Static<typeof MoveFiles>;

/** Another name for a file or a folder, or, without `path`, for the torrent itself and what it is called on disk. */
export const RenameFiles = Type.Object(
  {
    /** Below the download folder, "/" between. */
    path: Type.Optional(Path),
    name: Type.String({ minLength: 1, maxLength: 255 }),
  },
  { $id: "RenameFiles", additionalProperties: false },
);
export type RenameFiles = Static<typeof RenameFiles>;

const Indices = Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 1_000_000 });

/** Which files are wanted, by index: `want` are those that are normal again when they were not wanted. */
export const FileChanges = Type.Object(
  {
    want: Type.Optional(Indices),
    skip: Type.Optional(Indices),
    low: Type.Optional(Indices),
    normal: Type.Optional(Indices),
    high: Type.Optional(Indices),
  },
  { $id: "FileChanges", additionalProperties: false },
);
export type FileChanges = Static<typeof FileChanges>;

const Url = Type.String({ minLength: 1, maxLength: 2_048 });
const Urls = Type.Array(Url, { maxItems: 100 });

export const TrackerChanges = Type.Object(
  {
    add: Type.Optional(Urls),
    remove: Type.Optional(Urls),
    /** One address in place of another, in the same tier. */
    replace: Type.Optional(Type.Array(Type.Object({ from: Url, to: Url }), { maxItems: 100 })),
  },
  { $id: "TrackerChanges", additionalProperties: false },
);
export type TrackerChanges = Static<typeof TrackerChanges>;

export const NewPeers = Type.Object(
  {
    /** "HOST:PORT" each. */
    peers: Type.Array(Type.String({ maxLength: 300 }), { minItems: 1, maxItems: 100 }),
  },
  { $id: "NewPeers", additionalProperties: false },
);
export type NewPeers = Static<typeof NewPeers>;

/** A magnet link, by which others find it. */
export const MagnetLink = document({ magnet: Type.String() });
export type MagnetLink = Static<typeof MagnetLink>;

/** Which pieces are there: bit 7 of byte 0 is piece 0, in base64; null while that is not known without reading. */
export const TorrentPieces = document({
  pieceCount: Type.Integer({ minimum: 0 }),
  have: Type.Union([Type.String(), Type.Null()]),
});
export type TorrentPieces = Static<typeof TorrentPieces>;

/** Where files lie or go. */
export const MoveState = Type.Object(
  {
    dir: Type.String(),
    moving: Type.Boolean(),
    /** Bytes that were copied, of how many; null where files need not be copied. */
    doneBytes: Type.Union([WholeNumber, Type.Null()]),
    totalBytes: Type.Union([WholeNumber, Type.Null()]),
  },
  { $id: "MoveState", additionalProperties: false },
);
export type MoveState = Static<typeof MoveState>;
