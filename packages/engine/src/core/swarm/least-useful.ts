import type { Millis } from "../../base/brand.ts";

/** A connected peer, as far as its use is concerned. */
export interface Usefulness {
  /** A person, a tracker of the user's or the torrent itself named it. */
  readonly isNamed: boolean;
  /** Bytes per second in both directions. */
  readonly rate: number;
  /** One side wants something of the other. */
  readonly isInterested: boolean;
  readonly openedAt: Millis;
}

/** The `count` peers whose loss matters least: those with whom nothing goes on, then the slowest; the youngest first among equals. */
export function leastUseful<P extends { usefulness(): Usefulness }>(peers: Iterable<P>, count: number): P[] {
  if (count <= 0) return [];
  const ranked = Array.from(peers, (peer) => ({ peer, use: peer.usefulness() }));
  ranked.sort(
    ({ use: a }, { use: b }) =>
      a.rate - b.rate ||
      Number(a.isInterested) - Number(b.isInterested) ||
      Number(a.isNamed) - Number(b.isNamed) ||
      b.openedAt - a.openedAt,
  );
  return ranked.slice(0, count).map(({ peer }) => peer);
}
