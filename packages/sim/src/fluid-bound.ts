/** Bytes, and bytes per second. */
export interface FluidSwarm {
  readonly size: number;
  readonly seedUp: number;
  readonly leechersUp: readonly number[];
  readonly leechersDown: readonly number[];
}

/**
 * Milliseconds in which the last of all leechers can be complete at best, if data were a fluid (Kumar and Ross, 2006): the seed must
 * send everything once, the slowest must receive everything, and all copies must fit through all uplinks.
 */
export function fluidBound({ size, seedUp, leechersUp, leechersDown }: FluidSwarm): number {
  const allUp = leechersUp.reduce((sum, up) => sum + up, seedUp);
  const copies = leechersUp.length * size;
  return 1000 * Math.max(size / seedUp, size / Math.min(...leechersDown), copies / allUp);
}
