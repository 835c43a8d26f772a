import type { Millis, PeerSlot, PieceIndex } from "../../base/brand.ts";
import { equalBytes } from "../../base/bytes.ts";

/** Failed downloads of a piece that are remembered, and pieces for which they are. */
const MAX_RECORDS_PER_PIECE = 4;
const MAX_PIECES = 128;
/** Failures that have no peer in common within this time speak for a fault on our side. */
const LOCAL_FAULT_WINDOW: Millis = 60_000;
const LOCAL_FAULT_FAILURES = 3;

/** Why a peer is banned; each is proof, never a guess. */
export type BanReason =
  /** It delivered all blocks of a piece that failed. */
  | "whole-piece-failed"
  /** Its block of a failed piece differs from that of the verified piece (v1). */
  | "block-differs"
  /** Its block doesn't match the leaf hash (v2). */
  | "leaf-differs";

export interface Verdict {
  /** Proved to have sent bad data. */
  readonly ban: readonly { readonly slot: PeerSlot; readonly reason: BanReason }[];
  /** Took part in a failed piece: give them whole pieces alone. */
  readonly parole: readonly PeerSlot[];
  /** On parole before, and cleared now. */
  readonly cleared: readonly PeerSlot[];
  /** So much fails from so many that memory or disk on our side must be suspected: nobody is banned meanwhile. */
  readonly suspectLocal: boolean;
}

const NO_VERDICT: Verdict = { ban: [], parole: [], cleared: [], suspectLocal: false };

/** One failed download of a piece: a digest per block, by any hash function, and who sent the block. */
interface FailedPiece {
  readonly contributors: readonly PeerSlot[];
  readonly digests: Uint8Array;
}

interface Failure {
  readonly at: Millis;
  readonly suspects: ReadonlySet<PeerSlot>;
}

/**
 * Finds out who sent bad data, on proof only. In v2 a leaf hash convicts at once. In v1 the digests of a failed piece's blocks
 * are kept, and compared once the piece is right: whose block differs, lied. Until then suspects are on parole.
 *
 * `noPeer` stands for blocks of unknown origin. When a slot is given to another peer, `forget` must be called.
 */
export class Attribution {
  readonly #noPeer: PeerSlot;
  readonly #failed: Map<PieceIndex, FailedPiece[]> = new Map();
  /** Peers on parole. */
  readonly #parole: Set<PeerSlot> = new Set();
  #failures: Failure[] = [];
  /** Verified pieces in this window of time and in the one before. */
  #verifiedNow = 0;
  #verifiedBefore = 0;
  #window = 0;

  constructor(noPeer: PeerSlot) {
    this.#noPeer = noPeer;
  }

  isOnParole(slot: PeerSlot): boolean {
    return this.#parole.has(slot);
  }

  /** Whether `onVerified` can use digests of the piece's blocks. */
  wantsDigests(piece: PieceIndex): boolean {
    return this.#failed.has(piece);
  }

