import { type Static, Type } from "typebox";
import { document, WholeNumber } from "./common.ts";

/** Torrents of another program that are to be gone on with here. */
export const NewImport = Type.Object(
  {
    /** Whose files they are. */
    kind: Type.Enum(["libtorrent", "qbittorrent", "transmission"]),
    /** Folder with its .torrent files and resume data; absolute. */
    dir: Type.String({ minLength: 1, maxLength: 4_096 }),
    /** Only tells what would be done. */
    dryRun: Type.Optional(Type.Boolean()),
    /** How far that program is believed about what is on disk: `sample` reads some of it, `full` (the default) all. */
    verify: Type.Optional(Type.Enum(["sample", "full"])),
  },
  { $id: "NewImport", additionalProperties: false },
);
export type NewImport = Static<typeof NewImport>;

export const ImportReport = document({
  torrents: Type.Array(
    Type.Object(
      {
        /** Below the folder. */
        file: Type.String(),
        name: Type.Union([Type.String(), Type.Null()]),
        /** Null when it was not added. */
        torrentId: Type.Union([WholeNumber, Type.Null()]),
        outcome: Type.Enum(["added", "would-add", "known", "failed"]),
        downloadDir: Type.Union([Type.String(), Type.Null()]),
        /** Why it failed, or what was left out: one clause. */
        message: Type.Union([Type.String(), Type.Null()]),
      },
      { additionalProperties: false },
    ),
  ),
});
export type ImportReport = Static<typeof ImportReport>;
