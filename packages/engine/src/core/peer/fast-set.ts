import type { PieceIndex } from "../../base/brand.ts";
import { parseIp } from "../../base/address.ts";
import { readU32 } from "../../base/bytes.ts";

/** Pieces granted to a choked peer; BEP 6 proposes 10. */
export const FAST_SET_SIZE = 10;

/**
 * Pieces that a peer may get while it is choked, so that it has something to trade (BEP 6, "Allowed Fast Set Generation"): a
 * function of its address, so that nobody gains by connecting again. IPv4 only; empty for other addresses, as the extension
 * defines none for them.
 *
 * @param count how many pieces; fewer come back when the torrent has fewer
 * @param infoHash 20 bytes, the one used in the handshake
 */
export function allowedFastSet(
  count: number,
  pieceCount: number,
  infoHash: Uint8Array,
  host: string,
  sha1: (data: Uint8Array) => Uint8Array,
): Set<PieceIndex> {
  const set = new Set<PieceIndex>();
  const ip = parseIp(host);
  if (ip === null || ip.length !== 4) return set;
  const wanted = Math.min(count, pieceCount);
  // The last byte is masked out: neighbours in one network get the same set.
  let x = new Uint8Array([ip[0]!, ip[1]!, ip[2]!, 0, ...infoHash]);
  while (set.size < wanted) {
    x = new Uint8Array(sha1(x));
    for (let i = 0; i < 5 && set.size < wanted; i++) set.add(readU32(x, i * 4) % pieceCount);
  }
  return set;
}
