import type { Millis } from "../../base/brand.ts";
import { Shortlist } from "../../base/shortlist.ts";
import { DeadlineLane } from "./deadline-lane.ts";
import { Endgame } from "./endgame.ts";
import { longestGap } from "./longest-gap.ts";
import { NO_PEER, type PartialPiece } from "./partial-piece.ts";
import type { PeerState } from "./peer-state.ts";
import {
  SEARCH_COMMON,
  SEARCH_RANDOM,
  SEARCH_RAREST,
  SEARCH_SEQUENTIAL,
  type SearchMode,
} from "./piece-search.ts";
import type { PickerState } from "./picker-state.ts";

const FAST = 2;
/** While fewer pieces than this are verified, new ones are chosen at random and shared: something to trade, soon. */
const RANDOM_FIRST_PIECES = 4;
/** Partial pieces looked at in one go. */
const SHORTLIST = 16;

/** Which partial pieces are open to a peer. */
const ABANDONED = 0;
const SAME_CLASS = 1;
const ANY = 2;
type Reach = 0 | 1 | 2;

/**
 * Chooses blocks for a peer and marks them as requested. In sequential mode the deadline lane comes first; then, in this order:
 *
 * 1. the piece the peer is at, in ascending order, so that a piece comes from one peer and in the order of hashing;
 * 2. partial pieces that nobody is at or, but for fast peers, that peers of the same speed class share;
 * 3. an untouched piece, unless too much is unverified already;
 * 4. any partial piece;
 * 5. duplicates (endgame).
 *
 * Who is asked in runs joins nobody's pieces before there is nothing else.
 *
 * Allocates nothing, but where a run begins; not re-entrant.
 */
export class BlockChooser {
  readonly #state: PickerState;
  readonly #endgame: Endgame;
  readonly #lane: DeadlineLane;
  /** Entries of partial pieces. */
  readonly #shortlist: Shortlist = new Shortlist(SHORTLIST);
  // The pick under way.
  #out: Int32Array = new Int32Array(0);
  #limit = 0;
  #count = 0;
  #now: Millis = 0;
  #atCap = false;

  constructor(state: PickerState) {
    this.#state = state;
    this.#endgame = new Endgame(state);
    this.#lane = new DeadlineLane(state);
  }

  /** Picks up to `limit` blocks; writes (piece, block) pairs and returns how many. */
  pick(st: PeerState, limit: number, now: Millis, out: Int32Array): number {
    this.#out = out;
    this.#limit = Math.min(limit, out.length >> 1);
    this.#count = 0;
    this.#now = now;
    this.#atCap = false;
    if (this.#limit > 0 && !this.#state.lacking.isEmpty) {
      const { peer } = st;
      if (peer.choked) this.#pickAllowedFast(st);
      else if (peer.parole) this.#pickAlone(st);
      else this.#pickShared(st);
    }
    return this.#count;
  }

