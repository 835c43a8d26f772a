import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What is left after a collection, in bytes. */
export interface Memory {
  readonly heap: number;
  /** Of typed arrays. */
  readonly buffers: number;
  readonly rss: number;
}

/** The memory of this process without garbage. */
export function collectedMemory(): Memory {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // The memory of typed arrays goes with the second collection only.
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers, rss };
}

/** Processor time of this process since `before`, all threads, microseconds. */
export function cpuMicrosSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
