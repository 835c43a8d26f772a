import { rounded } from "../rounded.ts";
import type { Scenario } from "../scenario.ts";
import { Swarm } from "../swarm.ts";

const MIB = 1024 * 1024;
const SIZE = 16 * MIB;
const DAY_MS = 24 * 3_600_000;
const SLEEP_MS = 8 * 3_600_000;
/** After waking: connections are found dead, the tracker is asked, peers are dialled. */
const MOST_AFTER_WAKING_MS = 3 * 60_000;

export const clockJumps: Scenario = {
  name: "clock-jumps",
  title: "clocks that jump a day and machines that sleep eight hours go on where they were, without a burst",
  peers: 4,
  cost: 2,
  async run({ world, watch }, { peers }) {
    const swarm = await Swarm.create(world, {
      size: SIZE,
      pieceLength: 128 * 1024,
      seed: { up: MIB / 2, latencyMs: 20 },
    });
    watch(swarm);
    for (let i = 0; i < peers; i++) await swarm.addLeecher({ up: MIB / 8, down: MIB, latencyMs: 20 });
    await world.run(5_000);
    const { announces } = swarm.tracker;
    for (let i = 0; i < peers; i++) swarm.leechers[i]!.node.clock.setWall(i % 2 === 0 ? DAY_MS : -DAY_MS);
    await world.run(5_000);
    const afterJump = swarm.tracker.announces - announces;
    // The lids are closed: of half of them the monotonic time goes on, of the others it stands still.
    const sleepers = swarm.leechers.slice(0, Math.max(1, peers >>> 1));
    for (const { node } of sleepers) node.sleep();
    const haveBefore = sleepers.map(({ torrent }) => torrent.stats().have);
    await world.run(SLEEP_MS);
    const beforeWaking = swarm.tracker.announces;
    sleepers.forEach(({ node }, i) => node.wake(i % 2 === 0));
    const wokeAt = world.now();
    await swarm.finish(30 * 60_000);
    const wakingMs = world.now() - wokeAt;
    const announcesAfter = swarm.tracker.announces - beforeWaking;
    const slept = sleepers.every(({ torrent }, i) => torrent.stats().have >= haveBefore[i]!);
    return {
      ok:
        swarm.completeCount === peers &&
        slept &&
        afterJump === 0 &&
        wakingMs <= MOST_AFTER_WAKING_MS &&
        announcesAfter <= 2 * peers,
      peers,
      complete: swarm.completeCount,
      announcesAfterJump: afterJump,
      announcesAfterSleep: announcesAfter,
      secondsAfterSleep: rounded(wakingMs / 1000),
      wastePercent: rounded((100 * swarm.wasted) / (peers * SIZE)),
    };
  },
};
