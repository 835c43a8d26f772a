import { ShoalError } from "@shoal/engine/composition";
import { IDEAL_DISK } from "../../simulated-disk.ts";
import { download, makeFilm, seed, share } from "./scene.ts";
import type { WhyStory } from "./why.ts";

const MIB = 1024 * 1024;
/** Lost files are looked for at times. */
const FILE = "/data/film.bin";

/** What the disk and the files on it are the cause of. */
export const DISK_STORIES: Readonly<
  Record<"checking" | "disk-busy" | "disk-full" | "disk-error" | "files-missing" | "files-changed", WhyStory>
> = {
  checking: {
    title: "data of unknown origin is checked first, and the torrent says so",
    async bring(world) {
      const made = await makeFilm(world);
      const node = await world.node({ diskSpec: { ...IDEAL_DISK, rate: MIB / 10 } });
      world.write(node, made, "/out");
      const torrent = await world.finish(node.session.add({ metainfo: made.metainfo, downloadDir: "/out" }));
      return { torrent, resolve: () => undefined, isResolved: () => torrent.state === "seeding" };
    },
  },
  "disk-busy": {
    title: "peers that are faster than the disk are not what is waited for",
    async bring(world) {
      const made = await world.make({ "film.bin": 16 * MIB }, { kind: "v1", pieceLength: MIB / 4 });
      const slow = { ...IDEAL_DISK, slotCount: 4, rate: 10_000 };
      const { torrent } = await download(world, made, [await seed(world, made)], {
        node: { diskSpec: slow },
      });
      return { torrent, resolve: () => undefined };
    },
  },
  "disk-full": {
    title: "a full disk is named with what is missing, until there is room",
    async bring(world) {
      const made = await makeFilm(world);
      const node = await world.node();
      node.disk.store.free = MIB / 2;
      const torrent = await world.finish(
        node.session.add({
          metainfo: made.metainfo,
          downloadDir: "/out",
          peers: [await seed(world, made)],
        }),
      );
      return {
        torrent,
        resolve: () => {
          node.disk.store.free = Infinity;
        },
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  "disk-error": {
    title: "a disk that fails is named with its error, until it works again",
    async bring(world) {
      const made = await makeFilm(world);
      const node = await world.node();
      node.disk.failing.set("write", new ShoalError("ERR_DISK", 'can\'t write "/out/film.bin": EIO'));
      const torrent = await world.finish(
        node.session.add({
          metainfo: made.metainfo,
          downloadDir: "/out",
          peers: [await seed(world, made)],
        }),
      );
      return {
        torrent,
        resolve: () => node.disk.failing.clear(),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  "files-missing": {
    title: "a file that is gone is named, until it is put back",
    async bring(world) {
      const made = await makeFilm(world);
      const { node, torrent } = await share(world, made);
      const lost = node.disk.files.get(FILE)!;
      node.disk.files.delete(FILE);
      await world.finish(torrent.recheck());
      return {
        torrent,
        resolve: () => node.disk.files.set(FILE, lost),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
  "files-changed": {
    title: "a file that another program has changed is named, until it is as before",
    async bring(world) {
      const made = await makeFilm(world);
      const { node, torrent } = await share(world, made);
      const right = node.disk.files.get(FILE)!;
      node.disk.files.delete(FILE);
      const bytes = right.bytes.slice();
      bytes.fill(0, 0, MIB / 2);
      node.disk.put(FILE, bytes);
      await world.finish(torrent.recheck());
      return {
        torrent,
        resolve: () => node.disk.files.set(FILE, right),
        isResolved: () => torrent.state === "seeding",
      };
    },
  },
};
