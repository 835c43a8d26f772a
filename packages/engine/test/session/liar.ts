import type { Made, ScriptedPeer, SimulatedWorld } from "@shoal/sim";
import { shortHashes } from "../../dist/meta/info-hash.js";
import type { Endpoint } from "../../dist/ports/net.js";

/** Peers are slow enough for everybody to have a part. */
export const LINK = { up: 500_000, down: 5_000_000, latencyMs: 10, loss: 0 };

export interface Liar extends Endpoint {
  /** Wrong blocks that it sent. */
  lies: number;
  sent: number;
}

/** A peer that has everything and sends wrong bytes where `lies` says so; `count` is the number of its blocks so far, `most` when it ends. */
export async function liar(
  world: SimulatedWorld,
  made: Made,
  lies: (count: number, piece: number, begin: number) => boolean,
  most: number = Infinity,
): Promise<Liar> {
  const hashes = shortHashes(made.metainfo.infoHashes);
  const told: Liar = { host: "", port: 0, lies: 0, sent: 0 };
  const how = { infoHash: hashes.at(-1)!, v2: made.metainfo.infoHashes.v2 !== null };
  const onPeer = (peer: ScriptedPeer): void => {
    peer.onHeard = ({ kind, piece, begin, length }) => {
      if (kind === "handshake") peer.out.haveAll();
      if (kind === "interested") peer.out.unchoke();
      peer.say();
      if (kind !== "request" || told.sent === most) return;
      const from = piece! * made.metainfo.layout.pieceLength + begin!;
      const bytes = made.space.slice(from, from + length!);
      if (lies(++told.sent, piece!, begin!)) {
        told.lies++;
        bytes[7]! ^= 1;
      }
      peer.sayBlock(piece!, begin!, bytes);
    };
  };
  const at = await world.listen(made, how, onPeer, LINK);
  return Object.assign(told, at);
}
