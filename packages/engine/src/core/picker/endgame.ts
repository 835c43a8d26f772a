import type { BlockIndex, Millis } from "../../base/brand.ts";
import { BLOCK_REQUESTED, NO_PEER, type PartialPiece } from "./partial-piece.ts";
import type { PeerState } from "./peer-state.ts";
import type { PickerState } from "./picker-state.ts";

/** A request that is out for so long is late, whatever else there is to do. */
const LATE_AFTER: Millis = 10_000;
/** At the end, a request to a peer that is no slower gets this long before it is duplicated: it is most likely on its way. */
const GRACE: Millis = 1_000;
/** Part of the remaining blocks that may be requested twice at a time, and the number that always may. */
const DUPLICATE_SHARE = 0.05;
const MIN_DUPLICATES = 16;
/** Duplicates given to one peer in one go. */
const BATCH = 16;

/** Order of preference: a block of a snubbed peer, then of the slowest class, then the oldest request. */
const SNUBBED_SCORE = 1e13;
const CLASS_SCORE = 1e12;

const parts: (PartialPiece | null)[] = new Array<PartialPiece | null>(BATCH).fill(null);
const blocks: Int32Array = new Int32Array(BATCH);
const scores: Float64Array = new Float64Array(BATCH);

/**
 * Requests blocks a second time from a peer for which nothing free is left, so that one slow or silent peer can't hold up
 * the end. Bounded: at most two requesters per block, at most 5 % of what remains, only idle peers, and never a block of
 * a faster peer unless it is late. While others could still begin something new, only late blocks are duplicated.
 *
 * Writes pairs into `out` from pair `count` on; returns the new number of pairs. Allocates nothing.
 */
export function pickDuplicates(
  state: PickerState,
  st: PeerState,
  limit: number,
  now: Millis,
  out: Int32Array,
  count: number,
): number {
  if (st.outstanding > 0 || count > 0) return count;
  const allowed =
    Math.max(MIN_DUPLICATES, Math.floor(state.remainingBlocks * DUPLICATE_SHARE)) - state.duplicates;
  const wanted = Math.min(limit, allowed, BATCH);
  if (wanted <= 0) return count;
  const found = findBusyBlocks(state, st, wanted, now, !somethingIsLeft(state));
  for (let i = 0; i < found; i++) {
    const part = parts[i]!;
    const block = blocks[i]!;
    part.duplicate(st.slot, block);
    state.duplicates++;
    state.outstanding++;
    st.outstanding++;
    out[2 * count] = part.piece;
    out[2 * count + 1] = block;
    count++;
  }
  return count;
}

/** Whether any connected peer has a block to give that nobody was asked for. */
function somethingIsLeft(state: PickerState): boolean {
  if (state.order.availableCount > 0) return true;
  for (const part of state.pool.open) {
    if (state.isWanted(part.piece) && state.order.availability(part.piece) > 0) return true;
  }
  return false;
}

/** Collects the `wanted` best blocks for the peer, best first. */
function findBusyBlocks(
  state: PickerState,
  st: PeerState,
  wanted: number,
  now: Millis,
  all: boolean,
): number {
  let found = 0;
  for (let list = 0; list < 2; list++) {
    const pieces = list === 0 ? state.pool.busy : state.pool.open;
    for (let i = 0; i < pieces.length; i++) {
      const part = pieces[i]!;
      if (part.requested === 0 || !st.have.get(part.piece) || !state.isWanted(part.piece)) continue;
      for (let block = 0; block < part.blockCount; block++) {
        if (part.state[block] !== BLOCK_REQUESTED || part.second[block] !== NO_PEER) continue;
        const score = lateness(state, st, part, block, now, all);
        if (score < 0 || (found === wanted && score <= scores[found - 1]!)) continue;
        let at = found < wanted ? found++ : found - 1;
        for (; at > 0 && scores[at - 1]! < score; at--) {
          scores[at] = scores[at - 1]!;
          blocks[at] = blocks[at - 1]!;
          parts[at] = parts[at - 1]!;
        }
        scores[at] = score;
        blocks[at] = block;
        parts[at] = part;
      }
    }
  }
  return found;
}

/** How much a block is in need of a second requester; negative: not at all. */
function lateness(
  state: PickerState,
  st: PeerState,
  part: PartialPiece,
  block: BlockIndex,
  now: Millis,
  all: boolean,
): number {
  const requester = part.first[block]!;
  if (requester === st.slot) return -1;
  const { snubbed, speed } = state.peers[requester]!.peer;
  const age = now - part.requestedAt[block]!;
  const patience = !all || speed > st.peer.speed ? LATE_AFTER : speed === st.peer.speed ? GRACE : 0;
  if (!snubbed && age < patience) return -1;
  return (snubbed ? SNUBBED_SCORE : 0) + (2 - speed) * CLASS_SCORE + Math.max(0, age);
}
