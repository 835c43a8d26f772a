import { equalBytes } from "../base/bytes.ts";
import type { PieceIndex } from "../base/brand.ts";
import { ResumeState } from "../core/resume.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import { NodeDisk } from "../node/disk.ts";
import { NodeStore } from "../node/store.ts";

/** What the resume data of one download folder claims of a torrent, given the files as they are. */
export interface ResumeClaims {
  /** Absolute folder of the torrent's files. */
  readonly root: string;
  /** Path below `root` for each file of the layout; pads have one that is never used. */
  readonly paths: readonly string[];
  /** Pieces that a session would take for present without looking. */
  readonly pieces: readonly PieceIndex[];
  /** Pieces that it would hash first. */
  readonly recheck: readonly PieceIndex[];
  /** Blocks of unfinished pieces that it would not fetch again: bit 7 of byte 0 is block 0. */
  readonly blocks: ReadonlyMap<PieceIndex, Uint8Array>;
}

/**
 * Reads what a session with this state folder would claim of a torrent, without starting one and without changing anything: for
 * programs that check it. One entry for each download folder with resume data that can be used. Throws ERR_DISK.
 */
export async function readClaims(stateDir: string, metainfo: Metainfo): Promise<ResumeClaims[]> {
  const store = new NodeStore(stateDir);
  const disk = new NodeDisk({ workers: 1 });
  const found: ResumeClaims[] = [];
  try {
    for (const key of await store.list()) {
      const state = ResumeState.load(await store.peek(key), store.bootId);
      if (state === null || state.place === null || !isAbout(state, metainfo)) continue;
      const { root, paths, partPath, skipped } = state.place;
      const { layout } = metainfo;
      if (paths.length !== layout.files.length) continue;
      const storage = disk.open({ layout, root, paths, partPath, skipped: new Set(skipped) });
      const { claimed, recheck, masks } = state.judge(layout, await disk.stat(storage));
      await disk.close(storage);
      found.push({ root, paths, pieces: [...claimed], recheck: [...recheck], blocks: masks });
    }
  } finally {
    await disk.shutdown();
  }
  return found;
}

function isAbout({ about }: ResumeState, { infoHashes }: Metainfo): boolean {
  const isSame = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
    a !== null && b !== null && equalBytes(a, b);
  return isSame(about.v1, infoHashes.v1) || isSame(about.v2, infoHashes.v2);
}
