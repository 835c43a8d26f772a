import type { Bitfield } from "../../base/bitfield.ts";
import type { BlockIndex, Millis, PeerSlot, PieceIndex } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import { BlockChooser } from "./block-chooser.ts";
import { pickerInvariants } from "./invariants.ts";
import { BLOCK_RECEIVED, NO_PEER, type PartialPiece } from "./partial-piece.ts";
import { PeerState, type PickPeer } from "./peer-state.ts";
import { PickerState, type PickerLayout } from "./picker-state.ts";

export type { PickPeer } from "./peer-state.ts";
export { NO_PEER } from "./partial-piece.ts";

/** What became of a block that a peer sent. */
export type Receipt =
  /** It was missing: the caller stores it. */
  | "new"
  /** We have it already. */
  | "redundant"
  /** Of a piece that is not wanted, and never asked for. */
  | "unwanted";

export interface PiecePickerOptions {
  /** Bytes of begun and not verified pieces above which no further piece is begun, as long as something moves. */
  readonly maxUnverifiedBytes?: number;
}

const DEFAULT_MAX_UNVERIFIED = 64 * 1024 * 1024;
const DEFAULT_PRIORITY = 4;

/**
 * Decides which blocks of a torrent are requested from which peer, and knows for each block whether it is free, requested
 * (by whom) or received (from whom). Time comes as an argument; picking, receiving and HAVE allocate nothing.
 *
 * Invariant: a block is requested if and only if some added peer is its requester, that is: it was picked for the peer and
 * neither received from it nor released since.
 */
export class PiecePicker {
  /** Verified pieces. Read only. */
  readonly have: Bitfield;
  readonly #state: PickerState;
  readonly #chooser: BlockChooser;

  /** Every piece is wanted, with priority 4. */
  constructor(layout: PickerLayout, rng: Rng, options: PiecePickerOptions = {}) {
    const state = new PickerState(layout, rng, options.maxUnverifiedBytes ?? DEFAULT_MAX_UNVERIFIED);
    this.#state = state;
    this.#chooser = new BlockChooser(state);
    this.have = state.have;
    for (let i = 0; i < layout.pieceCount; i++) this.setPriority(i, DEFAULT_PRIORITY);
  }

  /** Pieces with a priority above 0. */
  get wanted(): number {
    return this.#state.wanted;
  }

  /** Wanted pieces that are not verified yet. */
  get missing(): number {
    return this.#state.lacking.count;
  }

  /** Blocks of wanted pieces that were not received yet. */
  get missingBlocks(): number {
    return this.#state.remainingBlocks;
  }

  /** Whether one of the pieces from `from` to before `to` is wanted and not verified yet. */
  lacksAny(from: PieceIndex, to: PieceIndex): boolean {
    const next = this.#state.lacking.nextSet(from);
    return next >= 0 && next < to;
  }

  /** All wanted pieces are verified. */
  get isFinished(): boolean {
    return this.#state.lacking.isEmpty;
  }

  /** Bytes of wanted pieces that were begun and are not verified, counted whole. */
  get unverifiedBytes(): number {
    return this.#state.unverified;
  }

  /** Whole copies among the connected peers, and the fraction of the next one; without our own. */
  get distributedCopies(): number {
    return this.#state.order.distributedCopies;
  }

  /** Connected peers that have the piece. */
  availability(piece: PieceIndex): number {
    return this.#state.order.availability(piece);
  }

  priority(piece: PieceIndex): number {
    return this.#state.order.priority(piece);
  }

  /** Requests of a peer that were picked and neither answered nor released. */
  outstanding(slot: PeerSlot): number {
    return this.#state.peers[slot]?.outstanding ?? 0;
  }

