/**
 * The items with the smallest keys among all that are offered, in ascending order of keys; of equal keys the first one offered
 * comes first. For short lists: an offer costs at most one step per item kept, and nothing is allocated.
 */
export class Shortlist {
  /** The first `length` entries are valid. */
  readonly items: Float64Array;
  readonly #keys: Float64Array;
  #limit: number;
  #length = 0;
  #overflowed = false;

  constructor(capacity: number) {
    this.items = new Float64Array(capacity);
    this.#keys = new Float64Array(capacity);
    this.#limit = capacity;
  }

  get length(): number {
    return this.#length;
  }

  /** Whether an item was offered that is not in the list. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** Empties the list; it keeps `limit` items from now on, which must not be above its capacity. */
  clear(limit: number = this.items.length): void {
    this.#limit = limit;
    this.#length = 0;
    this.#overflowed = false;
  }

  offer(key: number, item: number): void {
    const keys = this.#keys;
    let at = this.#length;
    if (at === this.#limit) {
      this.#overflowed = true;
      if (at === 0 || key >= keys[at - 1]!) return;
      at--;
    } else {
      this.#length++;
    }
    for (; at > 0 && keys[at - 1]! > key; at--) {
      keys[at] = keys[at - 1]!;
      this.items[at] = this.items[at - 1]!;
    }
    keys[at] = key;
    this.items[at] = item;
  }
}