  #pickShared(st: PeerState): void {
    const { snubbed, speed, inRuns } = st.peer;
    const settlingIn = this.#state.have.count < RANDOM_FIRST_PIECES;
    if (this.#state.sequential) this.#count = this.#lane.pick(st, this.#limit, this.#now, this.#out, 0);
    if (this.#wantsMore) this.#continueCurrent(st);
    if (this.#wantsMore)
      this.#takePartials(st, inRuns || (speed === FAST && !snubbed && !settlingIn) ? ABANDONED : SAME_CLASS);
    if (this.#wantsMore) this.#takeUntouched(st);
    if (this.#wantsMore) this.#takePartials(st, ANY);
    if (this.#wantsMore && this.#atCap) this.#takeBeyondCap(st);
    if (this.#wantsMore && !snubbed) {
      this.#count = this.#endgame.pick(st, this.#limit, this.#now, this.#out, this.#count);
    }
  }

  /**
   * For a peer on parole: one untouched piece at a time, which it keeps to itself; shares others, and duplicates requests, only when
   * there is nothing else.
   */
  #pickAlone(st: PeerState): void {
    this.#continueCurrent(st);
    if (this.#count > 0 || st.outstanding > 0) return;
    this.#takeOne(st);
    if (this.#count === 0 && this.#atCap) this.#takeBeyondCap(st);
    if (this.#count === 0) this.#takePartials(st, ANY);
    if (this.#count === 0 && !st.peer.snubbed)
      this.#count = this.#endgame.pick(st, this.#limit, this.#now, this.#out, 0);
  }

  /** The few pieces that a choking peer serves all the same (BEP 6). */
  #pickAllowedFast(st: PeerState): void {
    const state = this.#state;
    if (st.peer.allowedFast.size === 0) return;
    for (const piece of st.peer.allowedFast) {
      if (!this.#wantsMore) return;
      if (!st.have.get(piece) || !state.isWanted(piece)) continue;
      const part = state.pool.get(piece);
      if (part !== null) {
        if (part.free > 0 && this.#mayEnter(st, part)) this.#takeFrom(st, part);
      } else if (state.order.isFree(piece) && this.#fits(piece)) {
        this.#open(st, piece);
      }
    }
  }

  get #wantsMore(): boolean {
    return this.#count < this.#limit;
  }

  #continueCurrent(st: PeerState): void {
    const part = st.current;
    if (part === null || part.piece !== st.currentPiece || part.free === 0) return;
    if (this.#state.isWanted(part.piece) && st.have.get(part.piece) && this.#mayEnter(st, part)) {
      this.#takeFrom(st, part);
    }
  }

  #takePartials(st: PeerState, reach: Reach): void {
    const list = this.#shortlist;
    do {
      this.#listPartials(st, reach);
      for (let i = 0; i < list.length && this.#wantsMore; i++) {
        this.#takeFrom(st, this.#state.pool.at(list.items[i]!));
      }
    } while (this.#wantsMore && list.overflowed);
  }

  /** Lists the best open pieces for the peer: highest priority, then nearest to the end (in sequential mode: lowest index). */
  #listPartials(st: PeerState, reach: Reach): void {
    const { order, pool, sequential } = this.#state;
    const speed = st.peer.snubbed ? 0 : st.peer.speed;
    this.#shortlist.clear();
    for (let i = 0; i < pool.open.length; i++) {
      const part = pool.open[i]!;
      if (reach !== ANY && part.requested > 0 && (reach === ABANDONED || part.speed !== speed)) continue;
      const priority = order.priority(part.piece);
      if (priority === 0 || !st.have.get(part.piece) || !this.#mayEnter(st, part)) continue;
      this.#shortlist.offer((8 - priority) * 2 ** 24 + (sequential ? part.piece : part.free), part.entry);
    }
  }

  /** A piece on parole is left alone as long as there is something else to begin. */
  #mayEnter(st: PeerState, part: PartialPiece): boolean {
    if (part.exclusive === NO_PEER || part.exclusive === st.slot) return true;
    return this.#state.order.freeCount === 0;
  }

  #takeUntouched(st: PeerState): void {
    const { search } = this.#state;
    if (!search.begin(st, this.#searchMode(st), this.#now, this.#searchStart(st))) return;
    while (this.#wantsMore) {
      const piece = search.next();
      if (piece < 0) return;
      if (!this.#fits(piece)) return;
      this.#open(st, piece);
    }
  }

  #takeOne(st: PeerState): void {
    if (!this.#state.search.begin(st, this.#searchMode(st), this.#now)) return;
    const piece = this.#state.search.next();
    if (piece >= 0 && this.#fits(piece)) this.#open(st, piece);
  }

  #searchStart(st: PeerState): number {
    if (this.#state.sequential) return this.#lane.startFor(st);
    return st.peer.inRuns ? this.#runStart(st) : 0;
  }

  /** Where a run goes on, or a new one begins. */
  #runStart(st: PeerState): number {
    const { order, pool } = this.#state;
    const next = st.currentPiece + 1;
    if (next > 0 && next < st.have.length && order.isFree(next)) return next;
    const gap = longestGap(order.free, st.have.bytes);
    // Who is at the piece before it will go on into it: half of it is left to them.
    const isEntered = gap.start > 0 && pool.get(gap.start - 1) !== null;
    return isEntered ? gap.start + (gap.length >>> 1) : gap.start;
  }

  #searchMode(st: PeerState): SearchMode {
    if (this.#state.sequential || st.peer.inRuns) return SEARCH_SEQUENTIAL;
    if (st.peer.snubbed || st.peer.distrusted) return SEARCH_COMMON;
    return this.#state.have.count < RANDOM_FIRST_PIECES ? SEARCH_RANDOM : SEARCH_RAREST;
  }

  /** Whether one more piece may be begun; remembers it when not. */
  #fits(piece: number): boolean {
    const state = this.#state;
    if (state.unverified + state.pieceBytes(piece) <= state.maxUnverified) return true;
    this.#atCap = true;
    return false;
  }

  /**
   * One piece more than the cap allows for a peer that would idle: partial pieces may be stuck because those who have them
   * left. Bounded, but for the case that nothing moves at all.
   */
  #takeBeyondCap(st: PeerState): void {
    const state = this.#state;
    if (this.#count > 0 || st.outstanding > 0) return;
    if (state.outstanding > 0 && state.unverified >= 2 * state.maxUnverified) return;
    if (!state.search.begin(st, this.#searchMode(st), this.#now)) return;
    const piece = state.search.next();
    if (piece >= 0) this.#open(st, piece);
  }

  #open(st: PeerState, piece: number): void {
    const part = this.#state.open(piece);
    if (st.peer.parole) part.exclusive = st.slot;
    this.#takeFrom(st, part);
  }

  #takeFrom(st: PeerState, part: PartialPiece): void {
    const state = this.#state;
    if (part.requested === 0) part.speed = st.peer.snubbed ? 0 : st.peer.speed;
    if (part.exclusive !== st.slot) part.exclusive = NO_PEER;
    const before = this.#count;
    this.#count = part.take(st.slot, this.#limit - before, this.#now, this.#out, before);
    st.outstanding += this.#count - before;
    state.outstanding += this.#count - before;
    st.current = part;
    st.currentPiece = part.piece;
    state.pool.relist(part);
  }
}
