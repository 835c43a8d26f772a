import { setLatest } from "../../base/set-latest.ts";
import { endpointKey, type Endpoint } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import { readU32 } from "../../base/bytes.ts";
import { belongsTo } from "./secure-id.ts";

const MAX_WATCHED = 512;
/** Another id than the last time counts so much, the same one takes back one; who has as many as the last is fickle. */
const CHANGE = 2;
const FICKLE = 4;
const FORGOTTEN_MS = 3_600_000;

interface Watched {
  id: number;
  score: number;
  until: Millis;
}

/**
 * Nodes that change their id from answer to answer: who wants to be near whatever is looked up does so, honest nodes at most when they start.
 * Ids that belong to their address (BEP 42) are not watched, they can't be chosen.
 */
export class FickleNodes {
  /** By endpoint, the one heard of longest ago first. */
  readonly #watched: Map<string, Watched> = new Map();

  /** A node answered. True when it is not to be believed. */
  onAnswer(id: Uint8Array, endpoint: Endpoint, now: Millis): boolean {
    if (belongsTo(endpoint.host, id)) return false;
    const key = endpointKey(endpoint.host, endpoint.port);
    const mark = markOf(id);
    let watched = this.#watched.get(key);
    if (watched === undefined || watched.until <= now) watched = { id: mark, score: 0, until: 0 };
    if (watched.id === mark) watched.score = Math.max(watched.score - 1, 0);
    else watched.score += CHANGE;
    watched.id = mark;
    watched.until = now + FORGOTTEN_MS;
    setLatest(this.#watched, key, watched, MAX_WATCHED);
    return watched.score >= FICKLE;
  }

  has(endpoint: Endpoint, now: Millis): boolean {
    if (this.#watched.size === 0) return false;
    const watched = this.#watched.get(endpointKey(endpoint.host, endpoint.port));
    return watched !== undefined && watched.score >= FICKLE && watched.until > now;
  }
}

/** Enough of an id to see that it is another one. */
function markOf(id: Uint8Array): number {
  return (Math.imul(readU32(id, 0) ^ readU32(id, 8), 0x9e37_79b1) ^ readU32(id, 16)) >>> 0;
}
