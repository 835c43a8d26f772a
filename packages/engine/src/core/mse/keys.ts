import { concatBytes, utf8 } from "../../base/bytes.ts";
import { Rc4 } from "../../base/rc4.ts";
import type { MsePrimitives } from "./handshake.ts";

/** The beginning of each key stream gives away its key. */
const DISCARDED_BYTES = 1_024;
export const HASH_BYTES = 20;

type Label = "req1" | "req2" | "req3" | "keyA" | "keyB";

function labelled(sha1: MsePrimitives["sha1"], label: Label, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha1(concatBytes(utf8(label), ...parts));
}

/** What the dialling side sends once it knows the secret: the other one finds the end of the padding by it. */
export function syncMark(sha1: MsePrimitives["sha1"], secret: Uint8Array): Uint8Array {
  return labelled(sha1, "req1", secret);
}

/** By this the accepting side finds the torrent; `infoHash` is its 20-byte name. */
export function torrentMark(sha1: MsePrimitives["sha1"], infoHash: Uint8Array): Uint8Array {
  return labelled(sha1, "req2", infoHash);
}

/** Covers or uncovers a torrent's mark. */
export function maskMark(sha1: MsePrimitives["sha1"], mark: Uint8Array, secret: Uint8Array): Uint8Array {
  const mask = labelled(sha1, "req3", secret);
  return mark.map((byte, at) => byte ^ mask[at]!);
}

/** The stream from the dialling side (A) or to it (B). */
export function keyStream(
  sha1: MsePrimitives["sha1"],
  side: "keyA" | "keyB",
  secret: Uint8Array,
  infoHash: Uint8Array,
): Rc4 {
  const stream = new Rc4(labelled(sha1, side, secret, infoHash));
  stream.skip(DISCARDED_BYTES);
  return stream;
}
