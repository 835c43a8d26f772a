import { join } from "node:path";

import type { Engine, Metainfo, PieceDigest } from "../../engine.ts";
import { absenceAt, LinkCheck, locateFiles } from "./locate-files.ts";

/** Pieces under way at once: enough to keep the hash workers busy. */
const PARALLEL = 8;

/** What a check found out about one file; paths are below the folder, as on disk. */
export interface FileVerdict {
  readonly path: string;
  readonly size: number;
  /** null when there is no such file, and for a link. */
  readonly sizeOnDisk: number | null;
  /**
   * `wrong`: other bytes, or something else in its place. `long`: the torrent's bytes are right, but more follow them.
   * `unreadable`: the system doesn't let it be read. `unchecked`: what is wrong lies in pieces that it shares with a file that is
   * missing, short or unreadable, so nothing can be said.
   */
  readonly state: "ok" | "missing" | "short" | "wrong" | "long" | "unreadable" | "unchecked";
  /** Where a link should lead, components below the torrent's root; null for a file. */
  readonly symlink: readonly string[] | null;
  readonly badPieces: readonly number[];
}

export interface Verdict {
  readonly ok: boolean;
  readonly badPieces: readonly number[];
  readonly files: readonly FileVerdict[];
}

/** Compares what lies in `dir` with the hashes of a torrent. Changes nothing. Stops early when `signal` is aborted. */
export async function verifyData(
  engine: Engine,
  metainfo: Metainfo,
  dir: string,
  signal: AbortSignal,
  onProgress: (bytesDone: number) => void,
): Promise<Verdict> {
  const { layout } = metainfo;
  const paths = await locateFiles(engine, metainfo, dir);
  const disk = engine.openDisk();
  const storage = disk.open({ layout, root: dir, paths, skipped: new Set(), partPath: "" });
  const bad = new Set<number>();
  /** Pieces of which not all bytes can be had. */
  const lacking = new Set<number>();
  /** Absolute paths that the system refused to read. */
  const refused = new Set<unknown>();
  let bytesDone = 0;
  try {
    const stats = await disk.stat(storage);
    const hashes = new engine.PieceHashes(metainfo);
    const kinds = { sha1: hashes.sha1, merkle: hashes.merkle };
    const digest = (piece: number): Promise<PieceDigest | null> =>
      new Promise((resolve) => {
        disk.hash(storage, piece, kinds, (error, found) => {
          if (error?.code === "ERR_DISK") refused.add(error.details["path"]);
          if (error !== null) lacking.add(piece);
          resolve(found);
        });
      });
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < layout.pieceCount && !signal.aborted) {
        const piece = next++;
        const readable = layout
          .filesInPiece(piece)
          .every((file) => file.pad || (stats[file.index]?.size ?? -1) >= endWithin(file, piece));
        const found = readable ? await digest(piece) : null;
        if (!readable) lacking.add(piece);
        if (found === null || !hashes.verify(piece, found)) bad.add(piece);
        bytesDone += layout.dataSize(piece);
        onProgress(bytesDone);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    const links = new LinkCheck(layout.files, paths, dir);
    const files: FileVerdict[] = [];
    for (const file of layout.files) {
      if (file.pad) continue;
      const path = paths[file.index] as string;
      const { size, symlink } = file;
      if (symlink !== null) {
        files.push({
          path,
          size: 0,
          sizeOnDisk: null,
          state: await links.state(file),
          symlink,
          badPieces: [],
        });
        continue;
      }
      const sizeOnDisk = stats[file.index]?.size ?? null;
      const badPieces: number[] = [];
      for (let piece = file.firstPiece; piece < file.endPiece; piece++)
        if (bad.has(piece)) badPieces.push(piece);
      const hidden = badPieces.every((piece) => lacking.has(piece));
      const state =
        sizeOnDisk === null
          ? ABSENT[await absenceAt(join(dir, path))]
          : refused.has(join(dir, path))
            ? "unreadable"
            : judge(size, sizeOnDisk, badPieces, hidden);
      files.push({ path, size, sizeOnDisk, state, symlink, badPieces });
    }
    const badPieces = [...bad].toSorted((a, b) => a - b);
    return { ok: badPieces.length === 0 && files.every((file) => file.state === "ok"), badPieces, files };
  } finally {
    await disk.close(storage);
    await disk.shutdown();
  }

  /** Bytes that the file must have for this piece to be readable. */
  function endWithin(file: { readonly offset: number; readonly size: number }, piece: number): number {
    return Math.min(file.size, (piece + 1) * layout.pieceLength - file.offset);
  }
}

const ABSENT = { missing: "missing", unreadable: "unreadable", occupied: "wrong" } as const;

function judge(
  size: number,
  sizeOnDisk: number,
  badPieces: readonly number[],
  hidden: boolean,
): FileVerdict["state"] {
  if (sizeOnDisk < size) return "short";
  if (badPieces.length > 0) return hidden ? "unchecked" : "wrong";
  return sizeOnDisk > size ? "long" : "ok";
}
