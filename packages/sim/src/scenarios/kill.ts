import { rounded } from "../rounded.ts";
import type { Scenario } from "../scenario.ts";
import { type Member, Swarm } from "../swarm.ts";
import { IDEAL_DISK } from "../simulated-disk.ts";

const MIB = 1024 * 1024;
const SIZE = 16 * MIB;
const PIECE = 128 * 1024;
/** Few kills are spread over the whole download. */
const SPAN = 30_000;
const LINK = { up: MIB, down: MIB, latencyMs: 10, loss: 0 };
const DISK = { ...IDEAL_DISK, latencyMs: 5, rate: 4 * MIB, disorderMs: 200 };

export const kill: Scenario = {
  name: "kill",
  title: "a process killed at random points claims nothing after its restart that is not on disk and right",
  peers: 12,
  cost: 1,
  async run({ world, watch }, { peers: kills }) {
    const swarm = await Swarm.create(world, { size: SIZE, pieceLength: PIECE, seed: LINK });
    watch(swarm);
    let member = await swarm.start(await world.node({ link: LINK, diskSpec: DISK }));
    let claimed = 0;
    let wrong = 0;
    let lost = 0;
    for (let i = 0; i < kills; i++) {
      await world.run(1 + world.rng.below(Math.max(2_500, SPAN / kills)));
      const before = member.torrent.stats().piecesHave;
      member.node.kill();
      const { store } = member.node;
      const disk = world.disk(member.node.disk.store, DISK);
      const node = await world.node({ link: LINK, disk, store });
      member = await swarm.start(node);
      await world.play(() => member.torrent.state !== "checking", 60_000);
      const found = claims(swarm, member);
      claimed += found.claimed;
      wrong += found.wrong;
      lost += Math.max(0, before - found.claimed);
    }
    await world.play(() => member.completeAt !== null, 10 * 60_000);
    const end = claims(swarm, member);
    return {
      ok: member.completeAt !== null && wrong + end.wrong === 0 && lost === 0,
      kills,
      complete: member.completeAt !== null,
      claimed,
      wrong: wrong + end.wrong,
      lost,
      seconds: rounded((world.now() - 1000) / 1000),
    };
  },
};

/** Pieces that the session says it has, and how many of them are not on disk as they should be. */
function claims(swarm: Swarm, { node, torrent }: Member): { claimed: number; wrong: number } {
  const bytes = node.disk.files.get("/data/film.bin")?.bytes ?? new Uint8Array(0);
  let claimed = 0;
  let wrong = 0;
  for (const piece of torrent.live?.content?.have ?? []) {
    claimed++;
    const from = piece * PIECE;
    const right = swarm.made.space.subarray(from, from + PIECE);
    if (Buffer.compare(bytes.subarray(from, from + PIECE), right) !== 0) wrong++;
  }
  return { claimed, wrong };
}
