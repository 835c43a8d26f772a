import type { FileIndex, Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import type { DeliveredContent, Party } from "../core/delivery-log.ts";
import { fileShares } from "../core/file-shares.ts";
import { NO_PEER } from "../core/picker/piece-picker.ts";
import { MAX_PIECES } from "../meta/layout.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { BlockSource } from "./block-source.ts";
import type { SessionContext } from "./context.ts";
import type { TorrentFiles } from "./torrent-files.ts";

/** A piece of which a peer has got a part, and nothing for so long, is noted with what it got. */
const REST_MS: Millis = 5_000;
/** Begun pieces of all peers that are kept apart until they are noted. */
const MAX_BEGUN = 4_096;
/** Files of one piece that are told apart: with slot and piece they make a number that is exact. */
const MAX_FILES = 65_536;

/** Tells the session's log which peer gave or got how much of which piece of one torrent: a row for each peer, piece and file in it. */
export class TorrentDeliveries implements DeliveredContent {
  readonly number: number;
  readonly metainfo: Metainfo;
  readonly #context: SessionContext;
  readonly #files: TorrentFiles;
  /** Those who hold or last held a slot: a piece may be verified after a peer has left. */
  readonly #parties: Map<PeerSlot, Party> = new Map();
  /** Bytes sent that are not noted yet, by `keyOf`: lately, and before that. */
  #sent: Map<number, number> = new Map();
  #sentBefore: Map<number, number> = new Map();
  #turnedAt: Millis = 0;
  /** Of a piece that was just verified: bytes by `keyOf`. */
  readonly #got: Map<number, number> = new Map();
  /** What is being counted; no closure for each block. */
  #slot: PeerSlot = 0;
  #piece: PieceIndex = 0;
  readonly #countGot = (file: FileIndex, bytes: number): void => {
    const key = this.#keyOf(this.#slot, this.#piece, file);
    this.#got.set(key, (this.#got.get(key) ?? 0) + bytes);
  };
  readonly #countSent = (file: FileIndex, bytes: number): void => this.#onSent(file, bytes);

  constructor(context: SessionContext, number: number, metainfo: Metainfo, files: TorrentFiles) {
    this.#context = context;
    this.number = number;
    this.metainfo = metainfo;
    this.#files = files;
  }

  pathOf(file: FileIndex): string {
    return this.#files.paths[file]!;
  }

  /** Somebody has got a slot. */
  onAdmitted({ slot, party }: BlockSource): void {
    this.#parties.set(slot, party);
  }

  /** `contributors` names who delivered each block. */
  onVerified(piece: PieceIndex, contributors: readonly PeerSlot[]): void {
    if (!this.#context.deliveries.isOpen) return;
    const { layout } = this.metainfo;
    const got = this.#got;
    let begin = 0;
    this.#piece = piece;
    for (let block = 0; block < contributors.length; block++) {
      this.#slot = contributors[block]!;
      const length = layout.blockLength(piece, block);
      fileShares(layout, piece, begin, length, this.#countGot);
      begin += length;
    }
    for (const [key, bytes] of got) this.#note("down", key, bytes);
    got.clear();
  }

  /** So many bytes of the piece, from `begin` on, have left for the peer. */
  onSent(slot: PeerSlot, piece: PieceIndex, begin: number, length: number): void {
    if (!this.#context.deliveries.isOpen) return;
    this.#slot = slot;
    this.#piece = piece;
    fileShares(this.metainfo.layout, piece, begin, length, this.#countSent);
  }

  #onSent(file: FileIndex, length: number): void {
    const piece = this.#piece;
    const key = this.#keyOf(this.#slot, piece, file);
    const bytes = (this.#sent.get(key) ?? this.#sentBefore.get(key) ?? 0) + length;
    this.#sentBefore.delete(key);
    if (bytes >= this.#bytesOf(piece, file)) {
      this.#sent.delete(key);
      this.#note("up", key, bytes);
      return;
    }
    if (this.#sent.size >= MAX_BEGUN) this.flush();
    this.#sent.set(key, bytes);
  }

  onPeerGone({ slot }: BlockSource): void {
    for (const sent of [this.#sentBefore, this.#sent]) {
      for (const [key, bytes] of sent) {
        if (slotOf(key) !== slot) continue;
        sent.delete(key);
        this.#note("up", key, bytes);
      }
    }
  }

  onTick(now: Millis): void {
    if (now - this.#turnedAt < REST_MS) return;
    this.#turnedAt = now;
    for (const [key, bytes] of this.#sentBefore) this.#note("up", key, bytes);
    this.#sentBefore = this.#sent;
    this.#sent = new Map();
  }

  /** Notes what was kept back. */
  flush(): void {
    for (const sent of [this.#sentBefore, this.#sent]) {
      for (const [key, bytes] of sent) this.#note("up", key, bytes);
      sent.clear();
    }
  }

  #note(direction: "down" | "up", key: number, bytes: number): void {
    const piece = Math.floor(key / MAX_FILES) % MAX_PIECES;
    const file = this.metainfo.layout.fileOfPiece(piece).index + (key % MAX_FILES);
    const slot = slotOf(key);
    const party = slot === NO_PEER ? null : (this.#parties.get(slot) ?? null);
    this.#context.deliveries.add(direction, this, piece, file, party, bytes);
  }

  #keyOf(slot: PeerSlot, piece: PieceIndex, file: FileIndex): number {
    const place = Math.min(file - this.metainfo.layout.fileOfPiece(piece).index, MAX_FILES - 1);
    return ((slot + 1) * MAX_PIECES + piece) * MAX_FILES + place;
  }

  /** Of the file in the piece. */
  #bytesOf(piece: PieceIndex, file: FileIndex): number {
    const { layout } = this.metainfo;
    const { offset, size } = layout.files[file]!;
    const start = piece * layout.pieceLength;
    return Math.min(offset + size, start + layout.dataSize(piece)) - Math.max(offset, start);
  }
}

function slotOf(key: number): PeerSlot {
  return Math.floor(key / (MAX_FILES * MAX_PIECES)) - 1;
}
