import { copyBytes } from "../../base/bytes.ts";
import type { Millis, PeerSlot } from "../../base/brand.ts";
import { MAX_METADATA_BYTES, METADATA_PIECE_BYTES } from "../../wire/extension.ts";

const REQUEST_TIMEOUT_MS = 15_000;
const REJECT_PAUSE_MS = 30_000;
const MAX_REQUESTS_PER_PEER = 4;

interface Source {
  readonly size: number;
  inFlight: number;
  /** Not asked before this time: it rejected or timed out. */
  pausedUntil: Millis;
}

interface Part {
  data: Uint8Array | null;
  from: PeerSlot;
  requestedFrom: PeerSlot;
  requestedAt: Millis;
}

const NOBODY = -1;

/** What the owner does for the fetcher. */
export interface MetadataHost {
  requestMetadata(peer: PeerSlot, part: number): void;
  /** True when the bytes hash to what was asked for. */
  isRightMetadata(bytes: Uint8Array): boolean;
  onMetadata(bytes: Uint8Array): void;
  /** One peer alone delivered metadata that does not match the hash: proof of a lie. */
  onMetadataLiar(peer: PeerSlot): void;
}

/**
 * Gets the info dictionary from peers (BEP 9). The size is the peers' claim: candidates are grouped by it and one size is tried
 * at a time. When the assembled bytes don't match and several peers took part, the next attempt takes all parts from
 * one peer only, so that a liar is found.
 */
export class MetadataFetcher {
  readonly #host: MetadataHost;
  readonly #sources: Map<PeerSlot, Source> = new Map();
  /** The size being tried; 0 when there is none. */
  #size = 0;
  #parts: Part[] = [];
  /** After a mismatch: take everything from this peer. */
  #onlyFrom: PeerSlot = NOBODY;
  readonly #suspects: PeerSlot[] = [];
  #done = false;

  constructor(host: MetadataHost) {
    this.#host = host;
  }

  get done(): boolean {
    return this.#done;
  }

  /** Number of peers that say they have the metadata. */
  get sourceCount(): number {
    return this.#sources.size;
  }

