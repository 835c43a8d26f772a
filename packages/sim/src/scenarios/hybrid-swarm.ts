import { type Metainfo, shortHashes } from "@shoal/engine/composition";
import type { Scenario } from "../scenario.ts";
import type { ScriptedPeer } from "../scripted-peer.ts";
import { serves } from "../scripted-seed.ts";
import { Swarm } from "../swarm.ts";

const MIB = 1024 * 1024;

export const hybridSwarm: Scenario = {
  name: "hybrid-swarm",
  title: "peers that know a hybrid only by its v1 name, only by its v2 name, or by both make up one swarm",
  peers: 3,
  cost: 1,
  async run({ world, watch }, { peers }) {
    const swarm = await Swarm.create(world, {
      size: 4 * MIB,
      kind: "hybrid",
      pieceLength: 64 * 1024,
      // The seed alone would take a minute for each.
      seed: { up: 64 * 1024, latencyMs: 10 },
    });
    watch(swarm);
    const { made } = swarm;
    const [v1Hash, v2Hash] = shortHashes(made.metainfo.infoHashes);
    const given = { v1: 0, v2: 0 };
    const half = async (parity: number, name: "v1" | "v2"): Promise<{ host: string; port: number }> =>
      world.listen(made, { infoHash: name === "v1" ? v1Hash! : v2Hash!, v2: name === "v2" }, (peer) => {
        givesHalf(peer, made.metainfo, parity, () => given[name]++);
        const give = peer.onHeard;
        serves(peer, made, false);
        const answer = peer.onHeard;
        peer.onHeard = (heard, it) => {
          give(heard, it);
          answer(heard, it);
        };
      });
    const v1Only = await half(0, "v1");
    const v2Only = await half(1, "v2");
    for (let i = 0; i < peers; i++) {
      const { torrent } = await swarm.addLeecher({ up: MIB, latencyMs: 10 });
      torrent.addPeer(v1Only);
      torrent.addPeer(v2Only);
    }
    await swarm.finish(5 * 60_000);
    return {
      ok: swarm.completeCount === peers && given.v1 > 0 && given.v2 > 0 && swarm.wasted < MIB / 4,
      peers,
      complete: swarm.completeCount,
      blocksByV1: given.v1,
      blocksByV2: given.v2,
      wastedBlocks: Math.round(swarm.wasted / 16_384),
    };
  },
};

/** Claims every second piece. */
function givesHalf(peer: ScriptedPeer, { layout }: Metainfo, parity: number, onRequest: () => void): void {
  const bits = new Uint8Array(Math.ceil(layout.pieceCount / 8));
  for (let piece = parity; piece < layout.pieceCount; piece += 2) bits[piece >>> 3]! |= 128 >>> (piece & 7);
  peer.onHeard = (heard) => {
    if (heard.kind === "handshake") {
      peer.out.bitfield(bits);
      peer.say();
    } else if (heard.kind === "request") onRequest();
    else if (heard.kind === "hash request") peer.say();
  };
}
