import type { Scenario } from "../scenario.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export const dormant: Scenario = {
  name: "dormant",
  title:
    "thousands of torrents that nobody asks for do nothing at all, and one of them wakes up when it is asked for",
  peers: 10_000,
  cost: 2,
  async run({ world }, { peers }) {
    const made = await world.make({ "film.bin": 100_000 }, { kind: "v1", pieceLength: 65_536 });
    const { metainfo, torrentBytes } = made;
    const node = await world.node();
    world.write(node, made, "/data");
    const load = (): Promise<Uint8Array> => Promise.resolve(torrentBytes);
    const torrent = await world.finish(node.session.add({ metainfo, load, downloadDir: "/data" }));
    await world.run(5 * MINUTE_MS);
    const row = torrent.row();
    if (row === null) throw new Error("the torrent has no row");
    const add = [];
    for (let i = 1; i < peers; i++) {
      const v1 = i.toString(16).padStart(40, "0");
      add.push(node.session.add({ row: { ...row, v1 }, load, downloadDir: "/data" }));
    }
    await world.finish(Promise.all(add));
    await world.run(5 * MINUTE_MS);
    const seeding = node.session.torrents().filter(({ state }) => state === "seeding").length;
    const resting = node.session.torrents().filter(({ isAtRest }) => isAtRest).length;
    const { timers } = node.clock;
    const before = world.events;
    await world.run(DAY_MS);
    const eventsPerDay = world.events - before;
    const leecher = await world.node();
    const got = await world.finish(
      leecher.session.add({ metainfo, downloadDir: "/out", peers: [node.endpoint] }),
    );
    await world.play(() => got.state === "seeding", MINUTE_MS);
    const woken = got.state === "seeding";
    await world.finish(leecher.session.close());
    await world.run(5 * MINUTE_MS);
    const restsAgain = torrent.isAtRest && node.clock.timers === 0;
    return {
      ok: seeding === peers && resting === peers && timers === 0 && eventsPerDay === 0 && woken && restsAgain,
      torrents: peers,
      seeding,
      resting,
      timers,
      eventsPerDay,
      woken,
      restsAgain,
    };
  },
};
