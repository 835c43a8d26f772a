import type { Millis, PeerSlot } from "../base/brand.ts";
import { equalBytes } from "../base/bytes.ts";
import { MetadataFetcher } from "../core/metadata/metadata-fetcher.ts";
import type { InfoHashes } from "../meta/info-hash.ts";
import {
  decodeMetadataMessage,
  encodeMetadataData,
  encodeMetadataReject,
  encodeMetadataRequest,
  METADATA_PIECE_BYTES,
} from "../wire/extension.ts";
import type { SessionContext } from "./context.ts";
import type { PeerConnection } from "./peer-connection.ts";

/** Requests for metadata that one peer may make; more are rejected: it is small and needs fetching once. */
const MAX_SERVED_ROUNDS = 3;

export interface MetadataOwner {
  readonly swarm: {
    inSlot(slot: PeerSlot): PeerConnection | undefined;
    ban(slot: PeerSlot, reason: string): void;
  };
  /** `bytes` hash to the torrent's info-hash. */
  onInfoBytes(bytes: Uint8Array): void;
}

/** Both ends of the metadata exchange (BEP 9): gets the info dictionary while it is unknown, serves it afterwards. */
export class TorrentMetadata {
  readonly #context: SessionContext;
  readonly #owner: MetadataOwner;
  readonly #infoHashes: InfoHashes;
  readonly #fetcher: MetadataFetcher;
  readonly #served: WeakMap<PeerConnection, number> = new WeakMap();
  #infoBytes: Uint8Array | null;

  constructor(
    context: SessionContext,
    owner: MetadataOwner,
    infoHashes: InfoHashes,
    infoBytes: Uint8Array | null,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#infoHashes = infoHashes;
    this.#infoBytes = infoBytes;
    this.#fetcher = new MetadataFetcher({
      requestMetadata: (slot, part) => this.#request(slot, part),
      isRightMetadata: (bytes) => this.#isRight(bytes),
      onMetadata: (bytes) => {
        this.#infoBytes = bytes;
        owner.onInfoBytes(bytes);
      },
      onMetadataLiar: (slot) => owner.swarm.ban(slot, "sent a wrong file list"),
    });
  }

  /** Size to announce, or null while there is nothing to serve. */
  get size(): number | null {
    return this.#infoBytes?.length ?? null;
  }

  get sourceCount(): number {
    return this.#fetcher.sourceCount;
  }

  /** The info dictionary is known from elsewhere. */
  know(infoBytes: Uint8Array): void {
    this.#infoBytes = infoBytes;
  }

  onSource(peer: PeerConnection, size: number): void {
    if (this.#infoBytes === null) this.#fetcher.onSource(peer.slot, size, this.#context.now());
  }

  onPeerGone(slot: PeerSlot): void {
    if (this.#infoBytes === null) this.#fetcher.onPeerGone(slot, this.#context.now());
  }

  onTick(now: Millis): void {
    if (this.#infoBytes === null) this.#fetcher.onTick(now);
  }

  /** A ut_metadata message. Throws ProtocolError when it is malformed. */
  onMessage(peer: PeerConnection, payload: Uint8Array): void {
    const message = decodeMetadataMessage(payload);
    if (message === null) return;
    const now = this.#context.now();
    switch (message.type) {
      case "request":
        this.#serve(peer, message.piece);
        break;
      case "data":
        this.#fetcher.onData(peer.slot, message.piece, message.totalSize, message.data, now);
        break;
      case "reject":
        this.#fetcher.onReject(peer.slot, message.piece, now);
        break;
    }
  }

  #request(slot: PeerSlot, part: number): void {
    const peer = this.#owner.swarm.inSlot(slot);
    peer?.session.sendExtended("ut_metadata", encodeMetadataRequest(part));
    peer?.flush();
  }

  #serve(peer: PeerConnection, part: number): void {
    const info = this.#infoBytes;
    const served = this.#served.get(peer) ?? 0;
    const parts = info === null ? 0 : Math.ceil(info.length / METADATA_PIECE_BYTES);
    if (info === null || part >= parts || served >= parts * MAX_SERVED_ROUNDS) {
      peer.session.sendExtended("ut_metadata", encodeMetadataReject(part));
      return;
    }
    this.#served.set(peer, served + 1);
    const data = info.subarray(part * METADATA_PIECE_BYTES, (part + 1) * METADATA_PIECE_BYTES);
    peer.session.sendExtended("ut_metadata", encodeMetadataData(part, info.length, data));
  }

  #isRight(bytes: Uint8Array): boolean {
    const { hasher } = this.#context;
    const { v1, v2 } = this.#infoHashes;
    if (v2 !== null && !equalBytes(hasher.sha256(bytes), v2)) return false;
    if (v1 === null || equalBytes(hasher.sha1(bytes), v1)) return true;
    // A bare 40-digit hash may also be the truncated form of a v2 hash.
    return v2 === null && equalBytes(hasher.sha256(bytes).subarray(0, 20), v1);
  }
}