  /**
   * A piece failed. `contributors` has the sender of each block; `digests` has one digest per block, all of one length, one
   * after another, or is null when they are not known.
   */
  onFailed(
    piece: PieceIndex,
    contributors: readonly PeerSlot[],
    digests: Uint8Array | null,
    now: Millis,
  ): Verdict {
    const suspects = this.#suspects(contributors);
    this.#failures.push({ at: now, suspects });
    const suspectLocal = this.#suspectsLocal(now);
    const [only] = suspects;
    if (only !== undefined && suspects.size === 1 && !contributors.includes(this.#noPeer)) {
      if (!suspectLocal) return this.#verdict([only], "whole-piece-failed", [], [], false);
    } else if (digests !== null) {
      this.#record(piece, { contributors: [...contributors], digests: digests.slice() });
    }
    const parole = [...suspects].filter((slot) => !this.#parole.has(slot));
    for (const slot of parole) this.#parole.add(slot);
    return this.#verdict([], "whole-piece-failed", parole, [], suspectLocal);
  }

  /**
   * A piece is right. Same arguments as for `onFailed`; `digests` must be by the same hash function. Compares with failed downloads
   * and clears a peer that delivered the whole piece alone.
   */
  onVerified(
    piece: PieceIndex,
    contributors: readonly PeerSlot[],
    digests: Uint8Array | null,
    now: Millis,
  ): Verdict {
    this.#enterWindow(now);
    this.#verifiedNow++;
    // The usual case, for every piece: nobody is under suspicion of anything.
    if (this.#failures.length === 0 && this.#failed.size === 0 && this.#parole.size === 0) return NO_VERDICT;
    const records = this.#failed.get(piece) ?? [];
    this.#failed.delete(piece);
    const liars = new Set<PeerSlot>();
    const involved = new Set<PeerSlot>();
    if (digests !== null) {
      for (const record of records) {
        for (const slot of this.#suspects(record.contributors)) involved.add(slot);
        this.#compare(record, digests, liars);
      }
    }
    const suspectLocal = this.#suspectsLocal(now);
    const present = this.#suspects(contributors);
    if (present.size === 1 && !contributors.includes(this.#noPeer))
      for (const slot of present) involved.add(slot);
    const cleared = [...involved].filter(
      (slot) => this.#parole.has(slot) && !liars.has(slot) && !this.#isSuspect(slot),
    );
    for (const slot of cleared) this.#parole.delete(slot);
    return this.#verdict(suspectLocal ? [] : [...liars], "block-differs", [], cleared, suspectLocal);
  }

  /** Blocks failed against their leaf hashes; `senders` sent them. */
  onLeafMismatch(senders: Iterable<PeerSlot>, now: Millis): Verdict {
    const suspects = this.#suspects(senders);
    this.#failures.push({ at: now, suspects });
    const suspectLocal = this.#suspectsLocal(now);
    if (!suspectLocal) return this.#verdict([...suspects], "leaf-differs", [], [], false);
    const parole = [...suspects].filter((slot) => !this.#parole.has(slot));
    for (const slot of parole) this.#parole.add(slot);
    return this.#verdict([], "leaf-differs", parole, [], true);
  }

  /** The slot is given to another peer, or the peer was banned: what is on record about it is void. */
  forget(slot: PeerSlot): void {
    this.#parole.delete(slot);
    for (const [piece, records] of this.#failed) {
      this.#failed.set(
        piece,
        records.map((record) => ({
          contributors: record.contributors.map((sender) => (sender === slot ? this.#noPeer : sender)),
          digests: record.digests,
        })),
      );
    }
  }

  #verdict(
    banned: readonly PeerSlot[],
    reason: BanReason,
    parole: readonly PeerSlot[],
    cleared: readonly PeerSlot[],
    suspectLocal: boolean,
  ): Verdict {
    for (const slot of banned) this.#parole.delete(slot);
    return { ban: banned.map((slot) => ({ slot, reason })), parole, cleared, suspectLocal };
  }

  #suspects(senders: Iterable<PeerSlot>): Set<PeerSlot> {
    const suspects = new Set(senders);
    suspects.delete(this.#noPeer);
    return suspects;
  }

  #record(piece: PieceIndex, failed: FailedPiece): void {
    const records = this.#failed.get(piece) ?? [];
    if (records.length === 0 && this.#failed.size >= MAX_PIECES) {
      const [oldest] = this.#failed.keys();
      if (oldest !== undefined) this.#failed.delete(oldest);
    }
    if (records.length < MAX_RECORDS_PER_PIECE) records.push(failed);
    this.#failed.set(piece, records);
  }

  #compare(failed: FailedPiece, digests: Uint8Array, liars: Set<PeerSlot>): void {
    // Digests of another length are by another hash function and prove nothing.
    if (failed.digests.length !== digests.length) return;
    const length = digests.length / failed.contributors.length;
    failed.contributors.forEach((slot, block) => {
      if (slot === this.#noPeer) return;
      const from = block * length;
      const to = from + length;
      if (!equalBytes(failed.digests.subarray(from, to), digests.subarray(from, to))) liars.add(slot);
    });
  }

  #isSuspect(slot: PeerSlot): boolean {
    for (const records of this.#failed.values()) {
      if (records.some((record) => record.contributors.includes(slot))) return true;
    }
    return false;
  }

  #enterWindow(now: Millis): void {
    const window = Math.floor(now / LOCAL_FAULT_WINDOW);
    if (window === this.#window) return;
    this.#verifiedBefore = window === this.#window + 1 ? this.#verifiedNow : 0;
    this.#verifiedNow = 0;
    this.#window = window;
  }

  /** Several failures lately that no peer has in common, and more failures than successes. */
  #suspectsLocal(now: Millis): boolean {
    this.#failures = this.#failures.filter((failure) => now - failure.at < LOCAL_FAULT_WINDOW);
    this.#enterWindow(now);
    if (this.#failures.length <= this.#verifiedNow + this.#verifiedBefore) return false;
    const blamed = new Set<PeerSlot>();
    let independent = 0;
    for (const { suspects } of this.#failures) {
      if (suspects.size === 0 || [...suspects].some((slot) => blamed.has(slot))) continue;
      independent++;
      for (const slot of suspects) blamed.add(slot);
    }
    return independent >= LOCAL_FAULT_FAILURES;
  }
}
