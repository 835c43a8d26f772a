import { download, makeFilm, seed } from "./scene.ts";
import type { WhyStory } from "./why.ts";

/** What somebody has decided here. */
export const USER_STORIES: Readonly<Record<"paused-user" | "paused-rule" | "queued" | "limited", WhyStory>> =
  {
    "paused-user": {
      title: "who paused a torrent reads that it is paused by a user, until it is resumed",
      async bring(world) {
        const made = await makeFilm(world);
        const { torrent } = await download(world, made, [await seed(world, made)]);
        await world.finish(torrent.pause());
        return { torrent, resolve: () => torrent.resume(), isResolved: () => torrent.state === "seeding" };
      },
    },
    "paused-rule": {
      title: "a rule that pauses a torrent is named, until it lets it go on",
      async bring(world) {
        const made = await makeFilm(world);
        const { node, torrent } = await download(world, made, [await seed(world, made)]);
        node.session.explainHolds(() => ({ code: "paused-rule", rule: "ratio 2 is reached" }));
        await world.finish(torrent.pause());
        return { torrent, resolve: () => torrent.resume(), isResolved: () => torrent.state === "seeding" };
      },
    },
    queued: {
      title: "a torrent behind others says its place, until the queue lets more run",
      async bring(world) {
        const silent = await world.listen(await makeFilm(world), {}, () => {});
        const made = [await makeFilm(world), await makeFilm(world)] as const;
        const node = await world.node();
        node.session.queue.setLimits({ download: 1, seed: Infinity });
        const add = (at: 0 | 1, peers: readonly { host: string; port: number }[]) =>
          world.finish(
            node.session.add({ metainfo: made[at].metainfo, downloadDir: `/out/${at}`, peers: [...peers] }),
          );
        await add(0, [silent]);
        const torrent = await add(1, [await seed(world, made[1])]);
        return {
          torrent,
          resolve: () => node.session.queue.setLimits({ download: 2, seed: Infinity }),
          isResolved: () => torrent.state === "seeding",
        };
      },
    },
    limited: {
      title: "a download that a speed limit holds back names the limit, until it is lifted",
      async bring(world) {
        const made = await makeFilm(world);
        const node = await world.node();
        node.session.limits.setSpeeds({ down: 1_000 });
        const torrent = await world.finish(
          node.session.add({
            metainfo: made.metainfo,
            downloadDir: "/out",
            peers: [await seed(world, made)],
          }),
        );
        return {
          torrent,
          resolve: () => node.session.limits.setSpeeds({ down: null }),
          isResolved: () => torrent.state === "seeding",
        };
      },
    },
  };
