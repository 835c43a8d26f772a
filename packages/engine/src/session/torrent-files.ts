import type { Bitfield } from "../base/bitfield.ts";
import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import { type FilePriority, FileSelection, NORMAL, SKIP } from "../core/file-selection.ts";
import { type FilesTrouble, spaceError } from "../core/disk-trouble.ts";
import { GatheredLayers } from "../core/gathered-layers.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import type { ResumePlace } from "../core/resume-record.ts";
import type { Layout, LayoutFile } from "../meta/layout.ts";
import { isSelected } from "../meta/magnet.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import { literalPaths, safePaths } from "../meta/path-policy.ts";
import { areUsablePaths } from "../meta/rename-path.ts";
import type { FileStat, PartCarry, PieceDigest, StorageId, StoragePlace } from "../ports/disk.ts";
import type { AddOptions } from "./add-options.ts";
import type { SessionContext } from "./context.ts";
import type { FileProgress } from "./events.ts";
import { FileWatch } from "./file-watch.ts";
import type { KnownFiles } from "./known-files.ts";

/** Pieces that are hashed at the same time in a check. */
const CHECKS_UNDER_WAY = 8;

/** What is recorded of a download's files. */
export interface FileRecords {
  /** Where bytes of files that are not wanted go. */
  readonly partPath: string;
  /** Of all files but those that have the normal one; null when they were never changed. */
  readonly priorities: ReadonlyMap<FileIndex, FilePriority> | null;
  /** Where an earlier run left the files; null when there was none. */
  placeFor(layout: Layout): ResumePlace | null;
  readonly files: KnownFiles;
}

/** Where a torrent's files lie, which of them are wanted, and what of them is verified. */
export class TorrentFiles {
  readonly storage: StorageId;
  /** The download folder. */
  #root: string;
  /** Below the download folder, "/"-joined; by file index. */
  #paths: readonly string[];
  readonly warnings: readonly string[];
  readonly selection: FileSelection;
  /** Verified bytes of the wanted files. */
  haveBytes = 0;
  #skipped: readonly FileIndex[];
  #placeChanges = 0;
  readonly #context: SessionContext;
  readonly #metainfo: Metainfo;
  readonly partPath: string;
  /** Whether they are still what was verified. */
  readonly watch: FileWatch;
  /** Verified bytes of each file. */
  readonly #have: Float64Array;

  /**
   * What is downloaded gets names that are safe everywhere; what is only shared is looked for by its own names first, since somebody
   * else may have put it there.
   */
  static async open(
    context: SessionContext,
    metainfo: Metainfo,
    options: AddOptions,
    journal: FileRecords | null,
  ): Promise<TorrentFiles> {
    const { multiFile, layout } = metainfo;
    const safe = safePaths(metainfo.name, multiFile, layout.files);
    if (options.seedOnly !== true) {
      const before = journal?.placeFor(layout)?.paths;
      if (before !== undefined && areUsablePaths(before, layout.files))
        return new TorrentFiles(context, metainfo, options, journal, before, []);
      const warnings = safe.changed.map(({ from, to }) => `${from} is saved as ${to}`);
      return new TorrentFiles(context, metainfo, options, journal, safe.paths, warnings);
    }
    const literal = literalPaths(options.rootName ?? metainfo.name, multiFile, layout.files);
    const files = new TorrentFiles(context, metainfo, options, journal, literal, []);
    const stats = await files.stat();
    const found = literal.map((path, index) => (stats[index] === null ? safe.paths[index]! : path));
    if (found.every((path, index) => path === literal[index])) return files;
    await context.disk.close(files.storage);
    return new TorrentFiles(context, metainfo, options, journal, found, []);
  }

