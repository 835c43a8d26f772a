import type { FileIndex, Millis, PieceIndex } from "../base/brand.ts";
import { toHex } from "../base/bytes.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import {
  answerHashRequest,
  checkHashes,
  hashRequestMisfit,
  layerLength,
  leafRequests,
  pieceLayerRequests,
  piecesForHashRequest,
  treeShape,
  type TreeShape,
} from "../meta/hash-proof.ts";
import type { Layout, LayoutFile } from "../meta/layout.ts";
import { HASH_BYTES, HashTree } from "../meta/merkle.ts";
import type { StorageId } from "../ports/disk.ts";
import type { HashRequest } from "../wire/message.ts";
import type { SessionContext } from "./context.ts";
import type { PeerConnection } from "./peer-connection.ts";

const ANSWER_TIMEOUT_MS = 10_000;
/** A peer that could not answer is asked again after this time: it may have got the hashes itself. */
const REFUSED_PAUSE_MS = 30_000;
/** Pieces that may be read at once to answer one peer's hash requests; more requests are rejected. */
const MAX_READS_PER_PEER = 8;
/** Bytes waiting to be sent to a peer above which it gets no hashes: it doesn't read what it asks for. */
const MAX_QUEUED = 1 << 20;
const MAX_QUERIES_PER_PEER = 4;

export interface HashExchangeOwner {
  readonly connectedPeers: ReadonlySet<PeerConnection>;
  hasPiece(piece: PieceIndex): boolean;
  onPieceLayer(file: LayoutFile): void;
  /** `leaves` are proved: 32 bytes for each block of the piece. */
  onLeaves(piece: PieceIndex, leaves: Uint8Array): void;
}

/** A hash request that we want answered by somebody. */
interface Query {
  readonly request: HashRequest;
  readonly shape: TreeShape;
  readonly onHashes: (hashes: Uint8Array) => void;
  /** The piece whose leaves are asked for; -1 for piece layers. */
  readonly piece: PieceIndex;
  askedPeer: PeerConnection | null;
  askedAt: Millis;
  /** Peers that refused or did not answer, and when they may be asked again. */
  readonly notBefore: WeakMap<PeerConnection, Millis>;
}

/** Both ends of the v2 hash messages (BEP 52): serves layers and leaves, fetches piece layers that the metadata came without. */
export class HashExchange {
  readonly #context: SessionContext;
  readonly #owner: HashExchangeOwner;
  readonly #layout: Layout;
  readonly #storage: StorageId;
  readonly #hashes: PieceHashes;
  readonly #files: Map<string, LayoutFile> = new Map();
  readonly #trees: Map<FileIndex, HashTree> = new Map();
  readonly #queries: Set<Query> = new Set();
  readonly #reads: WeakMap<PeerConnection, number> = new WeakMap();

  constructor(
    context: SessionContext,
    owner: HashExchangeOwner,
    layout: Layout,
    storage: StorageId,
    hashes: PieceHashes,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#layout = layout;
    this.#storage = storage;
    this.#hashes = hashes;
    for (const file of layout.files)
      if (file.piecesRoot !== null) this.#files.set(toHex(file.piecesRoot), file);
    for (const file of hashes.missingLayers()) this.#fetchLayer(file);
  }

  /** True when nothing is wanted from peers. */
  get isIdle(): boolean {
    return this.#queries.size === 0;
  }

