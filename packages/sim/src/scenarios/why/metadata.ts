import { serves, servesMetadata } from "../../scripted-seed.ts";
import { download, fetchByHash, makeFilm, share } from "./scene.ts";
import type { WhyStory } from "./why.ts";

const KIB = 1024;
/** A web server that never gets as far as its answer: it is given up after a while, and asked again. */
const SLOW = 10;

/** What is missing of the torrent itself, and servers that have its files. */
export const METADATA_STORIES: Readonly<
  Record<
    "getting-metadata" | "need-metadata" | "need-hashes" | "awaiting-web-server" | "web-server-down",
    WhyStory
  >
> = {
  "getting-metadata": {
    title: "a list of files that a peer is asked for is waited for, until it is there",
    async bring(world) {
      const made = await makeFilm(world);
      const { infoBytes, infoHashes } = made.metainfo;
      const promising = await world.listen(made, {}, (peer) => {
        peer.onHeard = ({ kind }) => {
          if (kind === "handshake")
            peer.sayExtended(0, { m: { ut_metadata: 7 }, metadata_size: infoBytes.length });
        };
      });
      const torrent = await fetchByHash(world, infoHashes.v1!, [promising]);
      const { node } = await share(world, made);
      return {
        torrent,
        resolve: () => torrent.addPeer(node.endpoint),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  "need-metadata": {
    title: "peers of whom none has the list of files are named as such, until one comes who has it",
    async bring(world) {
      const made = await makeFilm(world);
      const poor = await world.listen(made, {}, (peer) => serves(peer, made, false));
      const torrent = await fetchByHash(world, made.metainfo.infoHashes.v1!, [poor]);
      const { node } = await share(world, made);
      return {
        torrent,
        resolve: () => torrent.addPeer(node.endpoint),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  "need-hashes": {
    title: "a version 2 torrent without the hashes of its files waits for them, until a peer tells them",
    async bring(world) {
      const made = await makeFilm(world, { kind: "v2", pieceLength: 64 * KIB });
      const mute = await world.listen(made, { v2: true }, (peer) => {
        serves(peer, made);
        servesMetadata(peer, made);
      });
      const torrent = await fetchByHash(world, made.metainfo.infoHashes.v2!, [mute]);
      const { node } = await share(world, made);
      return {
        torrent,
        resolve: () => torrent.addPeer(node.endpoint),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  "awaiting-web-server": {
    title: "a web server that has been asked is waited for, until it sends",
    async bring(world) {
      const made = await makeFilm(world, { webSeeds: ["http://web.example/"] });
      world.web.serveRanges("web.example", (_url, from, to) => ({
        status: 206,
        headers: new Map([["content-range", `bytes ${from}-${to - 1}/${1024 * KIB}`]]),
        body: made.space.slice(from, to),
        bytesPerSecond: SLOW * KIB,
      }));
      const { torrent } = await download(world, made, []);
      return { torrent, resolve: () => undefined, isResolved: () => torrent.state === "seeding" };
    },
  },
  "web-server-down": {
    title: "a web server that does not answer is named, until there is somebody else",
    async bring(world) {
      const made = await makeFilm(world, { webSeeds: ["http://web.example/"] });
      world.web.serveRanges("web.example", () => null);
      const { torrent } = await download(world, made, []);
      const { node } = await share(world, made);
      return {
        torrent,
        resolve: () => torrent.addPeer(node.endpoint),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
};
