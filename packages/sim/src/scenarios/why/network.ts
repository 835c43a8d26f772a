import type { Node } from "../../node.ts";
import { download, trackerNaming, makeFilm, seed } from "./scene.ts";
import type { WhyStory } from "./why.ts";

const YEAR_MS = 365 * 86_400_000;

/** What lies between this computer and the others. */
export const NETWORK_STORIES: Readonly<Record<"no-network" | "blocked" | "clock", WhyStory>> = {
  "no-network": {
    title: "without a way out nobody else is blamed, until it is there again",
    async bring(world) {
      const made = await makeFilm(world);
      const { node, torrent } = await download(world, made, [await seed(world, made)]);
      node.net.setObstacle("waits for interface tun0");
      return {
        torrent,
        resolve: () => node.net.setObstacle(null),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  blocked: {
    title:
      "peers that are all silent while their tracker answers: something on the way is closed, until it opens",
    async bring(world) {
      const made = await makeFilm(world);
      const others: Node[] = [];
      for (let i = 0; i < 6; i++) {
        const node = await world.node();
        world.write(node, made, "/data");
        await world.finish(
          node.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true }),
        );
        node.net.setPlugged(false);
        others.push(node);
      }
      const tracker = trackerNaming(
        world,
        others.map(({ endpoint }) => endpoint),
      );
      const { torrent } = await download(world, made, [], { trackers: [tracker] });
      return {
        torrent,
        resolve: () => {
          for (const { net } of others) net.setPlugged(true);
        },
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  clock: {
    title: "a clock that is years behind, at which no certificate is valid yet, is named, until it is set",
    async bring(world) {
      const made = await makeFilm(world);
      const node = await world.node();
      const now = node.clock.wallTime();
      node.clock.setWall(-5 * YEAR_MS);
      world.web.serve("secure.example", () => new TextEncoder().encode("d8:intervali60e5:peers0:e"), {
        from: now - YEAR_MS,
        to: now + YEAR_MS,
      });
      const torrent = await world.finish(
        node.session.add({
          metainfo: made.metainfo,
          downloadDir: "/out",
          trackers: ["https://secure.example/announce"],
        }),
      );
      return { torrent, resolve: () => node.clock.setWall(5 * YEAR_MS) };
    },
  },
};