  /** A peer announced `metadata_size` (already within bounds) in its extension handshake. */
  onSource(peer: PeerSlot, size: number, now: Millis): void {
    if (this.#done || size <= 0 || size > MAX_METADATA_BYTES || this.#sources.has(peer)) return;
    this.#sources.set(peer, { size, inFlight: 0, pausedUntil: 0 });
    this.onTick(now);
  }

  onPeerGone(peer: PeerSlot, now: Millis): void {
    if (!this.#sources.delete(peer)) return;
    for (const part of this.#parts) if (part.requestedFrom === peer) part.requestedFrom = NOBODY;
    if (this.#onlyFrom === peer) this.#nextSuspect();
    this.onTick(now);
  }

  onReject(peer: PeerSlot, index: number, now: Millis): void {
    const source = this.#sources.get(peer);
    const part = this.#parts[index];
    if (source === undefined || part === undefined || part.requestedFrom !== peer) return;
    part.requestedFrom = NOBODY;
    source.inFlight--;
    source.pausedUntil = now + REJECT_PAUSE_MS;
    this.onTick(now);
  }

  /** `data` is copied. Data that was not asked for is ignored. */
  onData(peer: PeerSlot, index: number, totalSize: number, data: Uint8Array, now: Millis): void {
    const source = this.#sources.get(peer);
    const part = this.#parts[index];
    if (this.#done || source === undefined || part === undefined || part.requestedFrom !== peer) return;
    source.inFlight--;
    part.requestedFrom = NOBODY;
    if (totalSize !== this.#size || data.length !== this.#partSize(index)) {
      source.pausedUntil = now + REJECT_PAUSE_MS;
    } else {
      part.data = copyBytes(data);
      part.from = peer;
      if (this.#parts.every((p) => p.data !== null)) this.#assemble();
    }
    this.onTick(now);
  }

  /** Asks for what is missing; call on every change and about once a second. */
  onTick(now: Millis): void {
    if (this.#done) return;
    for (const part of this.#parts) {
      if (part.requestedFrom === NOBODY || now - part.requestedAt < REQUEST_TIMEOUT_MS) continue;
      const source = this.#sources.get(part.requestedFrom);
      if (source !== undefined) {
        source.inFlight--;
        source.pausedUntil = now + REJECT_PAUSE_MS;
      }
      part.requestedFrom = NOBODY;
    }
    const only = this.#sources.get(this.#onlyFrom);
    if (only !== undefined && only.pausedUntil > now) this.#nextSuspect();
    if (this.#size === 0 || !this.#hasUsableSource(now)) this.#chooseSize(now);
    if (this.#size === 0) return;
    for (let index = 0; index < this.#parts.length; index++) {
      const part = this.#parts[index]!;
      if (part.data !== null || part.requestedFrom !== NOBODY) continue;
      const peer = this.#pickSource(now);
      if (peer === NOBODY) return;
      part.requestedFrom = peer;
      part.requestedAt = now;
      this.#sources.get(peer)!.inFlight++;
      this.#host.requestMetadata(peer, index);
      if (this.#done) return;
    }
  }

  #partSize(index: number): number {
    return Math.min(METADATA_PIECE_BYTES, this.#size - index * METADATA_PIECE_BYTES);
  }

  #usable(peer: PeerSlot, source: Source, now: Millis): boolean {
    return (
      source.size === this.#size &&
      source.pausedUntil <= now &&
      (this.#onlyFrom === NOBODY || this.#onlyFrom === peer)
    );
  }

  #hasUsableSource(now: Millis): boolean {
    for (const [peer, source] of this.#sources) {
      if (source.inFlight > 0 && source.size === this.#size) return true;
      if (this.#usable(peer, source, now)) return true;
    }
    return false;
  }

  #pickSource(now: Millis): PeerSlot {
    let best: PeerSlot = NOBODY;
    let bestLoad = MAX_REQUESTS_PER_PEER;
    for (const [peer, source] of this.#sources) {
      if (this.#usable(peer, source, now) && source.inFlight < bestLoad) {
        best = peer;
        bestLoad = source.inFlight;
      }
    }
    return best;
  }

  /** Takes the size that most usable peers name; keeps what was fetched when that is the current one. */
  #chooseSize(now: Millis): void {
    const votes = new Map<number, number>();
    for (const source of this.#sources.values()) {
      if (source.pausedUntil <= now) votes.set(source.size, (votes.get(source.size) ?? 0) + 1);
    }
    let size = 0;
    let most = 0;
    for (const [candidate, count] of votes) {
      if (count > most) {
        size = candidate;
        most = count;
      }
    }
    if (size === 0 || size === this.#size) return;
    this.#restart(size);
    this.#onlyFrom = NOBODY;
    this.#suspects.length = 0;
  }

  #restart(size: number): void {
    for (const source of this.#sources.values()) source.inFlight = 0;
    this.#size = size;
    this.#parts = Array.from({ length: Math.ceil(size / METADATA_PIECE_BYTES) }, () => ({
      data: null,
      from: NOBODY,
      requestedFrom: NOBODY,
      requestedAt: 0,
    }));
  }

  #assemble(): void {
    const bytes = new Uint8Array(this.#size);
    const contributors = new Set<PeerSlot>();
    this.#parts.forEach((part, index) => {
      bytes.set(part.data!, index * METADATA_PIECE_BYTES);
      contributors.add(part.from);
    });
    if (this.#host.isRightMetadata(bytes)) {
      this.#done = true;
      this.#parts = [];
      this.#host.onMetadata(bytes);
      return;
    }
    const size = this.#size;
    this.#size = 0;
    this.#parts = [];
    if (contributors.size === 1) {
      const [liar] = contributors as Set<PeerSlot> & Iterable<PeerSlot>;
      this.#sources.delete(liar!);
      this.#nextSuspect();
      if (this.#onlyFrom !== NOBODY) this.#restart(size);
      this.#host.onMetadataLiar(liar!);
      return;
    }
    this.#suspects.push(...contributors);
    this.#nextSuspect();
    this.#restart(size);
  }

  #nextSuspect(): void {
    let next: PeerSlot | undefined;
    do next = this.#suspects.shift();
    while (next !== undefined && !this.#sources.has(next));
    this.#onlyFrom = next ?? NOBODY;
    for (const part of this.#parts) {
      part.data = null;
      part.requestedFrom = NOBODY;
    }
    for (const source of this.#sources.values()) source.inFlight = 0;
  }
}
