const MAX_TRIES = 600;
const MAX_MS = 8_000;

/**
 * A smaller input for which `holds` still answers true: leaves parts out, large ones first, then makes bytes plain. Gives up
 * after some tries and seconds.
 */
export async function minimise(
  input: Uint8Array,
  holds: (candidate: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  const until = performance.now() + MAX_MS;
  let tries = 0;
  const isWorse = async (candidate: Uint8Array): Promise<boolean> => {
    tries++;
    return holds(candidate);
  };
  const mayTry = (): boolean => tries < MAX_TRIES && performance.now() < until;
  let best = input;
  for (let size = Math.ceil(best.length / 2); size >= 1 && mayTry(); size = Math.floor(size / 2)) {
    for (let at = 0; at < best.length && mayTry();) {
      const candidate = new Uint8Array(best.length - Math.min(size, best.length - at));
      candidate.set(best.subarray(0, at));
      candidate.set(best.subarray(at + size), at);
      if (await isWorse(candidate)) best = candidate;
      else at += size;
    }
  }
  for (let at = 0; at < best.length && mayTry(); at++) {
    if (best[at] === 0x30) continue;
    const candidate = best.slice();
    candidate[at] = 0x30;
    if (await isWorse(candidate)) best = candidate;
  }
  return best;
}
