import { rounded } from "../rounded.ts";
import type { Scenario } from "../scenario.ts";
import { Swarm } from "../swarm.ts";

const MIB = 1024 * 1024;
const SIZE = 64 * MIB;
const PIECE = MIB / 2;
const UP = 4 * MIB;
const EVERY = 1000;

export const liar: Scenario = {
  name: "liar",
  title:
    "a peer that spoils every 1,000th block is banned, nobody else is, and less than two pieces are wasted",
  peers: 2,
  cost: 1,
  async run({ world, watch }, { peers }) {
    // The liar gives as much as all the others, so that it comes to its thousandth block.
    const honest = { up: UP / peers, latencyMs: 10 };
    const config = { maxConnectionsPerTorrent: peers + 2 };
    const swarm = await Swarm.create(world, { size: SIZE, pieceLength: PIECE, seed: honest, config });
    for (let i = 1; i < peers; i++) await swarm.addSeed(honest);
    const { node: bad } = await swarm.addSeed({ up: UP, latencyMs: 10 });
    let blocks = 0;
    let spoiled = 0;
    bad.disk.onRead = (target, offset) => {
      if (++blocks % EVERY !== 0) return;
      target[offset + 100]! ^= 255;
      spoiled++;
    };
    watch(swarm);
    const { torrent } = await swarm.addLeecher({ latencyMs: 10 });
    const banned: string[] = [];
    torrent.on((event) => {
      if (event.type === "banned") banned.push(event.host);
    });
    await swarm.finish(10 * 60_000);
    const wastedPieces = torrent.stats().failed / PIECE;
    const onlyLiar = banned.length === 1 && banned[0] === bad.host;
    return {
      ok: swarm.completeCount === 1 && spoiled > 0 && onlyLiar && wastedPieces < 2,
      complete: swarm.completeCount === 1,
      honest: peers,
      spoiled,
      banned: banned.length,
      onlyLiar,
      wastedPieces: rounded(wastedPieces),
    };
  },
};
