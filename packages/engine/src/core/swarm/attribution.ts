import type { Millis, PeerSlot, PieceIndex } from "../../base/brand.ts";
import { equalBytes } from "../../base/bytes.ts";
import type { FaultWatch } from "./fault-watch.ts";

/** Failed downloads of a piece that are remembered, and pieces for which they are. */
const MAX_RECORDS_PER_PIECE = 4;
const MAX_PIECES = 128;
/** While nothing is right with anybody, a peer is banned when it fails again after this time. */
const SECOND_CHANCE: Millis = 10_000;
/** A charge is dropped after this time; the watch remembers what it came from for longer. */
const CHARGE_LASTS: Millis = 5 * 60_000;

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
}

const NO_VERDICT: Verdict = { ban: [], parole: [], cleared: [] };

/** One failed download of a piece: a digest per block, by any hash function, and who sent the block. */
interface FailedPiece {
  readonly contributors: readonly PeerSlot[];
  readonly digests: Uint8Array;
}

/** What speaks against a peer, kept until it is known that the fault is not ours. */
interface Charge {
  readonly reason: BanReason;
  readonly at: Millis;
}

/**
 * Finds out who sent bad data, on proof only. In v2 a leaf hash convicts at once. In v1 the digests of a failed piece's blocks
 * are kept, and compared once the piece is right: whose block differs, lied. Until then suspects are on parole. While the fault
 * may be ours (`watch`), nobody is banned.
 *
 * `noPeer` stands for blocks of unknown origin. When a slot is given to another peer, `forget` must be called.
 */
export class Attribution {
  readonly #noPeer: PeerSlot;
  readonly #failed: Map<PieceIndex, FailedPiece[]> = new Map();
  /** Peers on parole. */
  readonly #parole: Set<PeerSlot> = new Set();
  /** Charges that wait for it to be clear that the fault is not ours. */
  readonly #charges: Map<PeerSlot, Charge> = new Map();
  readonly #watch: FaultWatch;
  readonly #nameOf: (slot: PeerSlot) => string;

  /** `nameOf` names peers for `watch`, which several torrents may share. */
  constructor(noPeer: PeerSlot, watch: FaultWatch, nameOf: (slot: PeerSlot) => string) {
    this.#noPeer = noPeer;
    this.#watch = watch;
    this.#nameOf = nameOf;
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
    this.#watch.onFailed(Array.from(suspects, this.#nameOf), now);
    if (suspects.size === 1 && !contributors.includes(this.#noPeer))
      return this.#charge(suspects, "whole-piece-failed", now);
    if (digests !== null) this.#record(piece, { contributors: [...contributors], digests: digests.slice() });
    return { ...NO_VERDICT, parole: this.#putOnParole(suspects) };
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
    let last = this.#noPeer;
    for (const slot of contributors) {
      if (slot === last || slot === this.#noPeer) continue;
      last = slot;
      this.#watch.onVerified(this.#nameOf(slot), now);
    }
    // The usual case, for every piece: nobody is under suspicion of anything.
    if (this.#failed.size === 0 && this.#parole.size === 0) return NO_VERDICT;
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
    const present = this.#suspects(contributors);
    if (present.size === 1 && !contributors.includes(this.#noPeer))
      for (const slot of present) involved.add(slot);
    const cleared = [...involved].filter(
      (slot) =>
        this.#parole.has(slot) && !liars.has(slot) && !this.#charges.has(slot) && !this.#isSuspect(slot),
    );
    for (const slot of cleared) this.#parole.delete(slot);
    const found = this.#charge(liars, "block-differs", now);
    const due = this.onTick(now);
    return { ban: [...found.ban, ...due.ban], parole: found.parole, cleared };
  }

  /** Blocks failed against their leaf hashes; `senders` sent them. */
  onLeafMismatch(senders: Iterable<PeerSlot>, now: Millis): Verdict {
    const suspects = this.#suspects(senders);
    this.#watch.onFailed(Array.from(suspects, this.#nameOf), now);
    return this.#charge(suspects, "leaf-differs", now);
  }

  /** What happens to those who are charged when it gets clear whether the fault is ours. */
  onTick(now: Millis): Verdict {
    if (this.#charges.size === 0) return NO_VERDICT;
    for (const [slot, { at }] of this.#charges) if (now - at >= CHARGE_LASTS) this.#charges.delete(slot);
    if (this.#watch.judge(now) !== "sound") return NO_VERDICT;
    const charged = [...this.#charges];
    return { ...NO_VERDICT, ban: charged.map(([slot, { reason }]) => this.#ban(slot, reason)) };
  }

  /** The peer was on parole under another slot, before it came again. */
  putOnParole(slot: PeerSlot): void {
    this.#parole.add(slot);
  }

  /** The slot is given to another peer, or the peer was banned: what is on record about it is void. */
  forget(slot: PeerSlot): void {
    this.#parole.delete(slot);
    this.#charges.delete(slot);
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

  #charge(slots: Iterable<PeerSlot>, reason: BanReason, now: Millis): Verdict {
    const ban: Verdict["ban"][number][] = [];
    const spared: PeerSlot[] = [];
    const judgement = this.#watch.judge(now);
    for (const slot of slots) {
      const before = this.#charges.get(slot);
      const isSecond = before !== undefined && now - before.at >= SECOND_CHANCE;
      if (judgement === "sound" || (judgement === "undecided" && isSecond)) {
        ban.push(this.#ban(slot, reason));
        continue;
      }
      if (before === undefined) this.#charges.set(slot, { reason, at: now });
      spared.push(slot);
    }
    return { ban, parole: this.#putOnParole(spared), cleared: [] };
  }

  #ban(slot: PeerSlot, reason: BanReason): Verdict["ban"][number] {
    this.#charges.delete(slot);
    this.#parole.delete(slot);
    return { slot, reason };
  }

  /** Returns those who were not on parole before. */
  #putOnParole(slots: Iterable<PeerSlot>): PeerSlot[] {
    const added = [...slots].filter((slot) => !this.#parole.has(slot));
    for (const slot of added) this.#parole.add(slot);
    return added;
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
}
