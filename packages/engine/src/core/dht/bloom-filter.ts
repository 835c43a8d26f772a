/** BEP 33: bits of a filter, and bits set for each address. */
const BITS = 2_048;
const HASHES = 2;

/** Bytes of a filter. */
export const FILTER_BYTES: number = BITS / 8;

/** Adds an address of 4 or 16 bytes, whose SHA-1 is `digest`, to a filter (BEP 33, "Bloom Filters"). */
export function addToFilter(filter: Uint8Array, digest: Uint8Array): void {
  for (let i = 0; i < HASHES; i++) {
    const bit = (digest[2 * i]! | (digest[2 * i + 1]! << 8)) % BITS;
    filter[bit >>> 3] = filter[bit >>> 3]! | (1 << (bit & 7));
  }
}

/** Makes `union` hold what `filter` holds too. */
export function uniteFilters(union: Uint8Array, filter: Uint8Array): void {
  for (let at = 0; at < FILTER_BYTES; at++) union[at] = union[at]! | filter[at]!;
}

/** About how many addresses were added (BEP 33, "Calculating the estimate"); 0 for an empty filter, where the formula says a half. */
export function filterCount(filter: Uint8Array): number {
  let zeros = 0;
  for (let at = 0; at < FILTER_BYTES; at++) {
    for (let rest = ~filter[at]! & 0xff; rest !== 0; rest &= rest - 1) zeros++;
  }
  if (zeros === BITS) return 0;
  return Math.log(Math.min(BITS - 1, zeros) / BITS) / (HASHES * Math.log(1 - 1 / BITS));
}
