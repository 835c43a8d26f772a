import { serves } from "../../scripted-seed.ts";
import { download, hangsUp, makeFilm, seed, share, tells } from "./scene.ts";
import type { WhyStory } from "./why.ts";

/** What those are the cause of who are known. */
export const PEER_STORIES: Readonly<
  Record<
    | "connecting"
    | "peers-silent"
    | "peers-plain-only"
    | "version"
    | "only-peer-banned"
    | "peers-no-data"
    | "choked-by-all"
    | "awaiting-data",
    WhyStory
  >
> = {
  connecting: {
    title: "a connection that is being made is waited for, and no longer when it has failed",
    async bring(world) {
      const made = await makeFilm(world);
      const { node } = await share(world, made);
      node.net.setPlugged(false);
      const { torrent } = await download(world, made, [node.endpoint]);
      return { torrent, resolve: () => undefined };
    },
  },
  "peers-silent": {
    title: "a peer that does not answer is tried again, until it does",
    async bring(world) {
      const made = await makeFilm(world);
      const { node } = await share(world, made);
      node.net.setPlugged(false);
      const { torrent } = await download(world, made, [node.endpoint]);
      return {
        torrent,
        resolve: () => node.net.setPlugged(true),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  "peers-plain-only": {
    title:
      "a peer that takes plain connections only is no use where others are required, until one comes who takes them",
    async bring(world) {
      const made = await makeFilm(world);
      const plain = await hangsUp(world, 1);
      const config = { obfuscation: "require" } as const;
      const { torrent } = await download(world, made, [plain], { node: { config } });
      const other = await world.node({ config });
      world.write(other, made, "/data");
      await world.finish(
        other.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true }),
      );
      return {
        torrent,
        resolve: () => torrent.addPeer(other.endpoint),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  version: {
    title:
      "peers that hang up before they say anything speak something else, until one is found who does not",
    async bring(world) {
      const made = await makeFilm(world);
      const peers = await Promise.all([1, 2, 3].map((number) => hangsUp(world, number)));
      const { torrent } = await download(world, made, peers);
      const good = await seed(world, made);
      return { torrent, resolve: () => torrent.addPeer(good), isResolved: () => torrent.state === "seeding" };
    },
  },
  "only-peer-banned": {
    title: "the only peer, which sent wrong data, is not used any more, until there is another",
    async bring(world) {
      const made = await makeFilm(world, { kind: "v2" });
      const liar = await world.node();
      world.write(liar, made, "/data");
      await world.finish(
        liar.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true }),
      );
      liar.disk.onRead = (target) => {
        target[100]! ^= 255;
      };
      const { torrent } = await download(world, made, [liar.endpoint]);
      const { node } = await share(world, made);
      return {
        torrent,
        resolve: () => torrent.addPeer(node.endpoint),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  "peers-no-data": {
    title: "peers that have nothing that is missing are told from those who do, until one comes who has it",
    async bring(world) {
      const made = await makeFilm(world);
      const poor = await world.listen(made, {}, (peer) => serves(peer, made, false));
      const { torrent } = await download(world, made, [poor]);
      const good = await seed(world, made);
      return { torrent, resolve: () => torrent.addPeer(good), isResolved: () => torrent.state === "seeding" };
    },
  },
  "choked-by-all": {
    title: "peers that serve others first are waited for, until it is our turn",
    async bring(world) {
      const made = await makeFilm(world);
      const busy = await tells(world, made, () => {});
      const { torrent } = await download(world, made, [busy]);
      const good = await seed(world, made);
      return { torrent, resolve: () => torrent.addPeer(good), isResolved: () => torrent.state === "seeding" };
    },
  },
  "awaiting-data": {
    title: "pieces that were asked for are waited for, and asked of others when they don't come",
    async bring(world) {
      const made = await makeFilm(world);
      const lazy = await tells(world, made, (peer, heard) => {
        if (heard === "interested") peer.out.unchoke();
      });
      const { torrent } = await download(world, made, [lazy]);
      const good = await seed(world, made);
      return { torrent, resolve: () => torrent.addPeer(good), isResolved: () => torrent.state === "seeding" };
    },
  },
};
