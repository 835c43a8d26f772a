import type { Millis } from "@shoal/engine/composition";
import type { Swarm } from "./swarm.ts";

/** The swarm at one moment. */
export interface Sample {
  /** Since somebody began to watch. */
  readonly at: Millis;
  readonly complete: number;
  /** Part of the content that each leecher has, in the order in which they came. */
  readonly progress: readonly number[];
  /** Bytes that left all hosts, protocol included. */
  readonly sent: number;
  readonly wasted: number;
}

const FIRST_STEP_MS = 250;
/** When there are more samples, every second one is dropped. */
const MAX_SAMPLES = 400;

/** Looks at a swarm from time to time, and keeps what it saw. */
export class Timeline {
  readonly samples: Sample[] = [];
  #stepMs: Millis = FIRST_STEP_MS;
  #swarm: Swarm | null = null;
  #from: Millis = 0;

  readonly watch = (swarm: Swarm): void => {
    this.#swarm = swarm;
    this.#from = swarm.world.now();
    this.#next(swarm);
  };

  /** The last look, when everything is over. */
  end(): void {
    const swarm = this.#swarm;
    const last = this.samples.at(-1);
    if (swarm !== null && last !== undefined && swarm.world.now() - this.#from > last.at) this.#look(swarm);
  }

  #next(swarm: Swarm): void {
    swarm.world.at(this.#stepMs, () => {
      this.#look(swarm);
      this.#next(swarm);
    });
  }

  #look(swarm: Swarm): void {
    const { size } = swarm;
    let sent = 0;
    for (const { node } of [...swarm.seeds, ...swarm.leechers]) sent += node.net.uplink.bytes;
    this.samples.push({
      at: swarm.world.now() - this.#from,
      complete: swarm.completeCount,
      progress: swarm.leechers.map(({ torrent }) => torrent.stats().have / size),
      sent,
      wasted: swarm.wasted,
    });
    if (this.samples.length <= MAX_SAMPLES) return;
    const kept = this.samples.filter((_, i) => i % 2 === 1);
    this.samples.splice(0, this.samples.length, ...kept);
    this.#stepMs *= 2;
  }
}

const ROWS = 24;
const MIB = 1024 * 1024;

/** The samples as a table for people. */
export function timelineTable(samples: readonly Sample[]): string {
  const step = Math.max(1, Math.ceil(samples.length / ROWS));
  const shown = samples.filter((_, i) => i % step === step - 1 || i === samples.length - 1);
  const lines = ["    time  complete   mean  slowest   sent/s  wasted"];
  let before: Sample = { at: 0, complete: 0, progress: [], sent: 0, wasted: 0 };
  for (const sample of shown) {
    const { progress } = sample;
    const mean = progress.reduce((sum, part) => sum + part, 0) / Math.max(1, progress.length);
    const seconds = (sample.at - before.at) / 1000;
    const rate = seconds > 0 ? (sample.sent - before.sent) / seconds / MIB : 0;
    lines.push(
      [
        clockText(sample.at).padStart(8),
        `${sample.complete}/${progress.length}`.padStart(9),
        percent(mean).padStart(6),
        percent(Math.min(1, ...progress)).padStart(8),
        `${rate.toFixed(1)} MiB`.padStart(9),
        `${(sample.wasted / MIB).toFixed(1)} MiB`.padStart(9),
      ].join(" "),
    );
    before = sample;
  }
  return `${lines.join("\n")}\n`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(0)} %`;
}

function clockText(ms: Millis): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60}`;
}
