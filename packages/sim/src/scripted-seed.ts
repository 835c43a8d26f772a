import { concatBytes } from "@shoal/engine/composition";
import type { Made } from "./make-torrent.ts";
import type { ScriptedPeer } from "./scripted-peer.ts";

const METADATA_PIECE = 16_384;

/** The peer has everything, unless `has` is false, unchokes whoever is interested, and gives what it is asked for. */
export function serves(peer: ScriptedPeer, made: Made, has: boolean = true): void {
  peer.onHeard = (heard) => {
    if (heard.kind === "handshake" && has) {
      peer.out.haveAll();
      peer.say();
    }
    if (heard.kind === "interested") {
      peer.out.unchoke();
      peer.say();
    }
    if (heard.kind === "request") {
      const at = heard.piece! * made.metainfo.layout.pieceLength + heard.begin!;
      peer.sayBlock(heard.piece!, heard.begin!, made.space.slice(at, at + heard.length!));
    }
  };
}

/** The peer answers requests for metadata (BEP 9), under the extension id 7, with `info` in place of the right one. */
export function servesMetadata(
  peer: ScriptedPeer,
  made: Made,
  info: Uint8Array = made.metainfo.infoBytes,
): void {
  const before = peer.onHeard;
  peer.onHeard = (heard, it) => {
    if (heard.kind === "handshake")
      peer.sayExtended(0, { m: { ut_metadata: 7 }, metadata_size: info.length });
    if (heard.kind === "extended" && heard.id === 7) {
      const text = new TextDecoder("latin1").decode(heard.bytes);
      const asked = /8:msg_typei0e5:piecei(\d+)e/.exec(text);
      if (asked !== null) {
        const piece = Number(asked[1]);
        const head = `d8:msg_typei1e5:piecei${piece}e10:total_sizei${info.length}ee`;
        const body = info.subarray(piece * METADATA_PIECE, (piece + 1) * METADATA_PIECE);
        peer.out.extended(1, concatBytes(new TextEncoder().encode(head), body));
        peer.say();
      }
    }
    before(heard, it);
  };
}
