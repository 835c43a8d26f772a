import type { BlockIndex, Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import { equalBytes } from "../base/bytes.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import { NO_PEER, type PiecePicker } from "../core/picker/piece-picker.ts";
import { HASH_BYTES } from "../meta/merkle.ts";
import type { PieceDigest } from "../ports/disk.ts";
import type { SessionContext } from "./context.ts";
import type { HashExchange } from "./hash-exchange.ts";
import type { PeerConnection } from "./peer-connection.ts";

/** How long a failed piece waits for leaf hashes before it is fetched again as a whole. */
const LEAVES_WAIT_MS = 15_000;

export interface JudgeOwner {
  readonly connectedPeers: ReadonlySet<PeerConnection>;
  ban(slot: PeerSlot, reason: string): void;
  /** `bytes` of the piece were received in vain. */
  onWaste(piece: PieceIndex, blocks: number): void;
}

interface FailedPiece {
  readonly leaves: Uint8Array;
  readonly contributors: readonly PeerSlot[];
  readonly failedAt: Millis;
}

/**
 * Decides what follows from a piece that failed: which of its blocks must come again and who is turned away. Only proof bans: a
 * peer that delivered the whole piece, a block that differs from its leaf hash (v2), or a block that differs from the right one
 * once the piece is right (v1, see Attribution). Without proof, suspects get whole pieces alone until they are cleared.
 */
export class BadPieceJudge {
  readonly #context: SessionContext;
  readonly #owner: JudgeOwner;
  readonly #picker: PiecePicker;
  readonly #hashes: PieceHashes;
  readonly #exchange: HashExchange;
  /** Failed pieces whose blocks are kept until leaf hashes tell the bad ones. */
  readonly #held: Map<PieceIndex, FailedPiece> = new Map();

  constructor(
    context: SessionContext,
    owner: JudgeOwner,
    picker: PiecePicker,
    hashes: PieceHashes,
    exchange: HashExchange,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#picker = picker;
    this.#hashes = hashes;
    this.#exchange = exchange;
  }

  onFailed(piece: PieceIndex, digest: PieceDigest, contributors: readonly PeerSlot[]): void {
    const peers = new Set(contributors);
    const [only] = peers;
    if (peers.size === 1 && only !== NO_PEER && only !== undefined) {
      this.#retry(piece, null, contributors.length);
      this.#owner.ban(only, "sent a piece that is not what the torrent says");
      return;
    }
    if (digest.leaves !== null && this.#hashes.root(piece) !== null && this.#hasV2Peer()) {
      this.#held.set(piece, { leaves: digest.leaves, contributors, failedAt: this.#context.now() });
      this.#exchange.fetchLeaves(piece);
      this.#exchange.onTick(this.#context.now());
      return;
    }
    this.#retry(piece, null, contributors.length);
  }

  /** `leaves` are the right ones, proved against the piece's hash. */
  onLeaves(piece: PieceIndex, leaves: Uint8Array): void {
    const failed = this.#held.get(piece);
    if (failed === undefined) return;
    this.#held.delete(piece);
    const bad: BlockIndex[] = [];
    const liars = new Set<PeerSlot>();
    failed.contributors.forEach((slot, block) => {
      const from = block * HASH_BYTES;
      if (
        equalBytes(leaves.subarray(from, from + HASH_BYTES), failed.leaves.subarray(from, from + HASH_BYTES))
      )
        return;
      bad.push(block);
      if (slot !== NO_PEER) liars.add(slot);
    });
    this.#retry(piece, bad.length === 0 ? null : bad, bad.length);
    for (const slot of liars) this.#owner.ban(slot, "sent a block that is not what the torrent says");
  }

  onVerified(piece: PieceIndex): void {
    this.#held.delete(piece);
  }

  onTick(now: Millis): void {
    for (const [piece, failed] of this.#held) {
      if (now - failed.failedAt < LEAVES_WAIT_MS) continue;
      this.#held.delete(piece);
      this.#retry(piece, null, failed.contributors.length);
    }
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
