import type { BlockIndex, Millis } from "../../base/brand.ts";
import { Shortlist } from "../../base/shortlist.ts";
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

/** A block in the list: the entry of its piece in the pool and its index (32,767 at most) in one number. */
const ENTRY = 32_768;

/**
 * Requests blocks a second time from a peer for which nothing free is left, so that one slow or silent peer can't hold up
 * the end. Bounded: at most two requesters per block, at most 5 % of what remains, only idle peers, and never a block of
 * a faster peer unless it is late. While others could still begin something new, only late blocks are duplicated. A block
 * that a faster peer could be asked for a second time is left to it: two slow peers would shut it out.
 */
export class Endgame {
  readonly #state: PickerState;
  readonly #list: Shortlist = new Shortlist(BATCH);
  /** Peers that answer sooner than the one that picks. */
  readonly #faster: PeerState[] = [];

  constructor(state: PickerState) {
    this.#state = state;
  }

  /** Writes pairs into `out` from pair `count` on, up to `limit`; returns the new number of pairs. Allocates nothing. */
  pick(st: PeerState, limit: number, now: Millis, out: Int32Array, count: number): number {
    const state = this.#state;
    if (st.outstanding > 0 || count > 0) return count;
    const most = Math.max(MIN_DUPLICATES, Math.floor(state.remainingBlocks * DUPLICATE_SHARE));
    const wanted = Math.min(limit, most - state.duplicates, BATCH);
    if (wanted <= 0) return count;
    this.#list.clear(wanted);
    this.#listFaster(st);
    const all = !this.#isSomethingLeft();
    this.#listBusyBlocks(st, state.pool.busy, now, all);
    this.#listBusyBlocks(st, state.pool.open, now, all);
    for (let i = 0; i < this.#list.length; i++) {
      const part = state.pool.at(Math.floor(this.#list.items[i]! / ENTRY));
      const block = this.#list.items[i]! % ENTRY;
      state.duplicate(st, part, block);
      out[2 * count] = part.piece;
      out[2 * count + 1] = block;
      count++;
    }
    return count;
  }

  #listFaster(st: PeerState): void {
    this.#faster.length = 0;
    for (const other of this.#state.peers) {
      if (other !== undefined && isFaster(other, st)) this.#faster.push(other);
    }
  }

  /** Whether any connected peer has a block to give that nobody was asked for. */
  #isSomethingLeft(): boolean {
    const { order, pool } = this.#state;
    if (order.availableCount > 0) return true;
    for (const part of pool.open) {
      if (order.priority(part.piece) > 0 && order.availability(part.piece) > 0) return true;
    }
    return false;
  }

  #listBusyBlocks(st: PeerState, parts: readonly PartialPiece[], now: Millis, all: boolean): void {
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      if (part.requested === 0 || !st.have.get(part.piece) || !this.#state.isWanted(part.piece)) continue;
      let faster = 0;
      for (const { have } of this.#faster) if (have.get(part.piece)) faster++;
      for (let block = 0; block < part.blockCount; block++) {
        if (part.state[block] !== BLOCK_REQUESTED || part.second[block] !== NO_PEER) continue;
        const need = this.#need(st, part, block, faster, now, all);
        if (need >= 0) this.#list.offer(-need, part.entry * ENTRY + block);
      }
    }
  }

  /** How much a block of which so many faster peers have the piece needs a second requester; negative: not at all. */
  #need(
    st: PeerState,
    part: PartialPiece,
    block: BlockIndex,
    faster: number,
    now: Millis,
    all: boolean,
  ): number {
    const slot = part.first[block]!;
    if (slot === st.slot) return -1;
    const requester = this.#state.peers[slot]!;
    if (faster > Number(isFaster(requester, st))) return -1;
    const { snubbed, speed } = requester.peer;
    const age = now - part.requestedAt[block]!;
    const patience = !all || speed > st.peer.speed ? LATE_AFTER : speed === st.peer.speed ? GRACE : 0;
    if (!snubbed && age < patience) return -1;
    return (snubbed ? SNUBBED_SCORE : 0) + (2 - speed) * CLASS_SCORE + Math.max(0, age);
  }
}

function isFaster({ peer }: PeerState, { peer: than }: PeerState): boolean {
  return peer.speed > than.speed && !peer.choked && !peer.snubbed;
}
