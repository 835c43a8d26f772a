import { Aria2, Opentracker, lacksHybrid, poll, whyLacking } from "@shoal/testkit";
import type { Stage, TorrentKind } from "@shoal/testkit";
import { monotonicMs } from "../clock.ts";
import type { Contender, Job, Leecher, Seeder, Timeline } from "./contender.ts";

const WITHIN_MS = 180_000;

/** aria2. It can't be given a peer's address, so each pair has a tracker of its own. */
export const aria2: Contender = {
  name: "aria2",
  writesBehind: true,

  lacking(kind: TorrentKind): string | null {
    const absent = whyLacking(["aria2", "opentracker"]);
    if (absent !== null) return absent;
    if (kind === "v2") return "aria2 does not read v2 torrents";
    if (kind === "v1") return null;
    const why = lacksHybrid("aria2");
    return why === false ? null : why;
  },

  async seed(stage: Stage, job: Job): Promise<Seeder> {
    const tracker = await Opentracker.start(stage, [job.facts]);
    const client = await Aria2.start(stage);
    const download = await client.add({
      file: job.torrent,
      dir: job.dataDir,
      trackers: [tracker.httpUrl],
    });
    await download.waitForComplete(WITHIN_MS);
    await tracker.waitForSeeds(job.facts);
    const { host, port, child } = client;
    return { pid: child.pid, host, port, tracker: tracker.httpUrl, stop: () => child.stop(500, "SIGKILL") };
  },

  async leech(stage: Stage, job: Job, saveDir: string, seeders: readonly Seeder[]): Promise<Leecher> {
    const client = await Aria2.start(stage);
    const trackers = seeders.flatMap(({ tracker }) => (tracker === null ? [] : [tracker]));
    return {
      pid: client.child.pid,
      async go(): Promise<Timeline> {
        const download = await client.add({ file: job.torrent, dir: saveDir, trackers });
        let firstByteMs: number | null = null;
        await poll(
          "aria2 has everything",
          async () => {
            const status = await download.status();
            if (status.errorMessage !== null && status.errorMessage !== "") {
              throw new Error(`aria2: ${status.errorMessage}`);
            }
            if (firstByteMs === null && status.completedLength > 0) firstByteMs = monotonicMs();
            return status.seeder;
          },
          { within: WITHIN_MS, every: job.pollMs },
        );
        const completeMs = monotonicMs();
        return { firstByteMs: firstByteMs ?? completeMs, completeMs };
      },
      stop: () => client.child.stop(500, "SIGKILL"),
    };
  },
};