  /** The piece is verified and on disk: at start, or after `isPieceComplete`. Requests for its blocks are forgotten. */
  setHave(piece: PieceIndex): void {
    const state = this.#state;
    if (!state.have.set(piece)) return;
    const part = state.pool.get(piece);
    if (part !== null) state.close(part);
    state.order.take(piece);
    if (!state.isWanted(piece)) return;
    state.lacking.clear(piece);
    state.remainingBlocks -= state.layout.blockCount(piece);
    for (const peer of state.peers) {
      if (peer !== undefined && !peer.seed && peer.have.get(piece)) peer.interesting--;
    }
  }

  /** The piece is lost again: its data changed on disk. */
  clearHave(piece: PieceIndex): void {
    const state = this.#state;
    if (!state.have.clear(piece)) return;
    if (!state.isWanted(piece)) return;
    state.lacking.set(piece);
    state.remainingBlocks += state.layout.blockCount(piece);
    state.interestEpoch++;
    state.giveBack(piece);
  }

  /**
   * 0: not wanted; 1 to 7: higher ones first. Blocks of a piece under way stay requested when it is no longer wanted; what
   * arrives of it is kept.
   */
  setPriority(piece: PieceIndex, priority: number): void {
    const state = this.#state;
    const before = state.order.priority(piece);
    if (before === priority) return;
    const part = state.pool.get(piece);
    state.order.take(piece);
    state.order.setPriority(piece, priority);
    if (before > 0 !== priority > 0) {
      const change = priority > 0 ? 1 : -1;
      state.wanted += change;
      if (part !== null) state.unverified += change * state.pieceBytes(piece);
      if (!state.have.get(piece)) {
        if (priority > 0) state.lacking.set(piece);
        else state.lacking.clear(piece);
        state.remainingBlocks += change * (state.layout.blockCount(piece) - (part?.received ?? 0));
        state.interestEpoch++;
      }
    }
    state.giveBack(piece);
  }

  /** Pieces in ascending order instead of rarest first. */
  setSequential(on: boolean): void {
    this.#state.sequential = on;
  }

  /** A peer has connected; all that it has is counted. */
  addPeer(peer: PickPeer): void {
    const state = this.#state;
    const { slot } = peer;
    if (slot < 0 || slot >= NO_PEER || !Number.isInteger(slot)) throw new RangeError(`peer slot ${slot}`);
    if (state.peers[slot] !== undefined) throw new Error(`peer slot ${slot} is in use`);
    // What a former holder of the slot delivered is not to be blamed on the new one.
    for (const part of state.pool.open) part.forgetDeliverer(slot);
    for (const part of state.pool.busy) part.forgetDeliverer(slot);
    const added = new PeerState(peer);
    while (state.peers.length < slot) state.peers.push(undefined);
    state.peers[slot] = added;
    added.interestEpoch = state.interestEpoch - 1;
    state.order.addPeer(added);
    if (!added.seed) state.refreshInterest(added);
  }

  /** A peer has gone: its requests are released. What it delivered stays on record until its slot is used again. */
  removePeer(peer: PickPeer): void {
    const state = this.#state;
    const removed = this.#peer(peer);
    this.#releaseAll(removed, state.pool.open);
    this.#releaseAll(removed, state.pool.busy);
    state.order.removePeer(removed);
    state.peers[peer.slot] = undefined;
  }

  /** `peer.have` gained a piece; to be called after the change, and only when it was one. */
  onPeerHave(peer: PickPeer, piece: PieceIndex): void {
    const state = this.#state;
    const known = this.#peer(peer);
    state.order.addHave(known, piece);
    if (state.isWanted(piece) && !state.have.get(piece)) known.interesting++;
  }

  /** `peer.have` lost a piece (BEP 54); to be called after the change. Requests stay until released. */
  onPeerDontHave(peer: PickPeer, piece: PieceIndex): void {
    const state = this.#state;
    const known = this.#peer(peer);
    const wasSeed = known.seed;
    state.order.dropHave(known, piece);
    if (wasSeed) known.interestEpoch = state.interestEpoch - 1;
    else if (state.isWanted(piece) && !state.have.get(piece)) known.interesting--;
  }

