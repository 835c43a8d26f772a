import { endpointKey } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import { type DialMemory, type DialWay, hasOtherWay } from "./dial-way.ts";

/** How we know of a peer, the most trusted first. */
const SOURCES = ["user", "magnet", "tracker", "lsd", "dht", "pex", "incoming"] as const;
export type PeerSource = (typeof SOURCES)[number];

/** Ways on which nobody answers for a peer: not for private torrents (BEP 27). */
const OPEN_SOURCES: ReadonlySet<PeerSource> = new Set(["lsd", "dht", "pex"]);

/** Part of the list that each source keeps against floods from the others. */
const RESERVE = 0.1;
/** Sources whose peers are never given up: a person named them. */
export const isNamed = (source: PeerSource): boolean => source === "user" || source === "magnet";

const NAMED_RETRY: Millis = 1_000;
const NAMED_RETRY_MAX: Millis = 60_000;
const RETRY: Millis = 15_000;
const RETRY_MAX: Millis = 30 * 60_000;
const MAX_FAILS = 10;
/** A connection that ends sooner counts as a failure. */
const SHORT_CONNECTION: Millis = 10_000;

export interface PeerListOptions {
  /** Candidates kept at most. */
  readonly capacity?: number;
  readonly repute?: Repute;
  /** Canonical priority (BEP 40), 0 to 2^32 - 1; null when it is not known. */
  readonly priorityOf?: (address: Address) => number | null;
}

/** What is thought of addresses, over all torrents. */
export interface Repute {
  isBanned(address: Address): boolean;
  /** Above 0 for good peers, below for bad ones. */
  score(address: Address): number;
}

const NO_HINTS: PeerHints = {};
const NO_REPUTE: Repute = { isBanned: () => false, score: () => 0 };

/** What else is known of a candidate. */
export interface PeerHints {
  /** It was found under the v2 name of a hybrid. */
  readonly byV2?: boolean;
  /** Somebody says that it prefers obfuscated connections. */
  readonly wantsObfuscation?: boolean;
}

/** A peer that may be dialled. */
export interface Candidate extends DialMemory {
  readonly host: string;
  readonly port: number;
  readonly source: PeerSource;
  /** It was found under the v2 name of a hybrid alone, and may not know the other one yet. */
  readonly byV2: boolean;
  readonly wantsObfuscation: boolean;
  /** Attempts in a row that failed. */
  readonly fails: number;
}

class Entry implements Candidate {
  readonly host: string;
  readonly port: number;
  /** The canonical one, or by chance: clients with the same list must not dial in the same order. */
  priority: number;
  source: PeerSource;
  byV2: boolean;
  readonly wantsObfuscation: boolean;
  fails = 0;
  /** Was connected once for more than a moment. */
  good = false;
  /** Reputation, as of the last time something was learned of the peer. */
  score: number;
  busy = false;
  worked: DialWay | null = null;
  refused: DialWay | null = null;
  /** Left in peace because neither side needed anything. */
  resting = false;
  connectedAt: Millis = 0;
  nextAt: Millis;

  constructor(
    host: string,
    port: number,
    source: PeerSource,
    { byV2 = false, wantsObfuscation = false }: PeerHints,
    priority: number,
    score: number,
    nextAt: Millis,
  ) {
    this.host = host;
    this.port = port;
    this.source = source;
    this.byV2 = byV2;
    this.wantsObfuscation = wantsObfuscation;
    this.priority = priority;
    this.score = score;
    this.nextAt = nextAt;
  }
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Peers of one torrent that could be dialled: bounded, with a share reserved for each source, exponential back-off with
 * jitter, and bans. A candidate that was given out by `next` is busy until one of the `on…` inputs tells its fate.
 */
export class PeerList {
  readonly #rng: Rng;
  readonly #capacity: number;
  readonly #entries: Map<string, Entry> = new Map();
  readonly #counts: Map<PeerSource, number> = new Map();
  readonly #repute: Repute;
  readonly #canonical: (address: Address) => number | null;
  readonly #own: Set<string> = new Set();
  #isPrivate = false;
  #deadline: Millis = Infinity;
  #deadlineKnown = true;

  constructor(rng: Rng, options: PeerListOptions = {}) {
    this.#rng = rng;
    this.#capacity = options.capacity ?? 3_000;
    this.#repute = options.repute ?? NO_REPUTE;
    this.#canonical = options.priorityOf ?? (() => null);
  }

