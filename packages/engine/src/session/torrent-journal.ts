import { Bitfield } from "../base/bitfield.ts";
import type { FileIndex, Millis, PieceIndex } from "../base/brand.ts";
import type { Layout } from "../meta/layout.ts";
import type { FileStat, StorageId } from "../ports/disk.ts";

export class TorrentJournal {
  readonly partPath = "/tmp/part";
  readonly isIdle = true;
  readonly downloadedBefore = 0;
  readonly uploadedBefore = 0;
  resume(_stats: readonly (FileStat | null)[], layout: Layout): { own: ReadonlySet<FileIndex>; claimed: Bitfield; recheck: Bitfield; masks: ReadonlyMap<PieceIndex, Uint8Array> } {
    return { own: new Set(), claimed: new Bitfield(layout.pieceCount), recheck: new Bitfield(layout.pieceCount), masks: new Map() };
  }
  async begin(_h: { paths: readonly string[]; have: Bitfield }): Promise<void> {}
  onFilesCreated(_s: readonly (FileStat | null)[]): void {}
  async replace(_h: Bitfield): Promise<void> {}
  async remove(): Promise<void> {}
  async close(): Promise<void> {}
  async save(_s: { masks: readonly (readonly [PieceIndex, Uint8Array])[]; stats: readonly (FileStat | null)[]; downloaded: number; uploaded: number }): Promise<void> {}
  onTick(_now: Millis, _s: StorageId): void {}
  onPiece(_p: PieceIndex): void {}
  onLost(_p: PieceIndex): void {}
}
