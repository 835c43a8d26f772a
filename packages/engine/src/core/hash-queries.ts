import type { Millis, PieceIndex } from "../base/brand.ts";
import { toHex } from "../base/bytes.ts";
import type { HashRequest } from "../wire/message.ts";

const ANSWER_TIMEOUT: Millis = 10_000;
/** A peer that could not answer is asked again after this time: it may have got the hashes itself. */
const REFUSED_PAUSE: Millis = 30_000;
const MAX_QUERIES_PER_PEER = 4;
/** Waiting queries looked at to find one for a peer; those that were refused lately are at the end. */
const MAX_LOOKED_AT = 64;

/** Hashes that we want from whoever can give them (BEP 52). */
export interface HashQuery {
  readonly request: HashRequest;
  /** The piece whose leaves are asked for; -1 for piece layers. */
  readonly piece: PieceIndex;
}

class Entry<Q extends HashQuery, P extends object> {
  readonly query: Q;
  askedPeer: P | null = null;
  askedAt: Millis = 0;
  /** Peers that refused or did not answer, and when they may be asked again. */
  readonly notBefore: WeakMap<P, Millis> = new WeakMap();

  constructor(query: Q) {
    this.query = query;
  }
}

/**
 * Which hash request is sent to which peer: a few at a time to each, again to others when one refuses or is silent. What one input
 * costs does not depend on how many queries wait.
 */
export class HashQueries<Q extends HashQuery, P extends object> {
  readonly #byKey: Map<string, Entry<Q, P>> = new Map();
  /** Nobody is asked for these; those that were refused come last. */
  readonly #waiting: Set<Entry<Q, P>> = new Set();
  readonly #asked: Map<P, Set<Entry<Q, P>>> = new Map();

  get size(): number {
    return this.#byKey.size;
  }

  /** Adds a query and returns it; or the one that asks for the same hashes already. */
  add(query: Q): Q {
    const key = keyOf(query.request);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known.query;
    const entry = new Entry<Q, P>(query);
    this.#byKey.set(key, entry);
    this.#waiting.add(entry);
    return query;
  }

  /** The next query to be sent to the peer, which counts as asked from now on; null when there is none for it. */
  next(peer: P, canAnswer: (query: Q) => boolean, now: Millis): Q | null {
    const asked = this.#asked.get(peer);
    if (asked !== undefined && asked.size >= MAX_QUERIES_PER_PEER) return null;
    let left = MAX_LOOKED_AT;
    for (const entry of this.#waiting) {
      if (left-- === 0) return null;
      if (now < (entry.notBefore.get(peer) ?? 0) || !canAnswer(entry.query)) continue;
      this.#waiting.delete(entry);
      entry.askedPeer = peer;
      entry.askedAt = now;
      if (asked === undefined) this.#asked.set(peer, new Set([entry]));
      else asked.add(entry);
      return entry.query;
    }
    return null;
  }

  /** The open query that a message of the peer is about, also when it comes late; undefined when it was never asked. */
  find(peer: P, request: HashRequest): Q | undefined {
    const entry = this.#byKey.get(keyOf(request));
    if (entry === undefined) return undefined;
    return entry.askedPeer === peer || entry.notBefore.has(peer) ? entry.query : undefined;
  }

  /** The hashes came. */
  onAnswered(query: Q): void {
    const key = keyOf(query.request);
    const entry = this.#byKey.get(key);
    if (entry === undefined) return;
    this.#byKey.delete(key);
    this.#unassign(entry);
    this.#waiting.delete(entry);
  }

  /** The peer can't or doesn't answer; harmless when somebody else is asked by now. */
  onRefused(query: Q, peer: P, now: Millis): void {
    const entry = this.#byKey.get(keyOf(query.request));
    if (entry === undefined || entry.askedPeer !== peer) return;
    entry.notBefore.set(peer, now + REFUSED_PAUSE);
    this.#unassign(entry);
  }

  onPeerGone(peer: P): void {
    for (const entry of this.#asked.get(peer) ?? []) this.#unassign(entry);
  }

  /** Takes queries back from peers that are silent. */
  onTick(now: Millis): void {
    for (const [peer, entries] of this.#asked) {
      for (const entry of entries)
        if (now - entry.askedAt > ANSWER_TIMEOUT) this.onRefused(entry.query, peer, now);
    }
  }

  /** The leaves of the piece are not wanted any more. */
  cancelLeaves(piece: PieceIndex): void {
    for (const { query } of this.#byKey.values()) if (query.piece === piece) this.onAnswered(query);
  }

  #unassign(entry: Entry<Q, P>): void {
    const peer = entry.askedPeer;
    if (peer === null) return;
    entry.askedPeer = null;
    const asked = this.#asked.get(peer)!;
    asked.delete(entry);
    if (asked.size === 0) this.#asked.delete(peer);
    this.#waiting.add(entry);
  }
}

/** Equal for requests for the same hashes: the proof's length does not matter. */
function keyOf({ piecesRoot, baseLayer, index, length }: HashRequest): string {
  return `${toHex(piecesRoot)}/${baseLayer}/${index}/${length}`;
}
