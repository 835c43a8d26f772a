import type { Made } from "../make-torrent.ts";
import type { Scenario } from "../scenario.ts";
import type { ScriptedPeer } from "../scripted-peer.ts";
import { Swarm } from "../swarm.ts";

const MIB = 1024 * 1024;
const STORM = 5_000;

/** What a bad peer says after its handshake, and whether it must be shown the door for it. */
interface Mischief {
  readonly name: string;
  readonly closes: boolean;
  readonly play: (peer: ScriptedPeer, made: Made) => void;
}

const MISCHIEF: readonly Mischief[] = [
  {
    name: "haveBeyondCount",
    closes: true,
    play: (peer, { metainfo }) => peer.out.have(metainfo.layout.pieceCount),
  },
  {
    name: "spareBits",
    closes: true,
    play: (peer, { metainfo }) => {
      const bits = new Uint8Array(Math.ceil(metainfo.layout.pieceCount / 8)).fill(255);
      peer.out.bitfield(bits);
    },
  },
  {
    name: "wrongBitfieldLength",
    closes: true,
    play: (peer, { metainfo }) => peer.out.bitfield(new Uint8Array(metainfo.layout.pieceCount)),
  },
  {
    name: "endlessMessage",
    closes: true,
    play: (peer) => peer.connection.write(Uint8Array.of(255, 255, 255, 255, 7, 0, 0, 0, 0)),
  },
  {
    name: "requestStorm",
    closes: false,
    play: (peer) => {
      peer.out.haveNone();
      peer.out.interested();
      for (let i = 0; i < STORM; i++) peer.out.request(i % 16, (i % 4) * 16_384, 16_384);
    },
  },
  {
    name: "hugeRequest",
    closes: true,
    play: (peer) => {
      peer.out.haveNone();
      peer.out.interested();
      peer.out.request(0, 0, 2 ** 30);
    },
  },
  {
    name: "interestFlapping",
    closes: false,
    play: (peer) => {
      peer.out.haveNone();
      for (let i = 0; i < STORM; i++) {
        peer.out.interested();
        peer.out.notInterested();
      }
    },
  },
  {
    name: "unaskedBlocks",
    closes: true,
    play: (peer, { space }) => {
      peer.out.haveAll();
      peer.say();
      for (let i = 0; i < 100; i++) peer.sayBlock(0, 0, space.slice(0, 16_384));
    },
  },
];

export const hostilePeers: Scenario = {
  name: "hostile-peers",
  title:
    "peers that break the rules or shout are shown the door or ignored, and the download goes on beside them",
  peers: 1,
  cost: 1,
  async run({ world, watch }, { peers }) {
    const swarm = await Swarm.create(world, {
      size: 4 * MIB - 7,
      pieceLength: 65_536 + 32_768,
      seed: { up: MIB },
    });
    watch(swarm);
    const { node, torrent } = await swarm.addLeecher({ up: MIB });
    await world.settle();
    const bad: { readonly mischief: Mischief; readonly peer: ScriptedPeer }[] = [];
    for (let i = 0; i < peers; i++) {
      for (const mischief of MISCHIEF) {
        const peer = world.dial(node, swarm.made);
        bad.push({ mischief, peer });
        peer.onHeard = (heard) => {
          if (heard.kind !== "handshake") return;
          mischief.play(peer, swarm.made);
          peer.say();
        };
      }
    }
    await swarm.finish(60_000);
    await world.run(1_000);
    const wrong = bad.filter(({ mischief, peer }) => peer.closed !== mischief.closes);
    let queued = 0;
    for (const peer of torrent.live!.swarm.connected) queued += peer.connection.queuedBytes;
    node.session.invariants();
    return {
      ok: swarm.completeCount === 1 && wrong.length === 0 && queued < MIB,
      complete: swarm.completeCount === 1,
      hostile: bad.length,
      closed: bad.filter(({ peer }) => peer.closed).length,
      wrong: wrong.map(({ mischief }) => mischief.name).join(","),
      queuedBytes: queued,
    };
  },
};
