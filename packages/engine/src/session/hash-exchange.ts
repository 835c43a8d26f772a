import type { Millis, PieceIndex } from "../base/brand.ts";
import { toHex } from "../base/bytes.ts";
import { HashQueries, type HashQuery } from "../core/hash-queries.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import {
  checkHashes,
  layerLength,
  leafRequests,
  pieceLayerRequests,
  treeShape,
  type TreeShape,
} from "../meta/hash-proof.ts";
import type { Layout, LayoutFile } from "../meta/layout.ts";
import { HASH_BYTES } from "../meta/merkle.ts";
import type { StorageId } from "../ports/disk.ts";
import type { HashRequest } from "../wire/message.ts";
import type { SessionContext } from "./context.ts";
import { HashAnswers } from "./hash-answers.ts";
import type { PeerConnection } from "./peer-connection.ts";

export interface HashExchangeOwner {
  readonly connectedPeers: ReadonlySet<PeerConnection>;
  hasPiece(piece: PieceIndex): boolean;
  onPieceLayer(file: LayoutFile): void;
  /** `leaves` are proved: 32 bytes for each block of the piece. */
  onLeaves(piece: PieceIndex, leaves: Uint8Array): void;
}

/** A query with what follows from its answer. */
interface Query extends HashQuery {
  readonly shape: TreeShape;
  /** More than one when several files have the same content. */
  readonly whenKnown: ((hashes: Uint8Array) => void)[];
}

/** Both ends of the v2 hash messages (BEP 52): serves layers and leaves, fetches piece layers that the metadata came without. */
export class HashExchange {
  readonly #context: SessionContext;
  readonly #owner: HashExchangeOwner;
  readonly #layout: Layout;
  readonly #hashes: PieceHashes;
  readonly #files: Map<string, LayoutFile> = new Map();
  readonly #queries: HashQueries<Query, PeerConnection> = new HashQueries();
  readonly #answers: HashAnswers;
  #started = false;

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
    this.#hashes = hashes;
    this.#answers = new HashAnswers(context, (piece) => owner.hasPiece(piece), layout, storage, hashes);
    for (const file of layout.files)
      if (file.piecesRoot !== null) this.#files.set(toHex(file.piecesRoot), file);
  }

  /** Asks peers for the piece layers that are not known by now; once. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    for (const file of this.#hashes.missingLayers()) this.#fetchLayer(file);
  }

  /** Something is to come from peers. */
  get isWaiting(): boolean {
    return this.#queries.size > 0;
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
      this.#want(request, shape, piece, (hashes) => {
        const count = Math.min(request.length, blocks - first);
        leaves.set(hashes.subarray(0, count * HASH_BYTES), first * HASH_BYTES);
        if (--left === 0) this.#owner.onLeaves(piece, leaves);
      });
    }
    this.#askAll();
  }

  /** The leaves that `fetchLeaves` asked for are not waited for any more. */
  cancelLeaves(piece: PieceIndex): void {
    this.#queries.cancelLeaves(piece);
  }

  onRequest(peer: PeerConnection, request: HashRequest): void {
    this.#answers.onRequest(peer, request, this.#files.get(toHex(request.piecesRoot)));
  }

  onHashes(peer: PeerConnection, request: HashRequest, hashes: Uint8Array): void {
    const query = this.#queries.find(peer, request);
    if (query === undefined) return;
    const known = (level: number, index: number): Uint8Array | null => {
      const file = this.#files.get(toHex(request.piecesRoot))!;
      return level === query.shape.pieceLevel ? this.#hashes.root(file.firstPiece + index) : null;
    };
    if (!checkHashes(this.#context.hasher.sha256, query.shape, query.request, hashes, known)) {
      this.#queries.onRefused(query, peer, this.#context.now());
      return;
    }
    this.#queries.onAnswered(query);
    for (const use of query.whenKnown) use(hashes);
    this.#ask(peer);
  }

  onReject(peer: PeerConnection, request: HashRequest): void {
    const query = this.#queries.find(peer, request);
    if (query !== undefined) this.#queries.onRefused(query, peer, this.#context.now());
  }

  onPeerGone(peer: PeerConnection): void {
    this.#queries.onPeerGone(peer);
  }

  /** Hands open queries to peers that can answer. */
  onTick(now: Millis): void {
    if (this.#queries.size === 0) return;
    this.#queries.onTick(now);
    this.#askAll();
  }

  #askAll(): void {
    for (const peer of this.#owner.connectedPeers) this.#ask(peer);
  }

  #ask(peer: PeerConnection): void {
    const { session } = peer;
    if (!session.v2 || peer.closed) return;
    const now = this.#context.now();
    // Leaves come from the data: who has the piece can make them.
    const canAnswer = ({ piece }: Query): boolean => piece < 0 || session.have?.get(piece) === true;
    let query = this.#queries.next(peer, canAnswer, now);
    while (query !== null) {
      session.out.hashRequest(query.request);
      query = this.#queries.next(peer, canAnswer, now);
    }
    peer.flush();
  }

  #fetchLayer(file: LayoutFile): void {
    const shape = treeShape(file.size, this.#layout.pieceLength);
    const count = layerLength(shape, shape.pieceLevel);
    const layer = new Uint8Array(count * HASH_BYTES);
    const requests = pieceLayerRequests(file.piecesRoot!, shape);
    let left = requests.length;
    for (const request of requests) {
      this.#want(request, shape, -1, (hashes) => {
        const taken = Math.min(request.length, count - request.index);
        layer.set(hashes.subarray(0, taken * HASH_BYTES), request.index * HASH_BYTES);
        if (--left > 0) return;
        this.#hashes.setPieceLayer(file.index, layer);
        this.#owner.onPieceLayer(file);
      });
    }
  }

  #want(
    request: HashRequest,
    shape: TreeShape,
    piece: PieceIndex,
    whenKnown: (hashes: Uint8Array) => void,
  ): void {
    const query: Query = { request, shape, piece, whenKnown: [] };
    this.#queries.add(query).whenKnown.push(whenKnown);
  }
}
