import { closeSync, openSync, readSync } from "node:fs";
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";

const STEP_MS = 2;
/** A block that is looked at closer. */
const NOTABLE_MS = 5;

export interface LoopMeasured {
  /** Longest time in which nothing else could happen, by the clock. On a busy machine others' turns are in it. */
  readonly longestMs: number;
  /** Longest block without the time in which the thread waited for a processor. */
  readonly longestOwnMs: number;
  readonly p999Ms: number;
  /** Blocks of more than 10 ms of our own. */
  readonly over10: number;
  /** Longest pauses for collecting garbage: they are in the blocks. */
  readonly longestGcMs: number;
}

/**
 * Watches how long the thread's event loop is kept from going round. Linux tells for each thread how long it ran, so that what other
 * programs took can be told apart.
 */
export class LoopWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: 1 });
  readonly #schedule: number | null = openSchedule();
  readonly #buffer: Buffer = Buffer.alloc(128);
  readonly #gc: PerformanceObserver;
  #timer: NodeJS.Timeout | undefined;
  #longest = 0;
  #longestOwn = 0;
  #over10 = 0;
  #longestGc = 0;

  constructor() {
    this.#gc = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#longestGc = Math.max(this.#longestGc, duration);
    });
    this.#gc.observe({ entryTypes: ["gc"] });
    this.#delay.enable();
    this.#step(performance.now(), this.#ranMs());
  }

  /** Forgets what was: the start of a program is no part of its life. */
  reset(): void {
    this.#delay.reset();
    this.#longest = 0;
    this.#longestOwn = 0;
    this.#over10 = 0;
    this.#longestGc = 0;
  }

  stop(): LoopMeasured {
    clearTimeout(this.#timer);
    this.#delay.disable();
    this.#gc.disconnect();
    if (this.#schedule !== null) closeSync(this.#schedule);
    return {
      longestMs: this.#longest,
      longestOwnMs: this.#longestOwn,
      p999Ms: this.#delay.percentile(99.9) / 1e6,
      over10: this.#over10,
      longestGcMs: this.#longestGc,
    };
  }

  #step(expectedAt: number, ranBefore: number): void {
    this.#timer = setTimeout(() => {
      const now = performance.now();
      const ran = this.#ranMs();
      const late = now - expectedAt - STEP_MS;
      if (late > this.#longest) this.#longest = late;
      if (late > NOTABLE_MS) {
        const own = Math.min(late, ran - ranBefore);
        if (own > this.#longestOwn) this.#longestOwn = own;
        if (own > 10) this.#over10++;
      }
      this.#step(now, ran);
    }, STEP_MS);
  }

  /** CPU time of this thread; the clock's time where the system doesn't say. */
  #ranMs(): number {
    if (this.#schedule === null) return performance.now();
    const length = readSync(this.#schedule, this.#buffer, 0, this.#buffer.length, 0);
    return Number(this.#buffer.toString("latin1", 0, length).split(" ")[0]) / 1e6;
  }
}

function openSchedule(): number | null {
  try {
    return openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
  } catch {
    return null;
  }
}
