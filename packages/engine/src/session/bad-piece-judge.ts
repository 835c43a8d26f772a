import type { BlockIndex, Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import { equalBytes } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import { NO_PEER, type PiecePicker } from "../core/picker/piece-picker.ts";
import { Attribution, type BanReason, type Verdict } from "../core/swarm/attribution.ts";
import { FailureRounds } from "../core/swarm/failure-rounds.ts";
import { BLOCK_SIZE } from "../meta/layout.ts";
import { HASH_BYTES } from "../meta/merkle.ts";
import type { PieceDigest, StorageId } from "../ports/disk.ts";
import type { BlockSource } from "./block-source.ts";
import type { SessionContext } from "./context.ts";
import type { HashExchange } from "./hash-exchange.ts";
import { twoContents } from "./layer-proof.ts";
import type { PeerConnection } from "./peer-connection.ts";

/** How long a failed piece waits for leaf hashes before it is fetched again as a whole. */
const LEAVES_WAIT_MS = 15_000;

/** Pieces whose right leaves are remembered until they are verified. */
const MAX_KNOWN_LEAVES = 128;

const REASONS: Record<BanReason, string> = {
  "whole-piece-failed": "sent a piece that is not what the torrent says",
  "block-differs": "sent a block that differs from the right one",
  "leaf-differs": "sent a block that is not what the torrent says",
};

export interface JudgeOwner {
  readonly connectedPeers: ReadonlySet<PeerConnection>;
  sourceInSlot(slot: PeerSlot): BlockSource | undefined;
  ban(slot: PeerSlot, reason: string): void;
  /** So many blocks of the piece were received in vain. */
  onWaste(piece: PieceIndex, blocks: number): void;
  onWarning(error: ShoalError): void;
  /** The torrent can't go on. */
  onFailure(error: ShoalError): void;
}

interface FailedPiece {
  readonly leaves: Uint8Array;
  readonly contributors: readonly PeerSlot[];
  readonly failedAt: Millis;
  /** Its one sender has been judged already. */
  readonly judged: boolean;
}

/**
 * Decides what follows from a piece that failed: which of its blocks must come again and who is turned away (core/swarm/attribution
 * says who is proved to have lied). In v2 the leaf hashes of the piece are asked for, so that only the wrong blocks come again.
 * While nobody can be blamed there are pauses, and an end.
 */
export class BadPieceJudge {
  readonly #context: SessionContext;
  readonly #owner: JudgeOwner;
  readonly #storage: StorageId;
  readonly #picker: PiecePicker;
  readonly #hashes: PieceHashes;
  readonly #exchange: HashExchange;
  readonly #attribution: Attribution;
  readonly #rounds: FailureRounds = new FailureRounds();
  /** Names of those who hold or last held a slot: blame may come after a peer has left. */
  readonly #names: Map<PeerSlot, string> = new Map();
  /** Names of peers on parole, who stay so when they connect again. */
  readonly #onParole: Set<string> = new Set();
  /** Failed pieces whose blocks are kept until leaf hashes tell the bad ones. */
  readonly #held: Map<PieceIndex, FailedPiece> = new Map();
  /** Right leaves of pieces that failed, for the case that they fail again. */
  readonly #leaves: Map<PieceIndex, Uint8Array> = new Map();
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
    this.#attribution = new Attribution(
      NO_PEER,
      context.faults,
      (slot) => this.#names.get(slot) ?? `#${slot}`,
    );
  }

  onAdmitted(source: BlockSource): void {
    const { slot, name } = source;
    this.#attribution.forget(slot);
    this.#names.set(slot, name);
    if (!this.#onParole.has(name)) return;
    this.#attribution.putOnParole(slot);
    source.parole = true;
  }

  /** What was read twice gave the wrong hash twice. `digest` has leaves, also in v1. */
  onFailed(piece: PieceIndex, digest: PieceDigest, contributors: readonly PeerSlot[]): void {
    const { leaves } = digest;
    const now = this.#context.now();
    if (this.#hashes.passesOnlyOne(piece, digest)) {
      this.#owner.onFailure(twoContents());
      return;
    }
    const hasRoot = leaves !== null && this.#hashes.root(piece) !== null;
    if (!hasRoot) {
      this.#retry(piece, null, contributors.length);
      this.#conclude(this.#attribution.onFailed(piece, contributors, leaves, now), contributors);
      return;
    }
    const judged = new Set(contributors).size === 1;
    if (judged) this.#conclude(this.#attribution.onFailed(piece, contributors, leaves, now), contributors);
    this.#held.set(piece, { leaves, contributors, failedAt: now, judged });
    const known = this.#leaves.get(piece);
    if (known !== undefined) this.onLeaves(piece, known);
    else if (this.#hasLeafSource(piece)) this.#exchange.fetchLeaves(piece);
    else this.#giveUpLeaves(piece);
  }

  /** `leaves` are the right ones, proved against the piece's hash. */
  onLeaves(piece: PieceIndex, leaves: Uint8Array): void {
    if (this.#leaves.size < MAX_KNOWN_LEAVES) this.#leaves.set(piece, leaves);
    const failed = this.#held.get(piece);
    if (failed === undefined) return;
    this.#held.delete(piece);
    const { contributors } = failed;
    const bad: BlockIndex[] = [];
    contributors.forEach((_, block) => {
      const from = block * HASH_BYTES;
      const to = from + HASH_BYTES;
      if (!equalBytes(leaves.subarray(from, to), failed.leaves.subarray(from, to))) bad.push(block);
    });
    const senders = bad.map((block) => contributors[block]!);
    this.#retry(piece, bad.length === 0 ? null : bad, bad.length);
    if (!failed.judged)
      this.#conclude(this.#attribution.onLeafMismatch(senders, this.#context.now()), senders);
  }

  onVerified(piece: PieceIndex, digest: PieceDigest, contributors: readonly PeerSlot[]): void {
    this.#leaves.delete(piece);
    this.#rounds.onVerified();
    this.#credit(contributors);
    const conclude = (digests: Uint8Array | null): void =>
      this.#apply(this.#attribution.onVerified(piece, contributors, digests, this.#context.now()));
    if (this.#attribution.wantsDigests(piece)) this.#withDigests(piece, digest, conclude);
    else conclude(null);
  }

  /** The same data on disk had two hashes. `again` tells whether it is to be fetched again. */
  onUnstable(piece: PieceIndex, again: boolean): void {
    this.#context.faults.onUnstable(this.#context.now());
    if (!again) {
      this.#suspectLocal();
      return;
    }
    const involved = this.#picker.contributors(piece);
    this.#retry(piece, null, involved.length);
    this.#pause(involved);
  }

  /** What waits for leaves is looked at again when the torrent goes on. */
  onPause(): void {
    for (const piece of this.#held.keys()) this.#exchange.cancelLeaves(piece);
    this.#held.clear();
  }

  /** Leaves of failed pieces are awaited, for a while. */
  get isWaiting(): boolean {
    return this.#held.size > 0;
  }

  onTick(now: Millis): void {
    this.#apply(this.#attribution.onTick(now));
    for (const [piece, failed] of this.#held)
      if (now - failed.failedAt >= LEAVES_WAIT_MS) this.#giveUpLeaves(piece);
  }

  /** Leaves don't come: the piece is fetched again as a whole. */
  #giveUpLeaves(piece: PieceIndex): void {
    const { contributors, leaves, judged } = this.#held.get(piece)!;
    this.#held.delete(piece);
    this.#exchange.cancelLeaves(piece);
    this.#retry(piece, null, contributors.length);
    if (judged) return;
    const now = this.#context.now();
    this.#conclude(this.#attribution.onFailed(piece, contributors, leaves, now), contributors);
  }

  /** One digest for each block of what is on disk now: the leaves, also in v1, where nothing else needs them. */
  #withDigests(piece: PieceIndex, digest: PieceDigest, use: (digests: Uint8Array | null) => void): void {
    if (digest.leaves !== null) {
      use(digest.leaves);
      return;
    }
    this.#context.disk.hash(
      this.#storage,
      piece,
      { sha1: false, merkle: false, leaves: true },
      (_error, again) => use(again?.leaves ?? null),
    );
  }

  /** After a failure of a piece in which `involved` took part. */
  #conclude(verdict: Verdict, involved: readonly PeerSlot[]): void {
    this.#apply(verdict);
    this.#pause(involved);
  }

  /** While nobody can be blamed, those who took part in a failure are left in peace for a while, and in the end it is enough. */
  #pause(involved: readonly PeerSlot[]): void {
    const now = this.#context.now();
    const judgement = this.#context.faults.judge(now);
    if (judgement === "sound") return;
    const until = this.#rounds.onFailed(now);
    for (const slot of new Set(involved)) {
      const peer = this.#owner.sourceInSlot(slot);
      if (peer !== undefined) peer.refillAt = Math.max(peer.refillAt, until);
    }
    if (judgement === "faulty") this.#suspectLocal();
    if (!this.#rounds.isOver) return;
    const message =
      "Everything that peers send fails verification; check this computer's memory and disk, or get the torrent file again";
    this.#owner.onFailure(new ShoalError("ERR_VERIFY", message));
  }

  #suspectLocal(): void {
    this.#context.onLocalFault();
    if (this.#warnedOfLocalFault) return;
    this.#warnedOfLocalFault = true;
    const message =
      "Data from many peers fails verification, so nobody is blamed; memory or disk of this computer may be faulty";
    this.#owner.onWarning(new ShoalError("ERR_VERIFY", message));
  }

  #apply(verdict: Verdict): void {
    for (const { slot, reason } of verdict.ban) this.#owner.ban(slot, REASONS[reason]);
    for (const slot of verdict.parole) this.#setParole(slot, true);
    for (const slot of verdict.cleared) this.#setParole(slot, false);
  }

  #setParole(slot: PeerSlot, parole: boolean): void {
    const name = this.#names.get(slot);
    if (name !== undefined && parole) this.#onParole.add(name);
    else if (name !== undefined) this.#onParole.delete(name);
    const peer = this.#owner.sourceInSlot(slot);
    if (peer !== undefined) peer.parole = parole;
  }

  /** Whether a peer that is still there could tell the leaves of a piece; they need no telling where a piece is one block. */
  #hasLeafSource(piece: PieceIndex): boolean {
    if (this.#hashes.isLeaf(piece)) return true;
    for (const peer of this.#owner.connectedPeers)
      if (peer.session.v2 && !peer.closed && peer.session.have?.get(piece) === true) return true;
    return false;
  }

  /** Only what was right speaks for a peer. */
  #credit(contributors: readonly PeerSlot[]): void {
    for (let from = 0, to = 0; from < contributors.length; from = to) {
      while (to < contributors.length && contributors[to] === contributors[from]) to++;
      const peer = this.#owner.sourceInSlot(contributors[from]!);
      if (peer !== undefined) peer.verified += (to - from) * BLOCK_SIZE;
    }
  }

  #retry(piece: PieceIndex, blocks: readonly BlockIndex[] | null, count: number): void {
    this.#owner.onWaste(piece, count);
    this.#picker.onHashFailed(piece, blocks);
  }
}
