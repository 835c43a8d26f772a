import type { BlockIndex, Millis, PieceIndex } from "../base/brand.ts";
import type { Party } from "../core/delivery-log.ts";
import type { RequestPipeline } from "../core/peer/pipeline.ts";
import type { RequestQueue } from "../core/peer/request-queue.ts";
import type { RequestTimeout } from "../core/peer/request-timeout.ts";
import type { PickPeer, SpeedClass } from "../core/picker/peer-state.ts";

/** Somebody who is asked for blocks: a peer, or a web seed. */
export interface BlockSource extends PickPeer {
  /** One for each, whatever its slot; the same when it comes again. */
  readonly name: string;
  /** Who it is, for people. */
  readonly party: Party;
  /** The picker knows it. */
  inPicker: boolean;
  readonly requests: RequestQueue;
  readonly pipeline: RequestPipeline;
  readonly timeout: RequestTimeout;
  /** It has something that we want, and may be asked. */
  readonly interested: boolean;
  parole: boolean;
  speed: SpeedClass;
  responseMs: Millis;
  /** Its reputation; see `Reputations`. */
  readonly score: number;
  /** Bytes in pieces that were right, whole blocks, since its reputation was counted last. */
  verified: number;
  /** What it sends beyond what it was asked for is taken as well: it has no choice. */
  readonly sendsMore: boolean;
  /** Blocks received that we never asked for. */
  unsolicited: number;
  /** Of its requests, or of what it may send, so many blocks have been taken from the speed limit. */
  paid: number;
  /** It is not read because of a speed limit. */
  readonly isHeld: boolean;
  /** Not asked for blocks before this time. */
  refillAt: Millis;
  /** When it last stopped serving us. */
  readonly chokedAt: Millis;
  setInterested(interested: boolean): void;
  /** These two go out with `flush`. */
  request(piece: PieceIndex, block: BlockIndex, length: number): void;
  cancel(piece: PieceIndex, block: BlockIndex, length: number): void;
  flush(): void;
  /** Reads nothing more from it, or goes on, because of a speed limit. */
  setHeld(held: boolean): void;
  /** A block that we asked for, `latencyMs` ago; null when the request had been withdrawn, or there was none. */
  onBlock(length: number, latencyMs: Millis | null, now: Millis): void;
  /** It did not deliver in time what was asked for. */
  onSilent(): void;
}
