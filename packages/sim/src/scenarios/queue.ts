import type { Torrent } from "@shoal/engine/composition";
import type { Scenario } from "../scenario.ts";

const KIB = 1024;
const MINUTE_MS = 60_000;
const AT_ONCE = 3;
const SIZE = 2_000 * KIB;

export const queue: Scenario = {
  name: "queue",
  title:
    "so many downloads run at once, in order; who is forced or finds nobody takes no place from the others",
  peers: 12,
  cost: 2,
  async run({ world }, { peers: count }) {
    const seed = await world.node({ link: { up: 200 * KIB, down: Infinity, latencyMs: 10, loss: 0 } });
    const home = await world.node();
    home.session.queue.setLimits({ download: AT_ONCE, seed: Infinity });
    const torrents: Torrent[] = [];
    for (let i = 0; i < count; i++) {
      const made = await world.make({ [`film-${i}.bin`]: SIZE }, { kind: "v1", pieceLength: 64 * KIB });
      const { metainfo } = made;
      // Nobody has the first one.
      const peers = i === 0 ? [] : [seed.endpoint];
      if (i > 0) {
        world.write(seed, made, "/data");
        await world.finish(
          seed.session.add({ metainfo, downloadDir: "/data", hashed: true, seedOnly: true }),
        );
      }
      torrents.push(await world.finish(home.session.add({ metainfo, downloadDir: "/out", peers })));
    }
    const last = torrents.at(-1)!;
    last.setForced(true);
    const done: number[] = [];
    let most = 0;
    await world.play(() => {
      let running = 0;
      for (const torrent of torrents) {
        if (torrent.state === "seeding" && !done.includes(torrent.number)) done.push(torrent.number);
        if (torrent.state === "downloading" && !torrent.forced && torrent !== torrents[0]) running++;
      }
      most = Math.max(most, running);
      return done.length === count - 1;
    }, 10 * MINUTE_MS);
    const inOrder = done.filter((number) => number !== last.number);
    // Those that run side by side may overtake each other.
    const isOrdered = inOrder.every((number, at) => Math.abs(number - 2 - at) <= AT_ONCE);
    const lonely = torrents[0]!.state;
    return {
      ok: done.length === count - 1 && most === AT_ONCE && isOrdered && lonely === "downloading",
      downloads: count,
      completed: done.length,
      most,
      forcedPlace: done.indexOf(last.number) + 1,
      isOrdered,
    };
  },
};
