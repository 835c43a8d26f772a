import { ANNOUNCE, download, trackerNaming, fruitless, makeFilm, seed } from "./scene.ts";
import type { WhyStory } from "./why.ts";

/** The search for others. A person who names a peer ends each of these. */
export const TRACKER_STORIES: Readonly<
  Record<"tracker-refused" | "tracker-down" | "asking-tracker" | "searching" | "no-peers", WhyStory>
> = {
  "tracker-refused": {
    title: "a tracker that refuses is quoted, until somebody names a peer",
    async bring(world) {
      const made = await makeFilm(world);
      world.web.serve("tracker.example", () =>
        new TextEncoder().encode("d14:failure reason20:unregistered torrente"),
      );
      const { torrent } = await download(world, made, [], { trackers: [ANNOUNCE] });
      const peer = await seed(world, made);
      return { torrent, resolve: () => torrent.addPeer(peer), isResolved: () => torrent.state === "seeding" };
    },
  },
  "tracker-down": {
    title: "a tracker that does not answer is told of, until it does",
    async bring(world) {
      const made = await makeFilm(world);
      world.web.serve("tracker.example", () => null);
      const peer = await seed(world, made);
      const { torrent } = await download(world, made, [], { trackers: [ANNOUNCE] });
      return {
        torrent,
        resolve: () => {
          trackerNaming(world, [peer]);
          torrent.announce();
        },
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  "asking-tracker": {
    title: "a tracker that names nobody goes on being asked, until it does",
    async bring(world) {
      const made = await makeFilm(world);
      const { torrent } = await download(world, made, [], { trackers: [trackerNaming(world)] });
      const peer = await seed(world, made);
      return {
        torrent,
        resolve: () => trackerNaming(world, [peer]),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  searching: {
    title: "a search in the DHT tells how many nodes were asked, until a peer is known",
    async bring(world) {
      const made = await makeFilm(world);
      const finders = [fruitless({ source: "dht", asked: 70, answered: 61 })];
      const { torrent } = await download(world, made, [], { node: { finders } });
      const peer = await seed(world, made);
      return { torrent, resolve: () => torrent.addPeer(peer), isResolved: () => torrent.state === "seeding" };
    },
  },
  "no-peers": {
    title: "who knows nobody and has nobody to ask says so, until somebody is named",
    async bring(world) {
      const made = await makeFilm(world);
      const { torrent } = await download(world, made, []);
      const peer = await seed(world, made);
      return { torrent, resolve: () => torrent.addPeer(peer), isResolved: () => torrent.state === "seeding" };
    },
  },
};