  /** `peer.have` was replaced by another object; the old one must be unchanged since. */
  onPeerBitfield(peer: PickPeer): void {
    const state = this.#state;
    const known = this.#peer(peer);
    if (known.have === peer.have) throw new Error("the bitfield was not replaced");
    state.order.removePeer(known);
    known.replaceHave();
    state.order.addPeer(known);
    known.interestEpoch = state.interestEpoch - 1;
  }

  /** Whether the peer has a wanted piece that is not verified yet. */
  isInteresting(peer: PickPeer): boolean {
    const state = this.#state;
    const known = this.#peer(peer);
    if (known.seed) return !state.lacking.isEmpty;
    state.refreshInterest(known);
    return known.interesting > 0;
  }

  /**
   * Chooses up to `n` blocks for a peer and marks them as requested from it. Writes (piece, block) pairs into `out` and returns
   * how many. Duplicates of others' requests (endgame) come only when nothing else is left for the peer.
   */
  pick(peer: PickPeer, n: number, now: Millis, out: Int32Array): number {
    return this.#chooser.pick(this.#peer(peer), n, now, out);
  }

  /** Requests of all peers. */
  get allOutstanding(): number {
    return this.#state.outstanding;
  }

  isRequestedBy(slot: PeerSlot, piece: PieceIndex, block: BlockIndex): boolean {
    const part = this.#state.pool.get(piece);
    return part !== null && block < part.blockCount && part.isRequester(slot, block);
  }

  /**
   * A peer sent a block, asked for or late. When it is "new" and had a second requester, that one is listed by
   * `otherRequesters` until it is released.
   */
  onReceived(slot: PeerSlot, piece: PieceIndex, block: BlockIndex): Receipt {
    const state = this.#state;
    if (state.have.get(piece)) return "redundant";
    let part = state.pool.get(piece);
    if (part === null) {
      if (!state.isWanted(piece) || block >= state.layout.blockCount(piece)) return "unwanted";
      part = state.open(piece);
    }
    if (block >= part.blockCount) return "unwanted";
    if (part.state[block] === BLOCK_RECEIVED) {
      state.dropRequester(part, slot, block);
      return "redundant";
    }
    if (!part.isRequester(slot, block) && !state.isWanted(piece)) return "unwanted";
    // Received first: a requested block without requester would become free for a moment.
    part.receive(slot, block);
    state.dropRequester(part, slot, block);
    if (state.isWanted(piece)) state.remainingBlocks--;
    state.settle(part);
    return "new";
  }

  /** Peers that were asked for the block too and should get a CANCEL, then `release`; at most 2. Returns how many. */
  otherRequesters(piece: PieceIndex, block: BlockIndex, outSlots: Int32Array): number {
    const part = this.#state.pool.get(piece);
    if (part === null || block >= part.blockCount) return 0;
    const count = part.requesters(block);
    if (count > 0) outSlots[0] = part.first[block]!;
    if (count > 1) outSlots[1] = part.second[block]!;
    return count;
  }

