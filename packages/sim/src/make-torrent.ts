import {
  concatBytes,
  createTorrent,
  type CreateOptions,
  type Metainfo,
  nodeHasher,
  type WalkedFile,
  type WalkedFolder,
} from "@shoal/engine/composition";
import type { KnownBlocks } from "./known-blocks.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";

const ROOT = "/made";

/** A torrent with its content. */
export interface Made {
  readonly metainfo: Metainfo;
  readonly torrentBytes: Uint8Array;
  /** By path as in the torrent, "/"-joined. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The whole of torrent space, pads included. */
  readonly space: Uint8Array;
}

/** Makes a torrent with new content, on a disk of its own: one file, or a folder when there are several. Sizes by path. */
export async function makeTorrent(
  disk: SimulatedDisk,
  known: KnownBlocks,
  sizes: Readonly<Record<string, number>>,
  options: CreateOptions,
): Promise<Made> {
  const files = new Map(Object.entries(sizes).map(([path, size]) => [path, known.make(size)]));
  const multiFile = files.size > 1;
  const name = multiFile ? "folder" : [...files.keys()][0]!;
  const walked = [...files].map(([path, content]): WalkedFile => {
    const { modifiedMs, inode } = disk.put(`${ROOT}/${path}`, content);
    return {
      path: path.split("/"),
      size: content.length,
      modifiedMs,
      inode,
      executable: false,
      symlink: null,
    };
  });
  const walk = (): Promise<WalkedFolder> =>
    Promise.resolve({ name, root: ROOT, multiFile, files: walked, warnings: [] });
  const created = await createTorrent(ROOT, options, { disk, hasher: nodeHasher, walk });
  const { layout } = created.metainfo;
  const parts = layout.files.map((file) =>
    file.pad ? new Uint8Array(file.size) : files.get(multiFile ? file.path.join("/") : name)!,
  );
  return { metainfo: created.metainfo, torrentBytes: created.bytes, files, space: concatBytes(...parts) };
}