  /** Asks for the leaf hashes of a piece whose root is known, to find out which of its blocks are wrong. */
  fetchLeaves(piece: PieceIndex): void {
    const file = this.#layout.fileOfPiece(piece);
    const shape = treeShape(file.size, this.#layout.pieceLength);
    const requests = leafRequests(file.piecesRoot!, shape, piece - file.firstPiece);
    if (requests.length === 0) {
      this.#owner.onLeaves(piece, this.#hashes.root(piece)!);
      return;
    }
    const blocks = this.#layout.blockCount(piece);
    const leaves = new Uint8Array(blocks * HASH_BYTES);
    let left = requests.length;
    for (const request of requests) {
      const first = request.index - requests[0]!.index;
      this.#ask(request, shape, piece, (hashes) => {
        const count = Math.min(request.length, blocks - first);
        leaves.set(hashes.subarray(0, count * HASH_BYTES), first * HASH_BYTES);
        if (--left === 0) this.#owner.onLeaves(piece, leaves);
      });
    }
  }

  isFetchingLeaves(piece: PieceIndex): boolean {
    for (const query of this.#queries) if (query.piece === piece) return true;
    return false;
  }

  onRequest(peer: PeerConnection, request: HashRequest): void {
    const file =
      peer.connection.queuedBytes > MAX_QUEUED ? undefined : this.#files.get(toHex(request.piecesRoot));
    const shape = file === undefined ? null : treeShape(file.size, this.#layout.pieceLength);
    if (file === undefined || shape === null || hashRequestMisfit(shape, request) !== null) {
      peer.session.out.hashReject(request);
      return;
    }
    const [from, end] = piecesForHashRequest(shape, request);
    const reading = this.#reads.get(peer) ?? 0;
    for (let piece = from; piece < end; piece++) {
      if (!this.#owner.hasPiece(file.firstPiece + piece) || reading + end - from > MAX_READS_PER_PEER) {
        peer.session.out.hashReject(request);
        return;
      }
    }
    const leaves = new Map<number, Uint8Array>();
    if (from === end) {
      this.#answer(peer, file, shape, request, leaves);
      return;
    }
    let left = end - from;
    this.#reads.set(peer, reading + left);
    for (let piece = from; piece < end; piece++) {
      this.#context.disk.hash(
        this.#storage,
        file.firstPiece + piece,
        { sha1: false, merkle: true },
        (_error, digest) => {
          if (digest !== null && digest.leaves !== null) leaves.set(piece, digest.leaves);
          this.#reads.set(peer, this.#reads.get(peer)! - 1);
          if (--left === 0) this.#answer(peer, file, shape, request, leaves);
        },
      );
    }
  }

  onHashes(peer: PeerConnection, request: HashRequest, hashes: Uint8Array): void {
    const query = this.#find(peer, request);
    if (query === undefined) return;
    const known = (level: number, index: number): Uint8Array | null => {
      const file = this.#files.get(toHex(request.piecesRoot))!;
      return level === query.shape.pieceLevel ? this.#hashes.root(file.firstPiece + index) : null;
    };
    if (!checkHashes(this.#context.hasher.sha256, query.shape, query.request, hashes, known)) {
      this.#refuse(query, peer);
      return;
    }
    this.#queries.delete(query);
    query.onHashes(hashes.slice());
    this.onTick(this.#context.now());
  }

  onReject(peer: PeerConnection, request: HashRequest): void {
    const query = this.#find(peer, request);
    if (query !== undefined) this.#refuse(query, peer);
  }

  onPeerGone(peer: PeerConnection): void {
    for (const query of this.#queries) if (query.askedPeer === peer) query.askedPeer = null;
  }

  /** Hands open queries to peers that can answer. */
  onTick(now: Millis): void {
    const load = new Map<PeerConnection, number>();
    for (const query of this.#queries) {
      const { askedPeer } = query;
      if (askedPeer === null) continue;
      if (now - query.askedAt > ANSWER_TIMEOUT_MS) this.#refuse(query, askedPeer);
      else load.set(askedPeer, (load.get(askedPeer) ?? 0) + 1);
    }
    for (const query of this.#queries) {
      if (query.askedPeer !== null) continue;
      for (const peer of this.#owner.connectedPeers) {
        const busy = load.get(peer) ?? 0;
        if (
          !peer.session.v2 ||
          peer.closed ||
          busy >= MAX_QUERIES_PER_PEER ||
          now < (query.notBefore.get(peer) ?? 0)
        )
          continue;
        load.set(peer, busy + 1);
        query.askedPeer = peer;
        query.askedAt = now;
        peer.session.out.hashRequest(query.request);
        peer.flush();
        break;
      }
    }
  }

  #fetchLayer(file: LayoutFile): void {
    const shape = treeShape(file.size, this.#layout.pieceLength);
    const count = layerLength(shape, shape.pieceLevel);
    const layer = new Uint8Array(count * HASH_BYTES);
    const requests = pieceLayerRequests(file.piecesRoot!, shape);
    let left = requests.length;
    for (const request of requests) {
      this.#ask(request, shape, -1, (hashes) => {
        const taken = Math.min(request.length, count - request.index);
        layer.set(hashes.subarray(0, taken * HASH_BYTES), request.index * HASH_BYTES);
        if (--left > 0) return;
        this.#hashes.setPieceLayer(file.index, layer);
        this.#owner.onPieceLayer(file);
      });
    }
  }

  #ask(
    request: HashRequest,
    shape: TreeShape,
    piece: PieceIndex,
    onHashes: (hashes: Uint8Array) => void,
  ): void {
    this.#queries.add({
      request,
      shape,
      piece,
      onHashes,
      askedPeer: null,
      askedAt: 0,
      notBefore: new WeakMap(),
    });
  }

  #find(peer: PeerConnection, request: HashRequest): Query | undefined {
    const root = toHex(request.piecesRoot);
    for (const query of this.#queries) {
      const asked = query.request;
      if (
        query.askedPeer === peer &&
        asked.index === request.index &&
        asked.baseLayer === request.baseLayer &&
        asked.length === request.length &&
        toHex(asked.piecesRoot) === root
      ) {
        return query;
      }
    }
    return undefined;
  }

  #refuse(query: Query, peer: PeerConnection): void {
    query.askedPeer = null;
    query.notBefore.set(peer, this.#context.now() + REFUSED_PAUSE_MS);
  }

  #answer(
    peer: PeerConnection,
    file: LayoutFile,
    shape: TreeShape,
    request: HashRequest,
    leaves: ReadonlyMap<number, Uint8Array>,
  ): void {
    if (peer.closed) return;
    const hashes = answerHashRequest(
      this.#context.hasher.sha256,
      shape,
      request,
      this.#treeOf(file, shape),
      leaves,
    );
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
