import { decodeCompactPeers, type Endpoint, type Family, Nearness, parseIp } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import { copyBytes, equalBytes } from "../../base/bytes.ts";
import type { Samples } from "../../wire/krpc.ts";
import { KRPC_ERRORS, type Signed } from "../../wire/krpc-query.ts";
import { NearStore } from "./near-store.ts";
import { type Filters, StoredPeers } from "./stored-peers.ts";

const MAX_TORRENTS = 2_000;
const MAX_ITEMS = 700;
const PEER_SECONDS = 30 * 60;
/** BEP 44, "Expiration". */
const ITEM_MS = 2 * 3_600_000;
/** Peers of a torrent of ours that others told our node of. */
const OWN_PEERS = 100;
const SWEEP_MS = 300_000;
/** BEP 51: info-hashes in a sample, and how long the same ones are given. */
const SAMPLES = 20;
const SAMPLE_SECONDS = 600;

/** What is kept of an item (BEP 44). */
export interface StoredItem {
  readonly value: Uint8Array;
  /** Null for an immutable one. */
  readonly signed: Signed | null;
  readonly expiresAt: Millis;
}

/** Peers of a torrent for an answer, and what a scrape wants (BEP 33). */
export interface FoundPeers {
  readonly values: readonly Uint8Array[];
  readonly filters: Filters | null;
}

/** What a node keeps for others: peers of torrents (BEP 5, 33) and items (BEP 44). Bounded in every direction. */
export class Storage {
  readonly #ipBytes: 4 | 16;
  readonly #sha1: (bytes: Uint8Array) => Uint8Array;
  readonly #random: () => number;
  readonly #startedAt: Millis;
  readonly #torrents: NearStore<StoredPeers> = new NearStore(MAX_TORRENTS);
  readonly #items: NearStore<StoredItem> = new NearStore(MAX_ITEMS);
  #sweepAt: Millis;
  #samples: Samples | null = null;
  #samplesUntil: Millis = Number.NEGATIVE_INFINITY;

  constructor(family: Family, sha1: (bytes: Uint8Array) => Uint8Array, random: () => number, now: Millis) {
    this.#ipBytes = family === 4 ? 4 : 16;
    this.#sha1 = sha1;
    this.#random = random;
    this.#startedAt = now;
    this.#sweepAt = now + SWEEP_MS;
  }

  get torrentCount(): number {
    return this.#torrents.size;
  }

  get itemCount(): number {
    return this.#items.size;
  }

  get peerCount(): number {
    let count = 0;
    for (const key of this.#torrents.keys()) count += this.#torrents.get(key)!.count;
    return count;
  }

  /** Infinity while nothing is kept. */
  nextDeadline(): Millis {
    return this.#torrents.size + this.#items.size === 0 ? Number.POSITIVE_INFINITY : this.#sweepAt;
  }

  /** Drops what is too old. */
  onTime(now: Millis): void {
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + SWEEP_MS;
    const before = this.#seconds(now) - PEER_SECONDS;
    this.#torrents.sweep((peers) => {
      peers.expire(before);
      return peers.count === 0;
    });
    this.#items.sweep((item) => item.expiresAt <= now);
  }

  /** False when there is no room for the torrent. */
  addPeer(infoHash: Uint8Array, peer: Endpoint, isSeed: boolean, ownId: Uint8Array, now: Millis): boolean {
    const ip = parseIp(peer.host);
    if (ip === null || ip.length !== this.#ipBytes) return false;
    let peers = this.#torrents.get(infoHash);
    if (peers === null) {
      peers = new StoredPeers(this.#ipBytes);
      if (!this.#torrents.set(infoHash, peers, peer.host, ownId)) return false;
    }
    peers.add(ip, peer.port, isSeed, this.#seconds(now));
    return true;
  }

  /** Null when none are known. */
  findPeers(
    infoHash: Uint8Array,
    limit: number,
    how: { noSeed: boolean; scrape: boolean; asker: Nearness },
    now: Millis,
  ): FoundPeers | null {
    if (this.countPeers(infoHash, now) === 0) return null;
    const peers = this.#torrents.get(infoHash)!;
    const filters = how.scrape ? peers.filters(this.#sha1, this.#seconds(now)) : null;
    return { values: peers.sample(limit, how.noSeed, how.asker, this.#random()), filters };
  }

  /** Peers that we know of a torrent. */
  countPeers(infoHash: Uint8Array, now: Millis): number {
    const peers = this.#torrents.get(infoHash);
    peers?.expire(this.#seconds(now) - PEER_SECONDS);
    return peers?.count ?? 0;
  }

  /** Some of the peers that we know of a torrent. */
  peersOf(infoHash: Uint8Array, now: Millis): Endpoint[] {
    const how = { noSeed: false, scrape: false, asker: Nearness.here };
    const found = this.findPeers(infoHash, OWN_PEERS, how, now);
    return (found?.values ?? []).flatMap((peer) => decodeCompactPeers(peer, this.#ipBytes, 1));
  }

  getItem(target: Uint8Array, now: Millis): StoredItem | null {
    const item = this.#items.get(target);
    return item === null || item.expiresAt <= now ? null : item;
  }

  /** Stores an item that has been verified. 0, or the code of BEP 44 for what speaks against it. */
  putItem(
    target: Uint8Array,
    item: { readonly value: Uint8Array; readonly signed: Signed | null; readonly cas: bigint | null },
    host: string,
    ownId: Uint8Array,
    now: Millis,
  ): number {
    const old = this.getItem(target, now);
    if (old !== null && old.signed !== null && item.signed !== null) {
      if (item.cas !== null && item.cas !== old.signed.seq) return KRPC_ERRORS.casMismatch;
      const isSame = item.signed.seq === old.signed.seq && equalBytes(item.value, old.value);
      if (item.signed.seq < old.signed.seq || (item.signed.seq === old.signed.seq && !isSame)) {
        return KRPC_ERRORS.oldSequence;
      }
    }
    const signed = item.signed === null ? null : copied(item.signed);
    const stored = { value: copyBytes(item.value), signed, expiresAt: now + ITEM_MS };
    return this.#items.set(target, stored, host, ownId) ? 0 : KRPC_ERRORS.server;
  }

  /** BEP 51: the same choice for some time, so that nobody learns more by asking often. */
  samples(now: Millis): Samples {
    if (this.#samples === null || now >= this.#samplesUntil) {
      this.#samplesUntil = now + SAMPLE_SECONDS * 1_000;
      const keys = [...this.#torrents.keys()];
      const count = Math.min(keys.length, SAMPLES);
      for (let i = 0; i < count; i++) {
        const j = i + (this.#random() % (keys.length - i));
        [keys[i], keys[j]] = [keys[j]!, keys[i]!];
      }
      this.#samples = {
        infoHashes: keys.slice(0, count),
        total: keys.length,
        intervalSeconds: SAMPLE_SECONDS,
      };
    }
    return { ...this.#samples, total: this.#torrents.size };
  }

  #seconds(now: Millis): number {
    // Begins above zero, so that nothing is older than the beginning.
    return PEER_SECONDS + Math.floor((now - this.#startedAt) / 1_000);
  }
}

function copied({ publicKey, seq, signature }: Signed): Signed {
  return { publicKey: copyBytes(publicKey), seq, signature: copyBytes(signature) };
}