  private constructor(
    context: SessionContext,
    metainfo: Metainfo,
    options: AddOptions,
    journal: FileRecords | null,
    paths: readonly string[],
    warnings: readonly string[],
  ) {
    const { layout } = metainfo;
    this.#context = context;
    this.#metainfo = metainfo;
    // What is only shared is shared as a whole, from where it was said to be.
    const earlier = options.seedOnly === true ? null : journal;
    this.#root = earlier?.placeFor(layout)?.root ?? options.downloadDir;
    this.partPath = journal?.partPath ?? "";
    this.#paths = paths;
    this.watch = new FileWatch(context, layout, this);
    this.warnings = warnings;
    const { select, selectOnly = null } = options;
    const before = earlier?.priorities ?? null;
    let number = 0;
    this.selection = new FileSelection(layout, (index) => {
      if (select === undefined && before !== null) return before.get(index) ?? NORMAL;
      if (select === undefined) return isSelected(selectOnly, index) ? NORMAL : SKIP;
      const wish = select(layout.files[index]!, paths[index]!, ++number);
      return wish === true ? NORMAL : wish === false ? SKIP : wish;
    });
    this.selection.firstLast = options.firstLast ?? false;
    this.#have = new Float64Array(layout.files.length);
    this.#skipped =
      earlier?.placeFor(layout)?.skipped ??
      layout.files
        .filter(({ index, pad }) => !pad && !this.selection.isWanted(index))
        .map(({ index }) => index);
    this.storage = context.disk.open({
      layout,
      root: this.#root,
      paths,
      skipped: new Set(this.#skipped),
      partPath: this.partPath,
    });
  }

  /** Grows when files get another place. */
  get placeChanges(): number {
    return this.#placeChanges;
  }

  /** The download folder. */
  get root(): string {
    return this.#root;
  }

  /** Below the download folder, "/"-joined; by file index. */
  get paths(): readonly string[] {
    return this.#paths;
  }

  /** The files are at another place. */
  onMoved({ root, paths }: StoragePlace): void {
    this.#root = root;
    this.#paths = paths;
    this.#placeChanges++;
  }

  /** Files whose bytes go to the part file. */
  get skipped(): readonly FileIndex[] {
    return this.#skipped;
  }

  get wantedBytes(): number {
    return this.selection.wantedBytes;
  }

  /** Changes which files are skipped; see `Disk.assign`. */
  async assign(skipped: readonly FileIndex[], carry: PartCarry | null): Promise<void> {
    await this.#context.disk.assign(this.storage, new Set(skipped), carry);
    this.#skipped = skipped;
    this.#placeChanges++;
  }

  /** Takes over priorities; returns the files whose priority is another one now. */
  changePriorities(changes: ReadonlyMap<FileIndex, FilePriority>): FileIndex[] {
    const changed = this.selection.change(changes);
    this.haveBytes = this.#metainfo.layout.files.reduce(
      (sum, { index }) => sum + (this.selection.isWanted(index) ? this.#have[index]! : 0),
      0,
    );
    return changed;
  }

  stat(): Promise<(FileStat | null)[]> {
    return this.#context.disk.stat(this.storage);
  }

  /** Counts a piece in (or out again, when it is lost). */
  count(piece: PieceIndex, verified: boolean): void {
    const { layout } = this.#metainfo;
    const sign = verified ? 1 : -1;
    layout.spans(piece * layout.pieceLength, layout.pieceSize(piece), (file, _offset, length) => {
      if (file.pad) return;
      this.#have[file.index]! += sign * length;
      if (this.selection.isWanted(file.index)) this.haveBytes += sign * length;
    });
  }

  progress(): FileProgress[] {
    return this.#metainfo.layout.files
      .filter((file) => !file.pad)
      .map((file) => ({
        index: file.index,
        path: this.paths[file.index]!,
        size: file.size,
        have: this.#have[file.index]!,
        wanted: this.selection.isWanted(file.index),
        priority: this.selection.priority(file.index),
      }));
  }

  /** The first file with a byte in the piece, as a path. */
  pathOf(piece: PieceIndex): string {
    return this.paths[this.#metainfo.layout.fileOfPiece(piece).index]!;
  }

  /** Files that exist and were not made by this download. */
  foreign(stats: readonly (FileStat | null)[], journal: FileRecords): LayoutFile[] {
    return this.#metainfo.layout.files.filter(
      ({ index }) =>
        this.selection.isWanted(index) &&
        (stats[index] ?? null) !== null &&
        !journal.files.isOwn(index, stats[index]!),
    );
  }

  /** Wanted files that an earlier run has seen and that are not there; null when there are none. */
  gone(stats: readonly (FileStat | null)[], journal: FileRecords): FilesTrouble | null {
    const skipped = new Set(this.#skipped);
    const gone = this.#metainfo.layout.files.filter(
      ({ index, size, symlink }) =>
        this.selection.isWanted(index) &&
        !skipped.has(index) &&
        size > 0 &&
        symlink === null &&
        (stats[index] ?? null) === null &&
        journal.files.wasThere(index),
    );
    const [first] = gone;
    return first === undefined
      ? null
      : { kind: "missing", path: this.paths[first.index]!, files: gone.length };
  }

  /** True when every wanted file exists with its full size. */
  areFullSize(stats: readonly (FileStat | null)[]): boolean {
    return this.#metainfo.layout.files.every(
      (file) =>
        !this.selection.isWanted(file.index) ||
        file.symlink !== null ||
        file.size === 0 ||
        stats[file.index]?.size === file.size,
    );
  }

