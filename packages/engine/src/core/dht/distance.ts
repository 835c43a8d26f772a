/** Bits that two ids of 20 bytes have in common from the first on: 0 to 160. */
export function sharedBits(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length; at++) {
    const difference = a[at]! ^ b[at]!;
    if (difference !== 0) return at * 8 + Math.clz32(difference) - 24;
  }
  return a.length * 8;
}

/** Order by distance from the target (BEP 5, "Overview"): negative when `a` is nearer. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < target.length; at++) {
    const wanted = target[at]!;
    const difference = (a[at]! ^ wanted) - (b[at]! ^ wanted);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The distance as a part of the whole space, 0 to 1, from its first 48 bits; `at` is where the id begins in `ids`. */
export function distanceFraction(target: Uint8Array, ids: Uint8Array, at: number): number {
  const high =
    ((ids[at]! ^ target[0]!) << 16) | ((ids[at + 1]! ^ target[1]!) << 8) | (ids[at + 2]! ^ target[2]!);
  const low =
    ((ids[at + 3]! ^ target[3]!) << 16) | ((ids[at + 4]! ^ target[4]!) << 8) | (ids[at + 5]! ^ target[5]!);
  return (high + low / 0x100_0000) / 0x100_0000;
}

/** Turns 20 random bytes into an id with exactly `bits` bits in common with `id`, in place. */
export function idAtDepth(id: Uint8Array, bits: number, random: Uint8Array): Uint8Array {
  const whole = bits >>> 3;
  random.set(id.subarray(0, whole));
  const flipped = 0x80 >>> (bits & 7);
  const kept = ~(flipped | (flipped - 1)) & 0xff;
  random[whole] = (id[whole]! & kept) | (~id[whole]! & flipped) | (random[whole]! & (flipped - 1));
  return random;
}
