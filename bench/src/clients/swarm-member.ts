import type { SwarmMember } from "./contender.ts";
import type { Driver } from "./driver.ts";

/** A driver that understands `seed` and `download`, as one of a swarm. */
export function memberOf(driver: Driver): SwarmMember {
  const { host, port, child } = driver;
  return {
    pid: child.pid,
    host,
    port,
    async seed(job) {
      await driver.call("seed", { file: job.torrent, saveDir: job.dataDir });
    },
    async download(job, saveDir, peers) {
      const { firstByte, complete } = await driver.call("download", {
        file: job.torrent,
        saveDir,
        peers: peers.map((peer) => [peer.host, peer.port]),
        pollSeconds: job.pollMs / 1000,
      });
      return { firstByteMs: (firstByte as number) * 1000, completeMs: (complete as number) * 1000 };
    },
    stop: () => driver.stop(),
  };
}
