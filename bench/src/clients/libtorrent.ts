import { whyLacking } from "@shoal/testkit";
import type { Stage } from "@shoal/testkit";
import type { Contender, Job, Leecher, Seeder } from "./contender.ts";
import { LibtorrentDriver } from "./libtorrent-driver.ts";
import type { Preset } from "./libtorrent-driver.ts";

/** libtorrent with its preset for fast seeds and more threads and longer queues; and as it comes. */
export const libtorrentTuned: Contender = contender("libtorrent", "tuned");
export const libtorrentDefault: Contender = contender("libtorrent-default", "default");

function contender(name: string, preset: Preset): Contender {
  return {
    name,
    lacking: () => whyLacking(["libtorrent"]),

    async seed(stage: Stage, job: Job): Promise<Seeder> {
      const driver = await LibtorrentDriver.start(stage, preset);
      await driver.call("seed", { file: job.torrent, saveDir: job.dataDir });
      const { host, port } = driver;
      return { pid: driver.child.pid, host, port, tracker: null, stop: () => driver.stop() };
    },

    async leech(stage: Stage, job: Job, saveDir: string, seeders: readonly Seeder[]): Promise<Leecher> {
      const driver = await LibtorrentDriver.start(stage, preset);
      const order = {
        file: job.torrent,
        saveDir,
        peers: seeders.map(({ host, port }) => [host, port]),
        pollSeconds: job.pollMs / 1000,
      };
      return {
        pid: driver.child.pid,
        async go() {
          const { firstByte, complete } = await driver.call("download", order);
          return { firstByteMs: (firstByte as number) * 1000, completeMs: (complete as number) * 1000 };
        },
        stop: () => driver.stop(),
      };
    },
  };
}
