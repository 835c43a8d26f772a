import { type Nearness, nearnessOfIp } from "../../base/address.ts";
import { readU32, writeU16, writeU32 } from "../../base/bytes.ts";
import { addToFilter, FILTER_BYTES } from "./bloom-filter.ts";

/** Peers of one torrent that are kept for others. */
const MAX_PEERS = 500;
const FIRST_PEERS = 4;
const TAIL_BYTES = 7;
const PORT = 0;
const SEED = 2;
const SECONDS = 3;
const FILTER_SECONDS = 60;

/** Bloom filters of seeds and other peers (BEP 33). */
export interface Filters {
  readonly seeds: Uint8Array;
  readonly peers: Uint8Array;
}

/** Peers that announced one torrent, one for each address (BEP 33, "Changed announce accounting"), packed: address, port, seed or not, when. */
export class StoredPeers {
  readonly #ipBytes: 4 | 16;
  #bytes: Uint8Array;
  #count = 0;
  #filters: (Filters & { builtAt: number }) | null = null;

  constructor(ipBytes: 4 | 16) {
    this.#ipBytes = ipBytes;
    this.#bytes = new Uint8Array(FIRST_PEERS * (ipBytes + TAIL_BYTES));
  }

  get count(): number {
    return this.#count;
  }

  /** `seconds` counts from any time on. Of too many, the one heard of longest ago goes. */
  add(ip: Uint8Array, port: number, isSeed: boolean, seconds: number): void {
    const size = this.#ipBytes + TAIL_BYTES;
    let index = this.#find(ip);
    if (index < 0) {
      index = this.#count < MAX_PEERS ? this.#count++ : this.#oldest();
      if (this.#count * size > this.#bytes.length) {
        const grown = new Uint8Array(Math.min(this.#bytes.length * 2, MAX_PEERS * size));
        grown.set(this.#bytes);
        this.#bytes = grown;
      }
    }
    const at = index * size;
    this.#bytes.set(ip, at);
    writeU16(this.#bytes, at + this.#ipBytes + PORT, port);
    this.#bytes[at + this.#ipBytes + SEED] = isSeed ? 1 : 0;
    writeU32(this.#bytes, at + this.#ipBytes + SECONDS, seconds);
  }

  /** Removes those last heard of before. */
  expire(beforeSeconds: number): void {
    const size = this.#ipBytes + TAIL_BYTES;
    for (let i = this.#count - 1; i >= 0; i--) {
      if (this.#secondsAt(i) >= beforeSeconds) continue;
      this.#count--;
      this.#bytes.copyWithin(i * size, this.#count * size, (this.#count + 1) * size);
    }
  }

  /** Compact addresses (BEP 5, 32) of at most `limit` peers from a random one on, no nearer ones than the asker's; without seeds when others are wanted (BEP 33). */
  sample(limit: number, noSeed: boolean, asker: Nearness, random: number): Uint8Array[] {
    const size = this.#ipBytes + TAIL_BYTES;
    const found: Uint8Array[] = [];
    for (let i = 0; i < this.#count && found.length < limit; i++) {
      const at = ((random + i) % this.#count) * size;
      if (noSeed && this.#bytes[at + this.#ipBytes + SEED] === 1) continue;
      if (nearnessOfIp(this.#bytes.subarray(at, at + this.#ipBytes)) > asker) continue;
      found.push(this.#bytes.slice(at, at + this.#ipBytes + 2));
    }
    return found;
  }

  /** Made anew once a minute at most. */
  filters(sha1: (bytes: Uint8Array) => Uint8Array, seconds: number): Filters {
    if (this.#filters !== null && seconds - this.#filters.builtAt < FILTER_SECONDS) return this.#filters;
    const filters = {
      seeds: new Uint8Array(FILTER_BYTES),
      peers: new Uint8Array(FILTER_BYTES),
      builtAt: seconds,
    };
    const size = this.#ipBytes + TAIL_BYTES;
    for (let at = 0; at < this.#count * size; at += size) {
      const digest = sha1(this.#bytes.subarray(at, at + this.#ipBytes));
      addToFilter(this.#bytes[at + this.#ipBytes + SEED] === 1 ? filters.seeds : filters.peers, digest);
    }
    this.#filters = filters;
    return filters;
  }

  #find(ip: Uint8Array): number {
    const size = this.#ipBytes + TAIL_BYTES;
    for (let i = 0; i < this.#count; i++) {
      let at = 0;
      while (at < this.#ipBytes && this.#bytes[i * size + at] === ip[at]) at++;
      if (at === this.#ipBytes) return i;
    }
    return -1;
  }

  #oldest(): number {
    let oldest = 0;
    for (let i = 1; i < this.#count; i++) if (this.#secondsAt(i) < this.#secondsAt(oldest)) oldest = i;
    return oldest;
  }

  #secondsAt(index: number): number {
    return readU32(this.#bytes, index * (this.#ipBytes + TAIL_BYTES) + this.#ipBytes + SECONDS);
  }
}
