import { join } from "node:path";
import type { LayoutFile } from "../meta/layout.ts";
import type { FileTable } from "./file-table.ts";

/** A path of the torrent's, and up to two of the files at or below it. */
interface Place {
  readonly children: Map<string, Place>;
  readonly files: LayoutFile[];
}

/**
 * Where the symbolic links of a torrent lead on disk: each to the place of a file or folder of the same torrent, so that it can
 * never lead out.
 */
export class LinkTargets {
  readonly #table: FileTable;
  readonly #root: Place = { children: new Map(), files: [] };

  constructor(table: FileTable) {
    this.#table = table;
    for (const file of table.layout.files) {
      if (file.pad) continue;
      let place = this.#root;
      for (const part of file.path) {
        let child = place.children.get(part);
        if (child === undefined) place.children.set(part, (child = { children: new Map(), files: [] }));
        if (child.files.length < 2) child.files.push(file);
        place = child;
      }
    }
  }

  /** Null when the link leads to nothing that the torrent has. */
  of(link: LayoutFile): string | null {
    const target = link.symlink ?? [];
    let place: Place | undefined = this.#root;
    for (const part of target) place = place?.children.get(part);
    const file = place?.files.find(({ index }) => index !== link.index);
    if (file === undefined) return null;
    // Safe paths may have the torrent's name in front; below it they have a component for each of the torrent's.
    const safe = (this.#table.paths[file.index] as string).split("/");
    const front = safe.length - file.path.length;
    return join(this.#table.root, ...safe.slice(0, front + target.length));
  }
}
