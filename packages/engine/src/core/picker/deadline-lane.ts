import type { Millis, PieceIndex } from "../../base/brand.ts";
import { BLOCK_REQUESTED, NO_PEER, type PartialPiece } from "./partial-piece.ts";
import type { PeerState } from "./peer-state.ts";
import type { PickerState } from "./picker-state.ts";

/** What is needed next: so many bytes from the first missing piece on, and two pieces at least. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** Nobody is late before that, however fast the others are. */
const MIN_LATE: Millis = 500;
/** Second requests of the lane that may be out at a time. */
const MAX_DUPLICATES = 16;

/**
 * In sequential mode the reader waits for the first missing piece, and everything behind it is of no use until it is there. A block
 * near the front that another peer was asked for so long ago that this one would have delivered it twice is requested a second time;
 * and slow peers begin new pieces behind the front, as long as there are faster ones.
 */
export class DeadlineLane {
  readonly #state: PickerState;
  readonly #windowPieces: number;
  /** No wanted piece before this one is missing, as of `#epoch`. */
  #front: PieceIndex = 0;
  #epoch = -1;

  constructor(state: PickerState) {
    this.#state = state;
    const { pieceCount } = state.layout;
    const pieceBytes = Math.max(
      1,
      state.pieceBytes(0),
      pieceCount > 1 ? state.pieceBytes(pieceCount - 1) : 0,
    );
    this.#windowPieces = Math.max(2, Math.ceil(WINDOW_BYTES / pieceBytes));
  }

  /** Writes pairs into `out` from pair `count` on, up to `limit`; returns the new number of pairs. Allocates nothing. */
  pick(st: PeerState, limit: number, now: Millis, out: Int32Array, count: number): number {
    const state = this.#state;
    if (st.peer.snubbed) return count;
    const patience = Math.max(MIN_LATE, 2 * st.peer.responseMs);
    const end = this.windowEnd;
    for (let piece = this.#front; piece < end; piece++) {
      const part = state.pool.get(piece);
      if (part === null || part.requested === 0 || !state.isWanted(piece) || !st.have.get(piece)) continue;
      for (let block = 0; block < part.blockCount; block++) {
        if (count >= limit || state.duplicates >= MAX_DUPLICATES) return count;
        if (!this.#isLate(st, part, block, now - patience)) continue;
        state.duplicate(st, part, block);
        out[2 * count] = piece;
        out[2 * count + 1] = block;
        count++;
      }
    }
    return count;
  }

  /** One past the last piece near the front. */
  get windowEnd(): PieceIndex {
    const { lacking, interestEpoch, layout } = this.#state;
    if (this.#epoch !== interestEpoch) this.#front = 0;
    this.#epoch = interestEpoch;
    while (this.#front < layout.pieceCount && !lacking.get(this.#front)) this.#front++;
    return Math.min(layout.pieceCount, this.#front + this.#windowPieces);
  }

  /** Where a peer looks for new pieces first. */
  startFor(st: PeerState): PieceIndex {
    if (st.peer.speed > 0 && !st.peer.snubbed) return 0;
    const isFasterHere = this.#state.peers.some(
      (other) => other !== undefined && !other.peer.snubbed && !other.peer.choked && other.peer.speed > 0,
    );
    const end = this.windowEnd;
    return isFasterHere && end < this.#state.layout.pieceCount ? end : 0;
  }

  #isLate(st: PeerState, part: PartialPiece, block: number, since: Millis): boolean {
    const requester = part.first[block]!;
    if (part.state[block] !== BLOCK_REQUESTED || part.second[block] !== NO_PEER || requester === st.slot)
      return false;
    return this.#state.peers[requester]!.peer.snubbed || part.requestedAt[block]! < since;
  }
}
