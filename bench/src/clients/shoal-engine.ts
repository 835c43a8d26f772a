import type { Stage } from "@shoal/testkit";
import { fileURLToPath } from "node:url";
import type { Job, SwarmContender } from "./contender.ts";
import { Driver } from "./driver.ts";
import { profiling } from "./shoal.ts";
import { memberOf } from "./swarm-member.ts";

/**
 * Our engine in a process of its own, waiting for orders as libtorrent's driver does: `shoal get` begins by itself, so several can't
 * be told to begin together. See engine-driver.ts.
 */
export const shoalSwarm: SwarmContender = {
  name: "shoal",
  writesBehind: false,
  lacking: () => null,
  async start(stage: Stage, job: Job) {
    const program = fileURLToPath(new URL("../engine-driver.js", import.meta.url));
    const driver = await Driver.start(stage, {
      name: "shoal engine",
      command: process.execPath,
      args: (host, port) => [program, host, String(port), stage.folder("state")],
      env: profiling(job),
    });
    const member = memberOf(driver);
    return job.profileDir === null ? member : { ...member, stop: () => driver.finish() };
  },
};
