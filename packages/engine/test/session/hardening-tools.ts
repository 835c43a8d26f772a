import type { Made, Node, ScriptedPeer, SimulatedWorld } from "@shoal/sim";
import type { TorrentEvent } from "../../dist/session/events.js";

export function serves(peer: ScriptedPeer, made: Made, has = true): void {
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

/** metadata server part: answers ut_metadata requests. Ids: it announces ut_metadata as 7. */
export function servesMetadata(peer: ScriptedPeer, made: Made): void {
  const before = peer.onHeard;
  peer.onHeard = (heard, p) => {
    if (heard.kind === "handshake")
      peer.sayExtended(0, { m: { ut_metadata: 7 }, metadata_size: made.metainfo.infoBytes.length });
    if (heard.kind === "extended" && heard.id === 7) {
      const text = new TextDecoder("latin1").decode(heard.bytes);
      const m = /5:piecei(\d+)e/.exec(text);
      if (/8:msg_typei0e/.test(text) && m) {
        const i = Number(m[1]);
        const info = made.metainfo.infoBytes;
        const head = new TextEncoder().encode(`d8:msg_typei1e5:piecei${i}e10:total_sizei${info.length}ee`);
        const body = info.subarray(i * 16384, (i + 1) * 16384);
        const all = new Uint8Array(head.length + body.length);
        all.set(head);
        all.set(body, head.length);
        peer.out.extended(1, all);
        peer.say();
      }
    }
    before(heard, p);
  };
}
export function hex(b: Uint8Array): string {
  return Buffer.from(b).toString("hex");
}
export function log(events: TorrentEvent[]) {
  return (e: TorrentEvent): void => void events.push(e);
}
export async function seedNode(world: SimulatedWorld, made: Made, dir = "/data", extra = {}): Promise<Node> {
  const seed = await world.node(extra);
  world.write(seed, made, dir);
  await seed.session.add({ metainfo: made.metainfo, downloadDir: dir, seedOnly: true, check: "none" });
  await world.settle();
  return seed;
}
