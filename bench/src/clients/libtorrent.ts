import { whyLacking } from "@shoal/testkit";
import type { Stage } from "@shoal/testkit";
import { driverPath } from "../paths.ts";
import type { Contender, Job, Leecher, Seeder, SwarmContender } from "./contender.ts";
import { Driver } from "./driver.ts";
import { memberOf } from "./swarm-member.ts";

type Preset = "tuned" | "default";

/** Debian's binding is built for the system's interpreter. */
export const PYTHON = "/usr/bin/python3";

/** libtorrent with its preset for fast seeds and more threads and longer queues; and as it comes. */
export const libtorrentTuned: Contender = contender("libtorrent", "tuned");
export const libtorrentDefault: Contender = contender("libtorrent-default", "default");

export const libtorrentSwarm: SwarmContender = {
  name: "libtorrent",
  writesBehind: true,
  lacking: () => whyLacking(["libtorrent"]),
  start: async (stage) => memberOf(await startLibtorrent(stage, "tuned")),
};

/** See drivers/libtorrent_tuned.py. */
export function startLibtorrent(stage: Stage, preset: Preset): Promise<Driver> {
  return Driver.start(stage, {
    name: "libtorrent",
    command: PYTHON,
    args: (host, port) => [driverPath("libtorrent_tuned.py"), host, String(port), preset],
  });
}

function contender(name: string, preset: Preset): Contender {
  return {
    name,
    writesBehind: true,
    lacking: () => whyLacking(["libtorrent"]),

    async seed(stage: Stage, job: Job): Promise<Seeder> {
      const member = memberOf(await startLibtorrent(stage, preset));
      await member.seed(job);
      return { ...member, tracker: null };
    },

    async leech(stage: Stage, job: Job, saveDir: string, seeders: readonly Seeder[]): Promise<Leecher> {
      const member = memberOf(await startLibtorrent(stage, preset));
      return { pid: member.pid, go: () => member.download(job, saveDir, seeders), stop: () => member.stop() };
    },
  };
}