  /** The peer will not deliver the block: reject, timeout, choke, disconnect, cancel. Harmless when it was not asked for it. */
  release(slot: PeerSlot, piece: PieceIndex, block: BlockIndex): void {
    const part = this.#state.pool.get(piece);
    if (part === null || block >= part.blockCount) return;
    if (this.#state.dropRequester(part, slot, block)) this.#state.settle(part);
  }

  /** All blocks are received and not verified yet. True at once for a piece without blocks (all padding). */
  isPieceComplete(piece: PieceIndex): boolean {
    if (this.have.get(piece)) return false;
    const part = this.#state.pool.get(piece);
    return part === null ? this.#state.layout.blockCount(piece) === 0 : part.received === part.blockCount;
  }

  onVerified(piece: PieceIndex): void {
    this.setHave(piece);
  }

  /** The piece failed: all its blocks, or the ones given, must come again. Ask `contributors` before. */
  onHashFailed(piece: PieceIndex, badBlocks: readonly BlockIndex[] | null): void {
    const part = this.#state.pool.get(piece);
    if (part === null) return;
    if (badBlocks === null) for (let block = 0; block < part.blockCount; block++) this.#discard(part, block);
    else for (const block of badBlocks) this.#discard(part, block);
    this.#state.settle(part);
  }

  /** Blocks that a previous run left on disk. `mask` is in the order of a bitfield: bit 7 of byte 0 is block 0. */
  restoreBlocks(piece: PieceIndex, mask: Uint8Array): void {
    const state = this.#state;
    if (state.have.get(piece)) return;
    const blocks = state.layout.blockCount(piece);
    for (let block = 0; block < blocks; block++) {
      if (((mask[block >>> 3] ?? 0) & (128 >>> (block & 7))) === 0) continue;
      const part = state.pool.get(piece) ?? state.open(piece);
      if (part.state[block] === BLOCK_RECEIVED) continue;
      part.receive(NO_PEER, block);
      if (state.isWanted(piece)) state.remainingBlocks--;
      state.pool.relist(part);
    }
  }

  /** Blocks of the piece are requested or received, and it is not verified. */
  isBegun(piece: PieceIndex): boolean {
    return this.#state.pool.get(piece) !== null;
  }

  /** Received blocks of a piece under way, in the form of `restoreBlocks`; null when there are none. */
  blockMask(piece: PieceIndex): Uint8Array | null {
    const part = this.#state.pool.get(piece);
    if (part === null || part.received === 0) return null;
    const mask = new Uint8Array((part.blockCount + 7) >>> 3);
    for (let block = 0; block < part.blockCount; block++) {
      if (part.state[block] === BLOCK_RECEIVED) mask[block >>> 3]! |= 128 >>> (block & 7);
    }
    return mask;
  }

  /** The `blockMask` of each piece that has one. */
  blockMasks(): [PieceIndex, Uint8Array][] {
    return [...this.partialPieces()].flatMap((piece) => {
      const mask = this.blockMask(piece);
      return mask === null ? [] : [[piece, mask]];
    });
  }

  /** Pieces with requested or received blocks, in no order. The picker must not change meanwhile. */
  *partialPieces(): Generator<PieceIndex, void, undefined> {
    for (const part of this.#state.pool.open) yield part.piece;
    for (const part of this.#state.pool.busy) yield part.piece;
  }

  /** Who delivered each block of a piece under way; NO_PEER for missing blocks, restored ones and unknown peers. */
  contributors(piece: PieceIndex): PeerSlot[] {
    const part = this.#state.pool.get(piece);
    return part === null ? [] : Array.from(part.deliverer.subarray(0, part.blockCount));
  }

  /** Throws when the picker's data contradicts itself. For tests and the simulator. */
  invariants(): void {
    pickerInvariants(this.#state);
  }

  #peer(peer: PickPeer): PeerState {
    const known = this.#state.peers[peer.slot];
    if (known === undefined || known.peer !== peer) throw new Error(`peer slot ${peer.slot} was not added`);
    return known;
  }

  #discard(part: PartialPiece, block: BlockIndex): void {
    if (part.state[block] !== BLOCK_RECEIVED) return;
    part.discard(block);
    if (this.#state.isWanted(part.piece)) this.#state.remainingBlocks++;
  }

  #releaseAll(peer: PeerState, parts: readonly PartialPiece[]): void {
    // From the end: settling may take the current piece off the list, and moves only later ones.
    for (let i = parts.length - 1; i >= 0 && peer.outstanding > 0; i--) {
      const part = parts[i]!;
      for (let block = 0; block < part.blockCount; block++) {
        if (part.isRequester(peer.slot, block)) this.#state.dropRequester(part, peer.slot, block);
      }
      this.#state.settle(part);
    }
  }
}
