import type { Engine, Metainfo, PieceDigest } from "../../engine.ts";

/** Pieces under way at once: enough to keep the hash workers busy. */
const PARALLEL = 8;

/** What a check found out about one file; paths are below the folder, as on disk. */
export interface FileVerdict {
  readonly path: string;
  readonly size: number;
  /** null when there is no such file. */
  readonly sizeOnDisk: number | null;
  /**
   * `wrong`: other bytes. `long`: the torrent's bytes are right, but more follow them. `unchecked`: what is wrong lies in pieces
   * that it shares with a missing or short file, so nothing can be said.
   */
  readonly state: "ok" | "missing" | "short" | "wrong" | "long" | "unchecked";
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
  const { paths } = engine.safePaths(metainfo.name, metainfo.multiFile, layout.files);
  const disk = engine.openDisk();
  const storage = disk.open({ layout, root: dir, paths, skipped: new Set(), partPath: "" });
  const bad = new Set<number>();
  const unreadable = new Set<number>();
  let bytesDone = 0;
  try {
    const stats = await disk.stat(storage);
    const hashes = new engine.PieceHashes(metainfo);
    const kinds = { sha1: hashes.sha1, merkle: hashes.merkle };
    const digest = (piece: number): Promise<PieceDigest | null> =>
      new Promise((resolve) => disk.hash(storage, piece, kinds, (_error, found) => resolve(found)));
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < layout.pieceCount && !signal.aborted) {
        const piece = next++;
        const readable = layout
          .filesInPiece(piece)
          .every((file) => file.pad || (stats[file.index]?.size ?? -1) >= endWithin(file, piece));
        const found = readable ? await digest(piece) : null;
        if (!readable) unreadable.add(piece);
        if (found === null || !hashes.verify(piece, found)) bad.add(piece);
        bytesDone += layout.dataSize(piece);
        onProgress(bytesDone);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    const files = layout.files.flatMap((file): FileVerdict[] => {
      if (file.pad) return [];
      const sizeOnDisk = stats[file.index]?.size ?? null;
      const badPieces: number[] = [];
      for (let piece = file.firstPiece; piece < file.endPiece; piece++)
        if (bad.has(piece)) badPieces.push(piece);
      const path = paths[file.index] ?? "";
      // A link has no bytes to compare.
      if (file.symlink !== null) return [{ path, size: 0, sizeOnDisk, state: "ok", badPieces }];
      const hidden = badPieces.every((piece) => unreadable.has(piece));
      return [
        {
          path,
          size: file.size,
          sizeOnDisk,
          state: judge(file.size, sizeOnDisk, badPieces, hidden),
          badPieces,
        },
      ];
    });
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

function judge(
  size: number,
  sizeOnDisk: number | null,
  badPieces: readonly number[],
  hidden: boolean,
): FileVerdict["state"] {
  if (sizeOnDisk === null) return "missing";
  if (sizeOnDisk < size) return "short";
  if (badPieces.length > 0) return hidden ? "unchecked" : "wrong";
  return sizeOnDisk > size ? "long" : "ok";
}