  /** Candidates, busy ones included. */
  get size(): number {
    return this.#entries.size;
  }

  /** Adds a candidate; false when it is known, banned, ourselves, not to be dialled, or less worth than all in a full list. */
  add(address: Address, source: PeerSource, now: Millis, hints: PeerHints = NO_HINTS): boolean {
    const { host, port } = address;
    if (!Number.isInteger(port) || port < 1 || port > 65_535) return false;
    if (this.#isPrivate && isOpenSource(source)) return false;
    const key = endpointKey(host, port);
    if (this.#own.has(key) || this.#repute.isBanned(address)) return false;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.byV2 &&= hints.byV2 === true;
      this.#upgrade(known, source, now);
      return false;
    }
    if (this.#entries.size >= this.#capacity && !this.#evictFor(source)) return false;
    const score = this.#repute.score(address);
    this.#entries.set(key, new Entry(host, port, source, hints, this.#priorityOf(address), score, now));
    this.#count(source, 1);
    this.#deadline = Math.min(this.#deadline, now);
    return true;
  }

  /** Priorities are others than when candidates were added. */
  rerank(): void {
    for (const entry of this.#entries.values()) entry.priority = this.#priorityOf(entry);
  }

  /** The torrent is private: candidates from the DHT, the local network and other peers go, and no more are taken (BEP 27). */
  makePrivate(): void {
    this.#isPrivate = true;
    for (const [key, { source }] of this.#entries) if (isOpenSource(source)) this.#remove(key);
  }

  /** The address turned out to be ours: it is never dialled again. */
  addSelf(address: Address): void {
    const key = endpointKey(address.host, address.port);
    this.#own.add(key);
    this.#remove(key);
  }

  /** The best candidate to dial now, or null; it is busy from now on. */
  next(now: Millis): Candidate | null {
    while (this.nextDeadline() <= now) {
      let best: Entry | null = null;
      for (const entry of this.#entries.values()) {
        if (!entry.busy && entry.nextAt <= now && (best === null || isBetter(entry, best))) best = entry;
      }
      if (best === null) return null;
      this.#deadlineKnown = false;
      if (this.#repute.isBanned(best)) {
        // Since it was added.
        this.#remove(endpointKey(best.host, best.port));
        continue;
      }
      best.busy = true;
      best.resting = false;
      return best;
    }
    return null;
  }

  /** The candidate was not dialled after all. */
  onPostponed(address: Address): void {
    const entry = this.#find(address);
    if (entry === undefined) return;
    entry.busy = false;
    this.#deadlineKnown = false;
  }

  /** The candidate is of no use before `until`, or until we need something again; it is not busy any more. */
  rest(address: Address, until: Millis): void {
    const entry = this.#find(address);
    if (entry === undefined) return;
    entry.busy = false;
    entry.resting = true;
    entry.nextAt = until;
    this.#deadlineKnown = false;
  }

  /** We need something again: who was left in peace may be dialled. */
  endRest(now: Millis): void {
    for (const entry of this.#entries.values()) {
      if (!entry.resting) continue;
      entry.resting = false;
      entry.nextAt = Math.min(entry.nextAt, now);
    }
    this.#deadlineKnown = false;
  }

  /** That nobody answered was not their fault: all may be dialled at once. */
  retryAll(now: Millis): void {
    for (const entry of this.#entries.values()) {
      if (entry.busy || entry.resting) continue;
      entry.fails = 0;
      entry.nextAt = Math.min(entry.nextAt, now);
    }
    this.#deadlineKnown = false;
  }

  /** The handshake is done; also for peers that came in, when their listening address is known. */
  onConnected(address: Address, way: DialWay, now: Millis): void {
    const entry = this.#find(address);
    if (entry === undefined) return;
    entry.worked = way;
    entry.refused = null;
    entry.busy = true;
    entry.connectedAt = now;
    this.#deadlineKnown = false;
  }

  /**
   * The peer took the connection and hung up before the handshake. True when it is to be dialled in another of the ways at once; otherwise it
   * failed as a whole, which `onFailed` is to be told.
   */
  onRefused(address: Address, way: DialWay, ways: readonly DialWay[], now: Millis): boolean {
    const entry = this.#find(address);
    if (entry === undefined) return false;
    const again = hasOtherWay(ways, way, entry);
    entry.worked = null;
    if (!again) return false;
    entry.refused = way;
    entry.busy = false;
    entry.nextAt = now;
    this.#deadlineKnown = false;
    return true;
  }

  /** Dialling failed, or the handshake did. */
  onFailed(address: Address, now: Millis): void {
    const entry = this.#find(address);
    if (entry === undefined) return;
    entry.fails++;
    entry.refused = null;
    entry.score = this.#repute.score(entry);
    if (entry.fails >= MAX_FAILS && !isNamed(entry.source)) {
      this.#remove(endpointKey(entry.host, entry.port));
      return;
    }
    this.#retryLater(entry, now);
  }

  /** An established connection ended. */
  onClosed(address: Address, now: Millis): void {
    const entry = this.#find(address);
    if (entry === undefined) return;
    if (now - entry.connectedAt < SHORT_CONNECTION) {
      this.onFailed(address, now);
      return;
    }
    entry.good = true;
    entry.score = this.#repute.score(entry);
    entry.fails = 0;
    this.#retryLater(entry, now);
  }

  /** When `next` has something to give at the earliest; Infinity when all candidates are busy or there are none. */
  nextDeadline(): Millis {
    if (!this.#deadlineKnown) {
      this.#deadline = Infinity;
      for (const entry of this.#entries.values()) {
        if (!entry.busy && entry.nextAt < this.#deadline) this.#deadline = entry.nextAt;
      }
      this.#deadlineKnown = true;
    }
    return this.#deadline;
  }

  /** All candidates, in no order. */
  *[Symbol.iterator](): Generator<Candidate, void, undefined> {
    yield* this.#entries.values();
  }

  #priorityOf(address: Address): number {
    return this.#canonical(address) ?? this.#rng.uint32();
  }

  #find(address: Address): Entry | undefined {
    return this.#entries.get(endpointKey(address.host, address.port));
  }

  #upgrade(entry: Entry, source: PeerSource, now: Millis): void {
    if (source === "user" && !entry.busy) {
      // Somebody is asking for it right now.
      entry.fails = 0;
      entry.nextAt = now;
      this.#deadlineKnown = false;
    }
    if (rank(source) >= rank(entry.source)) return;
    this.#count(entry.source, -1);
    this.#count(source, 1);
    entry.source = source;
  }

  #retryLater(entry: Entry, now: Millis): void {
    const named = isNamed(entry.source);
    const first = named ? NAMED_RETRY : RETRY;
    const most = named ? NAMED_RETRY_MAX : RETRY_MAX;
    const delay = Math.min(most, first * 2 ** Math.max(0, entry.fails - 1));
    // Both ends of a broken connection must not come back at the same moment.
    entry.nextAt = now + delay * (0.75 + this.#rng.below(500) / 1_000);
    entry.busy = false;
    this.#deadlineKnown = false;
  }

  /** Makes room for one from `source`: the worst idle candidate goes, but none from a source within its reserve. */
  #evictFor(source: PeerSource): boolean {
    const reserve = Math.floor(this.#capacity * RESERVE);
    const belowReserve = (this.#counts.get(source) ?? 0) < reserve;
    let worst: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.busy || isNamed(entry.source)) continue;
      const isOwn = entry.source === source;
      if (isOwn ? belowReserve && entry.fails === 0 : this.#counts.get(entry.source)! <= reserve) continue;
      if (worst === null || isBetter(worst, entry)) worst = entry;
    }
    if (worst === null) return false;
    if (worst.fails === 0 && rank(worst.source) <= rank(source) && !belowReserve) return false;
    this.#remove(endpointKey(worst.host, worst.port));
    return true;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#count(entry.source, -1);
    this.#deadlineKnown = false;
  }

  #count(source: PeerSource, change: number): void {
    this.#counts.set(source, (this.#counts.get(source) ?? 0) + change);
  }
}

export function isOpenSource(source: PeerSource): boolean {
  return OPEN_SOURCES.has(source);
}

function rank(source: PeerSource): number {
  return SOURCES.indexOf(source);
}

/** One that is due in another way, then fewer failures, then the better reputation, then known to work, then the better source, then the higher priority. */
function isBetter(a: Entry, b: Entry): boolean {
  if ((a.refused === null) !== (b.refused === null)) return a.refused !== null;
  if (a.fails !== b.fails) return a.fails < b.fails;
  if (a.score !== b.score) return a.score > b.score;
  if (a.good !== b.good) return a.good;
  if (a.source !== b.source) return rank(a.source) < rank(b.source);
  return a.priority > b.priority;
}
