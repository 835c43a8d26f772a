import type { PieceIndex } from "../../base/brand.ts";

/** The longest run of bits that are set in both, in the order of `Bitfield.bytes`; of several the first. */
export function longestGap(a: Uint8Array, b: Uint8Array): { start: PieceIndex; length: number } {
  let start = 0;
  let length = 0;
  let from = 0;
  const end = a.length * 8;
  for (let index = 0; index <= end;) {
    const byte = index < end ? a[index >>> 3]! & b[index >>> 3]! : 0;
    if (byte === 255 && (index & 7) === 0) {
      index += 8;
      continue;
    }
    if (byte === 0 && (index & 7) === 0 && index < end && index === from) {
      index += 8;
      from = index;
      continue;
    }
    if ((byte & (128 >>> (index & 7))) === 0) {
      if (index - from > length) {
        start = from;
        length = index - from;
      }
      from = index + 1;
    }
    index++;
  }
  return { start, length };
}
