import type { FileIndex, PieceIndex } from "../base/brand.ts";
import type { PiecePicker } from "../core/picker/piece-picker.ts";
import type { Layout } from "../meta/layout.ts";
import type { FileStat } from "../ports/disk.ts";
import type { SessionContext } from "./context.ts";
import type { TorrentFiles } from "./torrent-files.ts";
import type { TorrentJournal } from "./torrent-journal.ts";

/** The bytes of files that are not wanted: pieces at the borders bring them along, and they wait in the part file. */
export class PartData {
  readonly #context: SessionContext;
  readonly #layout: Layout;
  readonly #files: TorrentFiles;
  readonly #picker: PiecePicker;
  readonly #journal: TorrentJournal;

  constructor(
    context: SessionContext,
    layout: Layout,
    files: TorrentFiles,
    picker: PiecePicker,
    journal: TorrentJournal,
  ) {
    this.#context = context;
    this.#layout = layout;
    this.#files = files;
    this.#picker = picker;
    this.#journal = journal;
  }

  /**
   * Before the files are looked at: those that are wanted now have files of their own from here on, others that nothing is
   * there of don't. Returns the files whose data may still be in the part file.
   */
  async settle(): Promise<FileIndex[]> {
    const { skipped, selection } = this.#files;
    const before = new Set(skipped);
    // A file that an earlier run has created stays where it is.
    const now = this.#layout.files
      .filter(({ index, pad }) => !pad && !selection.isWanted(index))
      .map(({ index }) => index)
      .filter((index) => before.has(index) || !this.#journal.files.isKnown(index));
    const revived = skipped.filter((file) => selection.isWanted(file));
    if (revived.length > 0 || now.length !== skipped.length) await this.#files.assign(now, null);
    return revived;
  }

  /** Of files that `settle` returned, those that nobody else has put there. */
  mayFill(revived: readonly FileIndex[], stats: readonly (FileStat | null)[]): FileIndex[] {
    return revived.filter((file) => {
      const stat = stats[file] ?? null;
      return stat === null || this.#journal.files.isOwn(file, stat);
    });
  }

  /** Gives files that `settle` returned what the part file has of them in `pieces`; those files are our own. */
  async fill(files: readonly FileIndex[], pieces: readonly PieceIndex[]): Promise<void> {
    const carry = { files, pieces: () => pieces, mayExist: () => true };
    await this.#files.assign(this.#files.skipped, carry);
    await this.#journal.onRevived(this.#layout, this.#files);
    await this.drop();
  }

  /**
   * Files that were skipped get files of their own, with what is there of them. Returns the verified pieces with bytes that
   * were moved; `overwrites` those that somebody else has put there. Throws ERR_FILE_EXISTS, ERR_NO_SPACE and ERR_DISK; then everything is as it was.
   */
  async revive(files: readonly FileIndex[], overwrites: boolean): Promise<PieceIndex[]> {
    const revived = new Set(files);
    const left = this.#files.skipped.filter((file) => !revived.has(file));
    const ours = new Set(files.filter((file) => this.#journal.files.isOurs(file)));
    const fresh = files.filter((file) => !ours.has(file));
    const pieces = (): PieceIndex[] => this.#piecesWithData(files);
    this.#journal.expect(fresh);
    try {
      await this.#files.assign(left, { files, pieces, mayExist: (file) => overwrites || ours.has(file) });
    } catch (error) {
      this.#journal.disown(fresh);
      throw error;
    }
    await this.#journal.onRevived(this.#layout, this.#files);
    return pieces().filter((piece) => this.#picker.have.get(piece));
  }

  /** Deletes the part file when nothing that it has is of use. */
  async drop(): Promise<void> {
    if (this.#piecesWithData(this.#files.skipped).length > 0) return;
    await this.#context.disk.dropPart(this.#files.storage);
  }

  #piecesWithData(files: readonly FileIndex[]): PieceIndex[] {
    const pieces = new Set<PieceIndex>();
    for (const index of files) {
      const { firstPiece, endPiece } = this.#layout.files[index]!;
      for (let piece = firstPiece; piece < endPiece; piece++) {
        if (this.#picker.have.get(piece) || this.#picker.isBegun(piece)) pieces.add(piece);
      }
    }
    return [...pieces];
  }
}
