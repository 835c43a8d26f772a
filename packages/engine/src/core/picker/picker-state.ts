import { Bitfield } from "../../base/bitfield.ts";
import type { BlockIndex, PeerSlot, PieceIndex } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import type { Layout } from "../../meta/layout.ts";
import { BLOCK_SIZE } from "../../meta/layout.ts";
import { NO_PEER, PartialPool, type PartialPiece } from "./partial-piece.ts";
import type { PeerState } from "./peer-state.ts";
import { PieceOrder } from "./piece-order.ts";
import { PieceSearch } from "./piece-search.ts";

/** What the picker needs to know of a torrent. */
export type PickerLayout = Pick<Layout, "pieceCount" | "blockCount" | "blockLength">;

/** Pieces under way that always fit below the cap, however long they are. */
const MIN_PARTIALS = 4;

/**
 * The data that all parts of the picker share, with the moves that keep its counters true.
 *
 * Invariant: every piece is exactly one of untouched (in `order`), partial (in `pool`), verified (in `have`), or put aside
 * (unwanted, or without blocks to request).
 */
export class PickerState {
  readonly layout: PickerLayout;
  readonly order: PieceOrder;
  readonly search: PieceSearch;
  readonly pool: PartialPool;
  readonly have: Bitfield;
  readonly peers: (PeerState | undefined)[] = [];
  /** Bytes of partial pieces above which no further piece is begun, as long as something moves. */
  readonly maxUnverified: number;
  /** Bytes of the wanted partial pieces, whole. */
  unverified = 0;
  /** Wanted pieces. */
  wanted = 0;
  /** Wanted pieces that are not verified. */
  readonly lacking: Bitfield;
  /** Blocks of those that have not been received. */
  remainingBlocks = 0;
  /** Entries in all peers' queues, duplicates included. */
  outstanding = 0;
  /** Requested blocks that have two requesters. */
  duplicates = 0;
  sequential = false;
  /** Grows when wanted pieces change other than by verification: peers' interest has to be counted anew. */
  interestEpoch = 0;

  constructor(layout: PickerLayout, rng: Rng, maxUnverified: number) {
    let maxBlocks = 0;
    for (let i = 0; i < layout.pieceCount; i++) maxBlocks = Math.max(maxBlocks, layout.blockCount(i));
    this.layout = layout;
    this.order = new PieceOrder(layout.pieceCount, rng);
    this.search = new PieceSearch(this.order, rng);
    this.pool = new PartialPool(layout.pieceCount, maxBlocks);
    this.have = new Bitfield(layout.pieceCount);
    this.lacking = new Bitfield(layout.pieceCount);
    this.maxUnverified = Math.max(maxUnverified, MIN_PARTIALS * maxBlocks * BLOCK_SIZE);
  }

  isWanted(piece: PieceIndex): boolean {
    return this.order.priority(piece) > 0;
  }

  /** Bytes of a piece that are requested from peers. */
  pieceBytes(piece: PieceIndex): number {
    const blocks = this.layout.blockCount(piece);
    return blocks === 0 ? 0 : (blocks - 1) * BLOCK_SIZE + this.layout.blockLength(piece, blocks - 1);
  }

  /** Begins a piece. */
  open(piece: PieceIndex): PartialPiece {
    this.order.take(piece);
    if (this.isWanted(piece)) this.unverified += this.pieceBytes(piece);
    return this.pool.add(piece, this.layout.blockCount(piece));
  }

  /** Ends a partial piece, whatever its state: requests that are left are forgotten. */
  close(part: PartialPiece): void {
    const piece = part.piece;
    for (let block = 0; block < part.blockCount; block++) {
      while (part.first[block] !== NO_PEER) this.dropRequester(part, part.first[block]!, block);
    }
    if (this.isWanted(piece)) {
      this.remainingBlocks += part.received;
      this.unverified -= this.pieceBytes(piece);
    }
    this.pool.remove(part);
    this.giveBack(piece);
  }

  /** Puts a piece among the untouched ones if it belongs there. */
  giveBack(piece: PieceIndex): void {
    if (this.isWanted(piece) && !this.have.get(piece) && this.pool.get(piece) === null) {
      if (this.layout.blockCount(piece) > 0) this.order.giveBack(piece);
    }
  }

  /** After blocks of a piece changed: a piece of which nothing is requested or received is untouched again. */
  settle(part: PartialPiece): void {
    if (part.requested === 0) part.exclusive = NO_PEER;
    if (part.free === part.blockCount) this.close(part);
    else this.pool.relist(part);
  }

  /** Requests a block a second time. */
  duplicate(peer: PeerState, part: PartialPiece, block: BlockIndex): void {
    part.duplicate(peer.slot, block);
    this.duplicates++;
    this.outstanding++;
    peer.outstanding++;
  }

  dropRequester(part: PartialPiece, slot: PeerSlot, block: BlockIndex): boolean {
    const before = part.requesters(block);
    if (!part.removeRequester(slot, block)) return false;
    if (before === 2) this.duplicates--;
    this.outstanding--;
    const peer = this.peers[slot];
    if (peer !== undefined) peer.outstanding--;
    return true;
  }

  /** Counts `interesting` of a peer anew when it is out of date. */
  refreshInterest(peer: PeerState): void {
    if (peer.interestEpoch === this.interestEpoch) return;
    peer.interestEpoch = this.interestEpoch;
    peer.interesting = 0;
    const theirs = peer.have.bytes;
    const missing = this.lacking.bytes;
    for (let at = 0; at < theirs.length; at++) {
      for (let both = theirs[at]! & missing[at]!; both !== 0; both &= both - 1) peer.interesting++;
    }
  }
}