  /** Room that `missing` bytes take where `path` lies, a file that could not be written; null for any. */
  spaceNeeded(path: string | null, missing: number): { path: string; needed: number } {
    // Of files that are not wanted only the pieces at their edges are kept.
    if (path !== null && path === this.partPath) return { path, needed: this.#metainfo.layout.pieceLength };
    return { path: this.root, needed: missing };
  }

  /** True when a wanted file is missing. */
  lackFiles(stats: readonly (FileStat | null)[]): boolean {
    return this.#metainfo.layout.files.some(
      ({ index, symlink }) =>
        this.selection.isWanted(index) && symlink === null && (stats[index] ?? null) === null,
    );
  }

  fileExists(file: FileIndex): ShoalError {
    const path = `${this.root}/${this.paths[file]}`;
    return new ShoalError("ERR_FILE_EXISTS", `${path} already exists and is not part of this download`, {
      path,
    });
  }

  /** Throws ERR_NO_SPACE when what is still missing, with what `changes` want besides, does not fit. */
  async assertSpace(changes: ReadonlyMap<FileIndex, FilePriority> = new Map()): Promise<void> {
    let needed = this.wantedBytes - this.haveBytes;
    for (const [file, priority] of changes) {
      if (priority === SKIP || this.selection.isWanted(file)) continue;
      needed += this.#metainfo.layout.files[file]!.size - this.#have[file]!;
    }
    const free = await this.#context.spacePolls.freeNow(this.root);
    if (needed > free) throw spaceError(this.root, needed, free);
  }

  /**
   * Compares the given pieces with their hashes. Pieces whose files are missing or too short are not read. Calls `onRight` for each
   * that matches; one that can't be read counts as wrong. Ends soon once `isCancelled` is true.
   */
  async check(
    pieces: Bitfield,
    hashes: PieceHashes,
    onRight: (piece: PieceIndex, digest: PieceDigest) => void,
    onProgress: (checked: number, total: number) => void,
    isCancelled: () => boolean = () => false,
  ): Promise<void> {
    if (pieces.isEmpty) return;
    const stats = await this.stat();
    const readable = [...pieces].filter((piece) => this.#isReadable(piece, stats));
    const { disk, hasher } = this.#context;
    const gathered = new GatheredLayers(hashes, this.#metainfo.layout, hasher);
    let next = 0;
    let done = 0;
    if (readable.length === 0) return;
    onProgress(0, readable.length);
    await new Promise<void>((resolve) => {
      const start = (): void => {
        const piece = readable[next++]!;
        disk.hash(this.storage, piece, hashes, (_error, digest) => {
          if (digest !== null && gathered.add(piece, digest.root)) this.#tellFile(piece, hashes, onRight);
          else if (digest !== null && hashes.verify(piece, digest)) onRight(piece, digest);
          onProgress(++done, readable.length);
          if (next < readable.length && !isCancelled()) start();
          else if (done === next) resolve();
        });
      };
      const parallel = Math.min(CHECKS_UNDER_WAY, readable.length);
      for (let i = 0; i < parallel; i++) start();
    });
  }

  /** All pieces of a file have been proved by its layer. */
  #tellFile(
    piece: PieceIndex,
    hashes: PieceHashes,
    onRight: (piece: PieceIndex, digest: PieceDigest) => void,
  ): void {
    const { firstPiece, endPiece } = this.#metainfo.layout.fileOfPiece(piece);
    for (let right = firstPiece; right < endPiece; right++)
      onRight(right, { sha1: null, root: hashes.root(right), leaves: null });
  }

  /** All of the file's data is verified. */
  isWhole(file: FileIndex): boolean {
    return this.#have[file] === this.#metainfo.layout.files[file]!.size;
  }

  /** The files as they were when they were verified; as they are now where that is not known, because they are being written. */
  async statsAsVerified(): Promise<(FileStat | null)[]> {
    const stats = await this.stat();
    return stats.map((stat, index) => this.watch.expected(index) ?? stat);
  }

  /** Whether the wanted files under a piece are long enough to hold it. */
  #isReadable(piece: PieceIndex, stats: readonly (FileStat | null)[]): boolean {
    const { layout } = this.#metainfo;
    let whole = true;
    layout.spans(piece * layout.pieceLength, layout.pieceSize(piece), (file, offset, length) => {
      if (file.pad || !this.selection.isWanted(file.index)) return;
      if ((stats[file.index]?.size ?? 0) < offset + length) whole = false;
    });
    return whole;
  }
}
