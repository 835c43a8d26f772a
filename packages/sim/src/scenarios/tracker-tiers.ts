import { rounded } from "../rounded.ts";
import type { Scenario } from "../scenario.ts";
import { SimulatedTracker } from "../simulated-tracker.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Each tracker that is silent is waited for ten seconds before the next is asked. */
const MOST_UNTIL_COMPLETE_MS = 2 * MINUTE_MS;
/** Requests to a host that does not answer: one an hour, and a few in the beginning, however many torrents would ask it. */
const MOST_PER_SILENT_HOST_AND_DAY = 50;
/** Requests to one that answers with nonsense, for each torrent: it has to be told for each that it is of no use. */
const MOST_PER_TORRENT_AND_DAY = 32;
const MOST_EVENTS_PER_TORRENT_AND_HOUR = 30;

export const trackerTiers: Scenario = {
  name: "tracker-tiers",
  title:
    "dead trackers before a good one, and many torrents that have only dead ones, cost little, and ever less",
  peers: 300,
  cost: 4,
  async run({ world }, { peers }) {
    const tracker = new SimulatedTracker(world.rng);
    const isThere = { revived: false };
    world.web.serve("silent.example", () => null);
    world.web.serve("refused.example", () => "refused");
    world.web.serve("junk.example", () => new TextEncoder().encode("<html>"));
    world.web.serve("revived.example", (url, from) => (isThere.revived ? tracker.server(url, from) : null));
    world.web.serve("good.example", tracker.server);
    const url = (host: string): string => `http://${host}.example/announce`;
    const dead = [["silent", "refused"], ["junk"], ["revived"]].map((hosts) => hosts.map(url));
    const trackers = [...dead, [url("good")]];
    const asked = (host: string): number =>
      world.web.asked.filter(({ hostname }) => hostname === `${host}.example`).length;

    const made = await world.make({ "film.bin": 100_000 }, { kind: "hybrid", pieceLength: 65_536, trackers });
    const { metainfo, torrentBytes } = made;
    const load = (): Promise<Uint8Array> => Promise.resolve(torrentBytes);
    const node = await world.node();
    world.write(node, made, "/data");
    const seed = await world.finish(node.session.add({ metainfo, load, downloadDir: "/data" }));
    await world.until("the tracker knows of the seed", () => tracker.announces > 0, 2 * MINUTE_MS);
    const begin = world.now();
    const leecher = await world.node();
    const got = await world.finish(leecher.session.add({ metainfo, downloadDir: "/out" }));
    await world.until("the download is complete", () => got.state === "seeding", 10 * MINUTE_MS);
    const untilComplete = world.now() - begin;
    await world.finish(leecher.session.close());

    await world.run(5 * MINUTE_MS);
    const row = { ...seed.row()!, v2: null, trackers: dead };
    for (let i = 1; i <= peers; i++) {
      const v1 = i.toString(16).padStart(40, "0");
      await world.finish(node.session.add({ row: { ...row, v1 }, load, downloadDir: "/data" }));
    }
    const days: {
      readonly silent: number;
      readonly refused: number;
      readonly junk: number;
      readonly events: number;
    }[] = [];
    for (let day = 0; day < 4; day++) {
      const before = {
        silent: asked("silent"),
        refused: asked("refused"),
        junk: asked("junk"),
        events: world.events,
      };
      await world.run(DAY_MS);
      days.push({
        silent: asked("silent") - before.silent,
        refused: asked("refused") - before.refused,
        junk: (asked("junk") - before.junk) / peers,
        events: (world.events - before.events) / peers / 24,
      });
    }
    const isBounded = days.every(
      ({ silent, refused, junk, events }) =>
        Math.max(silent, refused) <= MOST_PER_SILENT_HOST_AND_DAY &&
        junk <= MOST_PER_TORRENT_AND_DAY &&
        events <= MOST_EVENTS_PER_TORRENT_AND_HOUR,
    );
    const [first, last] = [days[0]!, days.at(-1)!];
    const { timers } = node.clock;

    // Somebody who waits does not wait for the pause; the others come by themselves.
    isThere.revived = true;
    const one = node.session.torrents().at(-1)!;
    one.announce();
    const revivedAt = (): boolean => one.trackers().some(({ state }) => state === "ok");
    await world.play(revivedAt, 2 * MINUTE_MS);
    const servedAtOnce = revivedAt();
    await world.run(2 * DAY_MS);
    const found = node.session
      .torrents()
      .filter((torrent) => torrent.trackers().some(({ state }) => state === "ok")).length;
    return {
      ok:
        untilComplete <= MOST_UNTIL_COMPLETE_MS &&
        isBounded &&
        last.junk <= 2 &&
        last.events < first.events / 2 &&
        timers === 1 &&
        servedAtOnce &&
        found === peers + 1,
      torrents: peers,
      secondsUntilComplete: rounded(untilComplete / 1000),
      silentOnFirstDay: first.silent,
      silentOnLastDay: last.silent,
      refusedOnFirstDay: first.refused,
      refusedOnLastDay: last.refused,
      junkPerTorrentOnFirstDay: rounded(first.junk),
      junkPerTorrentOnLastDay: rounded(last.junk),
      eventsPerTorrentAndHourOnFirstDay: rounded(first.events),
      eventsPerTorrentAndHourOnLastDay: rounded(last.events),
      timers,
      servedAtOnce,
      found,
    };
  },
};
