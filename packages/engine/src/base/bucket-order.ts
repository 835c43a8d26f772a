/**
 * Items 0..count-1 kept sorted by a small integer key, with cheap moves: the heart of rarest-first.
 *
 * All items lie in one permutation, bucket after bucket; inside a bucket the dead ones (not to be offered now) come
 * first and the live ones after them. Every operation swaps an item to the edge of its part and moves that edge, so
 * killing, reviving and a move to a neighbouring bucket are O(1) and allocate nothing. Order inside a bucket is
 * arbitrary, at first random when the given permutation is.
 *
 * Bulk changes go through `unsettle`: from then on only keys and flags are kept, and `settle` sorts once.
 */
export class BucketOrder {
  readonly count: number;
  readonly bucketCount: number;
  /** Item at each position. Valid while settled. */
  readonly order: Uint32Array;
  /** First position of each bucket; one more entry than there are buckets. Valid while settled. */
  readonly start: Uint32Array;
  /** First live position of each bucket. Valid while settled. */
  readonly liveStart: Uint32Array;
  readonly #position: Uint32Array;
  readonly #bucket: Uint16Array;
  readonly #live: Uint8Array;
  readonly #base: Uint32Array;
  #liveCount = 0;
  #settled = true;

  /** `order` must be a permutation of 0..count-1 and is taken over. All items begin dead in bucket 0. */
  constructor(order: Uint32Array, bucketCount: number) {
    this.count = order.length;
    this.bucketCount = bucketCount;
    this.order = order;
    this.start = new Uint32Array(bucketCount + 1).fill(order.length, 1);
    this.liveStart = new Uint32Array(bucketCount).fill(order.length);
    this.#position = new Uint32Array(order.length);
    this.#bucket = new Uint16Array(order.length);
    this.#live = new Uint8Array(order.length);
    this.#base = order.slice();
    for (let i = 0; i < order.length; i++) this.#position[order[i]!] = i;
  }

  get liveCount(): number {
    return this.#liveCount;
  }

  get isSettled(): boolean {
    return this.#settled;
  }

  isLive(item: number): boolean {
    return this.#live[item] === 1;
  }

  bucketOf(item: number): number {
    return this.#bucket[item]!;
  }

  /** Valid while settled. */
  positionOf(item: number): number {
    return this.#position[item]!;
  }

  /** Live items of one bucket. Valid while settled. */
  liveIn(bucket: number): number {
    return this.start[bucket + 1]! - this.liveStart[bucket]!;
  }

  /** Costs one step per bucket between the old and the new one. */
  setBucket(item: number, bucket: number): void {
    if (!this.#settled) {
      this.#bucket[item] = bucket;
      return;
    }
    for (let at = this.#bucket[item]!; at < bucket; at++) this.#moveUp(item, at);
    for (let at = this.#bucket[item]!; at > bucket; at--) this.#moveDown(item, at);
  }

  /** Takes an item out of the live ones; false when it was dead. */
  kill(item: number): boolean {
    if (this.#live[item] === 0) return false;
    this.#live[item] = 0;
    this.#liveCount--;
    if (this.#settled) {
      const bucket = this.#bucket[item]!;
      this.#swap(this.#position[item]!, this.liveStart[bucket]!++);
    }
    return true;
  }

  /** Makes an item live; false when it was. */
  revive(item: number): boolean {
    if (this.#live[item] === 1) return false;
    this.#live[item] = 1;
    this.#liveCount++;
    if (this.#settled) {
      const bucket = this.#bucket[item]!;
      this.#swap(this.#position[item]!, --this.liveStart[bucket]!);
    }
    return true;
  }

  /** Announces many changes: positions are not kept up to date until `settle`. */
  unsettle(): void {
    this.#settled = false;
  }

  /** Sorts by counting, O(count + buckets), when there is need. Inside a bucket the items lie as in the given permutation. */
  settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    const { order, start, liveStart } = this;
    const bucket = this.#bucket;
    const live = this.#live;
    const position = this.#position;
    const base = this.#base;
    start.fill(0);
    liveStart.fill(0);
    // start[b + 1] counts all of bucket b, liveStart[b] its dead; then both become running positions.
    for (let i = 0; i < order.length; i++) {
      start[bucket[i]! + 1]!++;
      if (live[i] === 0) liveStart[bucket[i]!]!++;
    }
    for (let b = 0; b < this.bucketCount; b++) {
      start[b + 1]! += start[b]!;
      liveStart[b]! += start[b]!;
    }
    for (let i = 0; i < order.length; i++) {
      const item = base[i]!;
      const b = bucket[item]!;
      const at = live[item] === 0 ? start[b]!++ : liveStart[b]!++;
      order[at] = item;
      position[item] = at;
    }
    // Filling moved start[b] to the end of the dead and liveStart[b] to the end of the bucket: shift them back.
    for (let b = this.bucketCount - 1; b >= 0; b--) {
      const deadEnd = start[b]!;
      start[b + 1] = liveStart[b]!;
      liveStart[b] = deadEnd;
    }
    start[0] = 0;
  }

  /** Throws when the structure is inconsistent. For tests. */
  invariants(): void {
    let live = 0;
    for (let i = 0; i < this.count; i++) live += this.#live[i]!;
    if (live !== this.#liveCount) throw new Error("bucket order: live count");
    if (!this.#settled) return;
    if (this.start[0] !== 0 || this.start[this.bucketCount] !== this.count)
      throw new Error("bucket order: ends");
    for (let b = 0; b < this.bucketCount; b++) {
      if (this.liveStart[b]! < this.start[b]! || this.liveStart[b]! > this.start[b + 1]!) {
        throw new Error(`bucket order: edges of bucket ${b}`);
      }
      for (let at = this.start[b]!; at < this.start[b + 1]!; at++) {
        const item = this.order[at]!;
        const shouldLive = at >= this.liveStart[b]! ? 1 : 0;
        if (this.#bucket[item] !== b || this.#position[item] !== at || this.#live[item] !== shouldLive) {
          throw new Error(`bucket order: item ${item} at ${at}`);
        }
      }
    }
  }

  #swap(a: number, b: number): void {
    if (a === b) return;
    const order = this.order;
    const itemA = order[a]!;
    const itemB = order[b]!;
    order[a] = itemB;
    order[b] = itemA;
    this.#position[itemB] = a;
    this.#position[itemA] = b;
  }

  #moveUp(item: number, from: number): void {
    const { start, liveStart } = this;
    const edge = start[from + 1]! - 1;
    if (this.#live[item] === 1) {
      this.#swap(this.#position[item]!, edge);
      this.#swap(edge, --liveStart[from + 1]!);
    } else {
      const lastDead = --liveStart[from]!;
      this.#swap(this.#position[item]!, lastDead);
      this.#swap(lastDead, edge);
    }
    start[from + 1] = edge;
    this.#bucket[item] = from + 1;
  }

  #moveDown(item: number, from: number): void {
    const { start, liveStart } = this;
    const edge = start[from]!;
    if (this.#live[item] === 1) {
      const firstLive = liveStart[from]!++;
      this.#swap(this.#position[item]!, firstLive);
      this.#swap(firstLive, edge);
    } else {
      this.#swap(this.#position[item]!, edge);
      this.#swap(edge, liveStart[from - 1]!++);
    }
    start[from] = edge + 1;
    this.#bucket[item] = from - 1;
  }
}
