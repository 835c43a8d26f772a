import { ShoalDaemon } from "@shoal/testkit";
import type { Stage } from "@shoal/testkit";

/** Requests under way at once. */
const AT_ONCE = 32;

/** What the process says of itself after garbage was collected; see heap-probe.ts. */
export interface Footprint {
  /** Of the main thread. */
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly rssBytes: number;
  /** Timers, sockets and whatever else keeps an event loop alive. */
  readonly handles: number;
  readonly openFiles: number;
  /** User and system time since the process began. */
  readonly cpuMs: number;
}

/** One whose `footprint` can be asked for. */
export function startMeasured(stage: Stage, folder: string = stage.folder("daemon")): Promise<ShoalDaemon> {
  const probe = new URL("heap-probe.js", import.meta.url).href;
  const node = ["--expose-gc", "--import", probe];
  return ShoalDaemon.start(stage, { folder, node, flags: ["--no-lsd", "--no-dht"] });
}

/** Of one that was started by `startMeasured`. */
export function footprint({ child }: ShoalDaemon): Promise<Footprint> {
  return new Promise((resolve, reject) => {
    const stop = child.onLine((line) => {
      if (!line.startsWith('{"footprint"')) return;
      stop();
      resolve((JSON.parse(line) as { footprint: Footprint }).footprint);
    });
    void child.exited.then(() => reject(new Error(`the daemon has ended\n${child.log}`)));
    child.signal("SIGUSR2");
  });
}

/** `act` of 0 to `count` - 1, several at once. */
export async function inParallel(count: number, act: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
