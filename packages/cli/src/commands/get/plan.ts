import type { Engine, Metainfo } from "../../engine.ts";
import type { Wishes } from "./selection.ts";

/** A file of a download and whether it will be fetched. */
export interface PlannedFile {
  /** Below the download folder, as it will be on disk. */
  readonly path: string;
  readonly size: number;
  readonly wanted: boolean;
}

export interface Plan {
  readonly files: readonly PlannedFile[];
  /** Flags that fit none of them, as they were written. */
  readonly unmatched: readonly string[];
}

/** The files as people know them, in the torrent's order without pad files. */
export function planFiles(engine: Engine, metainfo: Metainfo, wishes: Wishes): PlannedFile[] {
  const { files } = metainfo.layout;
  const { paths } = engine.safePaths(metainfo.name, metainfo.multiFile, files);
  return files
    .filter((file) => !file.pad)
    .map((file, at) => {
      const path = paths[file.index] ?? "";
      return { path, size: file.size, wanted: wishes(at + 1, path, file.index) > 0 };
    });
}
