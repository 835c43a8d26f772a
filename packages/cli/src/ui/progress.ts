import { bar } from "./bar.ts";
import { formatRough } from "./durations.ts";
import { formatPercent, formatRate } from "./sizes.ts";
import type { Style } from "./style.ts";

/** What a bar with its numbers shows. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** Bytes per second; null while unknown. */
  readonly rate: number | null;
  readonly etaMs: number | null;
}

/** "███████░░░░░░░░░░░░░  38 %   11.2 MB/s   3 min left". */
export function progressText(progress: Progress, style: Style): string {
  const fraction = progress.total === 0 ? 1 : progress.done / progress.total;
  const parts = [`${style.accent(bar(fraction))} ${formatPercent(fraction).padStart(5)}`];
  if (progress.rate !== null) parts.push(formatRate(progress.rate));
  if (progress.etaMs !== null && fraction < 1) parts.push(`${formatRough(progress.etaMs)} left`);
  return parts.join("   ");
}

/** Speed of something that only tells how far it is, over the last few seconds. */
export class Speedometer {
  readonly #samples: { readonly at: number; readonly done: number }[] = [];

  /** `done` bytes at `now` milliseconds. */
  sample(now: number, done: number): void {
    const last = this.#samples[this.#samples.length - 1];
    if (last !== undefined && now - last.at < 100) return;
    this.#samples.push({ at: now, done });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > 5000) this.#samples.shift();
  }

  /** Bytes per second, or null before there is enough to tell. */
  get rate(): number | null {
    const first = this.#samples[0];
    const last = this.#samples[this.#samples.length - 1];
    if (first === undefined || last === undefined || last.at - first.at < 200) return null;
    return ((last.done - first.done) * 1000) / (last.at - first.at);
  }

  /** Milliseconds until `total`, or null. */
  etaMs(total: number): number | null {
    const rate = this.rate;
    const last = this.#samples[this.#samples.length - 1];
    return rate === null || rate <= 0 || last === undefined ? null : ((total - last.done) / rate) * 1000;
  }
}
