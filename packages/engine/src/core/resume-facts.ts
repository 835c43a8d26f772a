import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { ProtocolError } from "../base/errors.ts";
import type { FilePriority } from "./file-selection.ts";
import type {
  KnownFile,
  ResumeAbout,
  ResumeMove,
  ResumePlace,
  ResumeRecord,
  StoppedFile,
} from "./resume-record.ts";
import { DURABLE, FRESH, MARKED, NONE, OLDER, SUSPECT, TrustTable, UNSURE } from "./resume-trust.ts";
import type { Trust } from "./resume-trust.ts";

/** Pieces verified last that are remembered as such. */
const LATEST = 8;

/** What the records of a journal say, all together. Changed by `apply` alone. */
export class ResumeFacts {
  /** Null before the first record. */
  about: ResumeAbout | null = null;
  metainfo: Uint8Array | null = null;
  place: ResumePlace | null = null;
  readonly files: Map<FileIndex, KnownFile> = new Map();
  trust: TrustTable = new TrustTable(0);
  priorities: ReadonlyMap<FileIndex, FilePriority> | null = null;
  move: ResumeMove | null = null;
  folder: string | null = null;
  downloaded: number = 0;
  uploaded: number = 0;
  /** Of the latest run in the journal. */
  runBootId: string = "";
  /** Files at a clean stop; null when a run has changed something since. */
  stopped: ReadonlyMap<FileIndex, StoppedFile> | null = null;
  latest: readonly PieceIndex[] = [];

  /** For records read and written alike. Throws ProtocolError on a contradiction. */
  apply(record: ResumeRecord): void {
    if ((this.about === null) !== (record.type === "about"))
      throw new ProtocolError("resume data begins wrongly");
    switch (record.type) {
      case "about":
        this.about = record.about;
        break;
      case "metainfo":
        this.metainfo = record.bytes;
        break;
      case "place":
        this.#setPlace(record.place);
        break;
      case "files":
        for (const file of record.files) this.#checkFile(file.index);
        for (const file of record.files) this.files.set(file.index, file);
        break;
      case "run":
        this.#startRun(record.bootId);
        break;
      case "verified":
        this.#setTrust(record.pieces, FRESH);
        this.latest = [...this.latest, ...record.pieces.slice(-LATEST)].slice(-LATEST);
        break;
      case "found":
        this.#setTrust(record.pieces, OLDER);
        break;
      case "unverified":
        this.#setTrust(record.pieces, NONE);
        break;
      case "suspect":
        this.#setTrust(record.pieces, SUSPECT);
        break;
      case "blocks":
        this.#checkPiece(record.piece);
        this.trust.setBlocks(record.piece, record.mask);
        break;
      case "mark":
        this.trust.mark(record.everything);
        break;
      case "barrier":
        this.trust.barrier();
        break;
      case "syncFailed":
        this.trust.syncFailed();
        break;
      case "totals":
        this.downloaded = record.downloaded;
        this.uploaded = record.uploaded;
        break;
      case "stop":
        for (const file of record.files) this.#checkFile(file.index);
        this.stopped = new Map(record.files.map((file) => [file.index, file]));
        break;
      case "priorities":
        this.priorities = record.priorities;
        break;
      case "moving":
        if (record.move.paths.length !== this.place?.paths.length)
          throw new ProtocolError("resume data moves files that the torrent lacks");
        this.move = record.move;
        break;
      case "added":
        this.folder = record.folder;
        break;
    }
  }

  #setPlace(place: ResumePlace): void {
    const before = this.place;
    if (before === null) this.trust = new TrustTable(place.pieceCount);
    else if (before.pieceCount !== place.pieceCount || before.paths.length !== place.paths.length) {
      throw new ProtocolError("resume data of another torrent");
    }
    this.place = place;
    this.move = null;
  }

  #startRun(bootId: string): void {
    this.trust.startRun(bootId !== "" && bootId === this.runBootId);
    this.runBootId = bootId;
    this.stopped = null;
  }

  #setTrust(pieces: readonly PieceIndex[], trust: Trust): void {
    for (const piece of pieces) this.#checkPiece(piece);
    this.trust.set(pieces, trust);
  }

  #checkPiece(piece: PieceIndex): void {
    if (piece >= this.trust.pieces.length)
      throw new ProtocolError("resume data names a piece that the torrent lacks");
  }

  #checkFile(file: FileIndex): void {
    if (this.place === null || file >= this.place.paths.length) {
      throw new ProtocolError("resume data names a file that the torrent lacks");
    }
  }

  /** The fewest records that say the same. */
  records(): ResumeRecord[] {
    const out: ResumeRecord[] = [{ type: "about", about: this.about! }];
    if (this.metainfo !== null) out.push({ type: "metainfo", bytes: this.metainfo });
    if (this.place !== null) out.push({ type: "place", place: this.place });
    if (this.files.size > 0) out.push({ type: "files", files: [...this.files.values()] });
    if (this.priorities !== null) out.push({ type: "priorities", priorities: this.priorities });
    if (this.move !== null) out.push({ type: "moving", move: this.move });
    if (this.folder !== null) out.push({ type: "added", folder: this.folder });
    const bootId = this.runBootId;
    // Each group comes before the record that lends it its trust.
    this.#pushGroup(out, SUSPECT);
    out.push({ type: "run", bootId });
    if (this.#pushGroup(out, DURABLE)) out.push({ type: "mark", everything: false }, { type: "barrier" });
    if (this.#pushGroup(out, OLDER)) out.push({ type: "run", bootId });
    if (this.#pushGroup(out, MARKED)) out.push({ type: "mark", everything: false });
    this.#pushGroup(out, FRESH);
    this.#pushGroup(out, UNSURE);
    if (this.trust.isUnsure) out.push({ type: "syncFailed" });
    out.push({ type: "totals", downloaded: this.downloaded, uploaded: this.uploaded });
    if (this.stopped !== null) out.push({ type: "stop", files: [...this.stopped.values()] });
    return out;
  }

  #pushGroup(out: ResumeRecord[], trust: Trust): boolean {
    const before = out.length;
    const pieces = this.trust.piecesWith(trust);
    if (pieces.length > 0) out.push({ type: trust === SUSPECT ? "suspect" : "verified", pieces });
    for (const [piece, partial] of this.trust.partial) {
      if (partial.trust === trust) out.push({ type: "blocks", piece, mask: partial.mask });
    }
    return out.length > before;
  }
}
