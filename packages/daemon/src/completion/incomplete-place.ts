import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { type AddOptions, parseMagnet, parseMetainfo, safePaths } from "@shoal/engine";

/** Where a new download lies until it is complete, and where it goes then: null when it is there already. */
interface Place {
  readonly downloadDir: string;
  readonly finalDir: string | null;
}

interface Wanted {
  readonly source: Pick<AddOptions, "magnet" | "torrentBytes" | "infoHash">;
  readonly downloadDir: string;
}

/**
 * Downloads lie in the folder for incomplete ones, unless something of that name is where they belong: that is gone on with. One whose name is
 * taken in that folder gets a folder of its own in it. Throws ProtocolError for a source that is none.
 */
export async function placeOf({ source, downloadDir }: Wanted, incompleteDir: string | null): Promise<Place> {
  if (incompleteDir === null || incompleteDir === downloadDir) return { downloadDir, finalDir: null };
  const { root, hash } = nameOf(source);
  if (root === null) return { downloadDir: incompleteDir, finalDir: downloadDir };
  if (await exists(join(downloadDir, root))) return { downloadDir, finalDir: null };
  const isTaken = await exists(join(incompleteDir, root));
  return { downloadDir: isTaken ? join(incompleteDir, hash) : incompleteDir, finalDir: downloadDir };
}

export function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** `root`: what it is called on disk; null while that is not known. */
function nameOf({ torrentBytes, magnet }: Wanted["source"]): {
  readonly root: string | null;
  readonly hash: string;
} {
  if (torrentBytes !== undefined) {
    const { name, multiFile, layout, infoHashes } = parseMetainfo(torrentBytes);
    const { paths } = safePaths(name, multiFile, layout.files);
    return { root: rootOf(paths), hash: shown(infoHashes) };
  }
  if (magnet === undefined) return { root: null, hash: "" };
  const { name, infoHashes } = typeof magnet === "string" ? parseMagnet(magnet) : magnet;
  return { root: name === null || /[/\\]/.test(name) ? null : name, hash: shown(infoHashes) };
}

/** The first component of all paths. */
export function rootOf(paths: readonly string[]): string {
  return (paths[0] ?? "").split("/")[0] ?? "";
}

function shown({ v1, v2 }: { readonly v1: Uint8Array | null; readonly v2: Uint8Array | null }): string {
  return Buffer.from(v2 ?? v1 ?? new Uint8Array())
    .toString("hex")
    .slice(0, 16);
}
