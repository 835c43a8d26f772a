import type { BlockIndex, Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import { equalBytes } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import { NO_PEER, type PiecePicker } from "../core/picker/piece-picker.ts";
import { Attribution, type BanReason, type Verdict } from "../core/swarm/attribution.ts";
import { HASH_BYTES } from "../meta/merkle.ts";
import type { PieceDigest, StorageId } from "../ports/disk.ts";
import type { SessionContext } from "./context.ts";
import type { HashExchange } from "./hash-exchange.ts";
import type { PeerConnection } from "./peer-connection.ts";

/** How long a failed piece waits for leaf hashes before it is fetched again as a whole. */
const LEAVES_WAIT_MS = 15_000;

const REASONS: Record<BanReason, string> = {
  "whole-piece-failed": "sent a piece that is not what the torrent says",
  "block-differs": "sent a block that differs from the right one",
  "leaf-differs": "sent a block that is not what the torrent says",
};

export interface JudgeOwner {
  readonly connectedPeers: ReadonlySet<PeerConnection>;
  peerInSlot(slot: PeerSlot): PeerConnection | undefined;
  ban(slot: PeerSlot, reason: string): void;
  /** So many blocks of the piece were received in vain. */
  onWaste(piece: PieceIndex, blocks: number): void;
  onWarning(error: ShoalError): void;
}

interface FailedPiece {
  readonly leaves: Uint8Array;
  readonly contributors: readonly PeerSlot[];
  readonly failedAt: Millis;
}

/**
 * Decides what follows from a piece that failed: which of its blocks must come again and who is turned away (core/swarm/attribution
 * says who is proved to have lied). In v2 the leaf hashes of the piece are asked for, so that only the wrong blocks come again.
 */
export class BadPieceJudge {
  readonly #context: SessionContext;
  readonly #owner: JudgeOwner;
  readonly #storage: StorageId;
  readonly #picker: PiecePicker;
  readonly #hashes: PieceHashes;
  readonly #exchange: HashExchange;
  readonly #attribution: Attribution = new Attribution(NO_PEER);
  /** Failed pieces whose blocks are kept until leaf hashes tell the bad ones. */
  readonly #held: Map<PieceIndex, FailedPiece> = new Map();
  #warnedOfLocalFault = false;

  constructor(
    context: SessionContext,
    owner: JudgeOwner,
    storage: StorageId,
    picker: PiecePicker,
    hashes: PieceHashes,
    exchange: HashExchange,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#storage = storage;
    this.#picker = picker;
    this.#hashes = hashes;
    this.#exchange = exchange;
  }

  onFailed(piece: PieceIndex, digest: PieceDigest, contributors: readonly PeerSlot[]): void {
    const single = new Set(contributors).size === 1;
    if (!single && digest.leaves !== null && this.#hashes.root(piece) !== null && this.#hasV2Peer()) {
      this.#held.set(piece, { leaves: digest.leaves, contributors, failedAt: this.#context.now() });
      this.#exchange.fetchLeaves(piece);
      this.#exchange.onTick(this.#context.now());
      return;
    }
    // What failed is compared before it is fetched again and overwritten.
    this.#withDigests(piece, digest, (digests) => this.#blame(piece, contributors, digests));
  }

  /** `leaves` are the right ones, proved against the piece's hash. */
  onLeaves(piece: PieceIndex, leaves: Uint8Array): void {
    const failed = this.#held.get(piece);
    if (failed === undefined) return;
    this.#held.delete(piece);
    const bad: BlockIndex[] = [];
    failed.contributors.forEach((_, block) => {
      const from = block * HASH_BYTES;
      const to = from + HASH_BYTES;
      if (!equalBytes(leaves.subarray(from, to), failed.leaves.subarray(from, to))) bad.push(block);
    });
    const senders = bad.map((block) => failed.contributors[block]!);
    this.#retry(piece, bad.length === 0 ? null : bad, bad.length);
    this.#apply(this.#attribution.onLeafMismatch(senders, this.#context.now()));
  }

  onVerified(piece: PieceIndex, digest: PieceDigest, contributors: readonly PeerSlot[]): void {
    const conclude = (digests: Uint8Array | null): void =>
      this.#apply(this.#attribution.onVerified(piece, contributors, digests, this.#context.now()));
    if (this.#attribution.wantsDigests(piece)) this.#withDigests(piece, digest, conclude);
    else conclude(null);
  }

  /** The slot belongs to another peer now. */
  forget(slot: PeerSlot): void {
    this.#attribution.forget(slot);
  }

  onTick(now: Millis): void {
    for (const [piece, failed] of this.#held) {
      if (now - failed.failedAt < LEAVES_WAIT_MS) continue;
      this.#held.delete(piece);
      this.#blame(piece, failed.contributors, failed.leaves);
    }
  }

  #blame(piece: PieceIndex, contributors: readonly PeerSlot[], digests: Uint8Array | null): void {
    this.#retry(piece, null, contributors.length);
    this.#apply(this.#attribution.onFailed(piece, contributors, digests, this.#context.now()));
  }

  /** One digest for each block of what is on disk now: the leaves, also in v1, where nothing else needs them. */
  #withDigests(piece: PieceIndex, digest: PieceDigest, use: (digests: Uint8Array | null) => void): void {
    if (digest.leaves !== null) {
      use(digest.leaves);
      return;
    }
    this.#context.disk.hash(this.#storage, piece, { sha1: false, merkle: true }, (_error, again) =>
      use(again?.leaves ?? null),
    );
  }

  #apply(verdict: Verdict): void {
    for (const { slot, reason } of verdict.ban) this.#owner.ban(slot, REASONS[reason]);
    for (const slot of verdict.parole) this.#setParole(slot, true);
    for (const slot of verdict.cleared) this.#setParole(slot, false);
    if (!verdict.suspectLocal || this.#warnedOfLocalFault) return;
    this.#warnedOfLocalFault = true;
    this.#owner.onWarning(
      new ShoalError(
        "ERR_VERIFY",
        "Data from many peers fails verification; memory or disk of this computer may be faulty",
      ),
    );
  }

  #setParole(slot: PeerSlot, parole: boolean): void {
    const peer = this.#owner.peerInSlot(slot);
    if (peer !== undefined) peer.parole = parole;
  }

  #hasV2Peer(): boolean {
    for (const peer of this.#owner.connectedPeers) if (peer.session.v2 && !peer.closed) return true;
    return false;
  }

  #retry(piece: PieceIndex, blocks: readonly BlockIndex[] | null, count: number): void {
    this.#owner.onWaste(piece, count);
    this.#picker.onHashFailed(piece, blocks);
  }
}
