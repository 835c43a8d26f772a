import type { Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import type { DeliveredContent, Party } from "../core/delivery-log.ts";
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

/** Tells the session's log which peer gave or got how much of which piece of one torrent: a row for each peer and piece. */
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
  readonly #slots: PeerSlot[] = [];
  readonly #bytes: number[] = [];

  constructor(context: SessionContext, number: number, metainfo: Metainfo, files: TorrentFiles) {
    this.#context = context;
    this.number = number;
    this.metainfo = metainfo;
    this.#files = files;
  }

  pathOf(piece: PieceIndex): string {
    return this.#files.pathOf(piece);
  }

  /** Somebody has got a slot. */
  onAdmitted({ slot, party }: BlockSource): void {
    this.#parties.set(slot, party);
  }

  /** `contributors` names who delivered each block. */
  onVerified(piece: PieceIndex, contributors: readonly PeerSlot[]): void {
    const { deliveries } = this.#context;
    if (!deliveries.isOpen) return;
    const slots = this.#slots;
    const bytes = this.#bytes;
    slots.length = 0;
    bytes.length = 0;
    for (let block = 0; block < contributors.length; block++) {
      const slot = contributors[block]!;
      let at = slots.indexOf(slot);
      if (at < 0) {
        at = slots.push(slot) - 1;
        bytes.push(0);
      }
      bytes[at]! += this.metainfo.layout.blockLength(piece, block);
    }
    for (const [at, slot] of slots.entries())
      deliveries.add("down", this, piece, this.#partyIn(slot), bytes[at]!);
  }

  /** So many bytes of the piece have left for the peer. */
  onSent(slot: PeerSlot, piece: PieceIndex, length: number): void {
    if (!this.#context.deliveries.isOpen) return;
    const key = keyOf(slot, piece);
    const bytes = (this.#sent.get(key) ?? this.#sentBefore.get(key) ?? 0) + length;
    this.#sentBefore.delete(key);
    if (bytes >= this.metainfo.layout.dataSize(piece)) {
      this.#sent.delete(key);
      this.#note(key, bytes);
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
        this.#note(key, bytes);
      }
    }
  }

  onTick(now: Millis): void {
    if (now - this.#turnedAt < REST_MS) return;
    this.#turnedAt = now;
    for (const [key, bytes] of this.#sentBefore) this.#note(key, bytes);
    this.#sentBefore = this.#sent;
    this.#sent = new Map();
  }

  /** Notes what was kept back. */
  flush(): void {
    for (const sent of [this.#sentBefore, this.#sent]) {
      for (const [key, bytes] of sent) this.#note(key, bytes);
      sent.clear();
    }
  }

  #note(key: number, bytes: number): void {
    const party = this.#partyIn(slotOf(key));
    this.#context.deliveries.add("up", this, key % MAX_PIECES, party, bytes);
  }

  #partyIn(slot: PeerSlot): Party | null {
    return slot === NO_PEER ? null : (this.#parties.get(slot) ?? null);
  }
}

function keyOf(slot: PeerSlot, piece: PieceIndex): number {
  return slot * MAX_PIECES + piece;
}

function slotOf(key: number): PeerSlot {
  return Math.floor(key / MAX_PIECES);
}
