import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import {
  answerHashRequest,
  hashRequestMisfit,
  piecesForHashRequest,
  treeShape,
  type TreeShape,
} from "../meta/hash-proof.ts";
import type { Layout, LayoutFile } from "../meta/layout.ts";
import { HashTree } from "../meta/merkle.ts";
import type { StorageId } from "../ports/disk.ts";
import type { HashRequest } from "../wire/message.ts";
import type { SessionContext } from "./context.ts";
import type { PeerConnection } from "./peer-connection.ts";

/** Pieces that may be read at once to answer one peer's hash requests; more requests are rejected. */
const MAX_READS_PER_PEER = 8;
/** Bytes waiting to be sent to a peer above which it gets no hashes: it doesn't read what it asks for. */
const MAX_QUEUED = 1 << 20;
/** What one peer may cost us with hash requests: bytes that are read and hashed for it, per second and at once. */
const COST_PER_SECOND = 16 * 1024 * 1024;
const COST_BURST = 512 * 1024 * 1024;
/** What an answer costs that nothing has to be read for. */
const COST_OF_LAYER = 64 * 1024;

/** What a peer's hash requests have cost. */
class Account {
  readonly budget: TokenBucket;
  /** Pieces that are being read for the peer. */
  reading = 0;

  constructor(now: number) {
    this.budget = new TokenBucket(COST_PER_SECOND, COST_BURST, now);
  }
}

/** Answers peers' requests for hashes (BEP 52), each with hashes or a reject, within a budget for every peer. */
export class HashAnswers {
  readonly #context: SessionContext;
  readonly #hasPiece: (piece: PieceIndex) => boolean;
  readonly #layout: Layout;
  readonly #storage: StorageId;
  readonly #hashes: PieceHashes;
  readonly #trees: Map<FileIndex, HashTree> = new Map();
  readonly #accounts: WeakMap<PeerConnection, Account> = new WeakMap();

  constructor(
    context: SessionContext,
    hasPiece: (piece: PieceIndex) => boolean,
    layout: Layout,
    storage: StorageId,
    hashes: PieceHashes,
  ) {
    this.#context = context;
    this.#hasPiece = hasPiece;
    this.#layout = layout;
    this.#storage = storage;
    this.#hashes = hashes;
  }

  /** `file` is the one that the request names, if we know it. */
  onRequest(peer: PeerConnection, request: HashRequest, file: LayoutFile | undefined): void {
    const shape = file === undefined ? null : treeShape(file.size, this.#layout.pieceLength);
    if (file === undefined || shape === null || hashRequestMisfit(shape, request) !== null) {
      peer.session.out.hashReject(request);
      return;
    }
    const [from, end] = piecesForHashRequest(shape, request);
    const account = this.#accountOf(peer);
    if (!this.#mayAsk(peer, account, file, from, end)) {
      peer.session.out.hashReject(request);
      return;
    }
    const leaves = new Map<number, Uint8Array>();
    if (from === end) {
      this.#answer(peer, file, shape, request, leaves);
      return;
    }
    let left = end - from;
    account.reading += left;
    for (let piece = from; piece < end; piece++) {
      this.#context.disk.hash(
        this.#storage,
        file.firstPiece + piece,
        { sha1: false, merkle: false, leaves: true },
        (_error, digest) => {
          if (digest !== null && digest.leaves !== null) leaves.set(piece, digest.leaves);
          account.reading--;
          if (--left === 0) this.#answer(peer, file, shape, request, leaves);
        },
      );
    }
  }

  #accountOf(peer: PeerConnection): Account {
    let account = this.#accounts.get(peer);
    if (account === undefined) {
      account = new Account(this.#context.now());
      this.#accounts.set(peer, account);
    }
    return account;
  }

  #mayAsk(peer: PeerConnection, account: Account, file: LayoutFile, from: number, end: number): boolean {
    if (peer.connection.queuedBytes > MAX_QUEUED) return false;
    if (account.reading + end - from > MAX_READS_PER_PEER) return false;
    for (let piece = from; piece < end; piece++) if (!this.#hasPiece(file.firstPiece + piece)) return false;
    const cost = Math.max(COST_OF_LAYER, (end - from) * this.#layout.pieceLength);
    return account.budget.take(Math.min(cost, COST_BURST), this.#context.now());
  }

  #answer(
    peer: PeerConnection,
    file: LayoutFile,
    shape: TreeShape,
    request: HashRequest,
    leaves: ReadonlyMap<number, Uint8Array>,
  ): void {
    if (peer.closed) return;
    const { sha256 } = this.#context.hasher;
    const hashes = answerHashRequest(sha256, shape, request, this.#treeOf(file, shape), leaves);
    if (hashes === null) peer.session.out.hashReject(request);
    else peer.session.out.hashes(request, hashes);
    peer.flush();
  }

  /** Tree over the file's piece layer; null when it has none or it isn't known. */
  #treeOf(file: LayoutFile, shape: TreeShape): HashTree | null {
    const known = this.#trees.get(file.index);
    if (known !== undefined) return known;
    const layer = this.#hashes.pieceLayers.get(file.index);
    if (layer === undefined) return null;
    const tree = new HashTree(this.#context.hasher.sha256, layer, shape.pieceLevel);
    this.#trees.set(file.index, tree);
    return tree;
  }
}
