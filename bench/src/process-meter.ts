import { readFileSync, readdirSync } from "node:fs";
import { monotonicMs } from "./clock.ts";

/** What one side of a transfer used between the meter's start and end. */
export interface SideUsage {
  /** User and system time of the whole process tree, all threads. */
  readonly cpuSeconds: number;
  /** Highest resident set since the process began, mapped files included. */
  readonly peakRssBytes: number;
  /** Highest sum of anonymous and shared memory seen: what the process owns. Mapped files don't count. */
  readonly peakAnonymousBytes: number;
}

export interface Usage {
  readonly sides: readonly SideUsage[];
  /** Cores kept busy by neither side nor this process, on average. */
  readonly otherCores: number;
}

export const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 50;
const KIB = 1024;

/** Measures groups of processes through /proc while something happens. Linux only. */
export class ProcessMeter {
  readonly #sides: readonly Side[];
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt: number;
  readonly #machineAtStart: number;
  readonly #selfAtStart: NodeJS.CpuUsage;

  /** Starts at once. Each side is given by the ids of its processes; their descendants count as well. */
  constructor(sides: readonly (readonly number[])[]) {
    this.#sides = sides.map((roots) => new Side(roots));
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#machineAtStart = busyTicks();
    this.#selfAtStart = process.cpuUsage();
    this.#startedAt = monotonicMs();
  }

  end(): Usage {
    clearInterval(this.#timer);
    this.#sample();
    const seconds = (monotonicMs() - this.#startedAt) / 1000;
    const self = process.cpuUsage(this.#selfAtStart);
    const sides = this.#sides.map((side) => side.usage());
    const ours = sides.reduce((sum, side) => sum + side.cpuSeconds, (self.user + self.system) / 1e6);
    const busy = (busyTicks() - this.#machineAtStart) / TICKS_PER_SECOND;
    return { sides, otherCores: Math.max(0, (busy - ours) / seconds) };
  }

  /** For a run that failed. */
  abandon(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    for (const side of this.#sides) side.sample();
  }
}

class Side {
  readonly #pids: readonly number[];
  readonly #ticksAtStart: number;
  #ticks: number;
  #peakRss = 0;
  #peakAnonymous = 0;

  constructor(roots: readonly number[]) {
    this.#pids = roots.flatMap((root) => withDescendants(root));
    this.#ticksAtStart = this.#readTicks() ?? 0;
    this.#ticks = this.#ticksAtStart;
    this.sample();
  }

  sample(): void {
    // A process that has just ended leaves the last numbers standing.
    this.#ticks = this.#readTicks() ?? this.#ticks;
    let rss = 0;
    let anonymous = 0;
    for (const pid of this.#pids) {
      const status = readProc(`${pid}/status`);
      rss += field(status, "VmHWM");
      anonymous += field(status, "RssAnon") + field(status, "RssShmem");
    }
    this.#peakRss = Math.max(this.#peakRss, rss);
    this.#peakAnonymous = Math.max(this.#peakAnonymous, anonymous);
  }

  usage(): SideUsage {
    return {
      cpuSeconds: (this.#ticks - this.#ticksAtStart) / TICKS_PER_SECOND,
      peakRssBytes: this.#peakRss,
      peakAnonymousBytes: this.#peakAnonymous,
    };
  }

  /** Null when a process has gone. */
  #readTicks(): number | null {
    let ticks = 0;
    for (const pid of this.#pids) {
      const own = ticksOf(pid);
      if (own === null) return null;
      ticks += own;
    }
    return ticks;
  }
}

/** Processor time of a process and of its children that have ended; null when it has gone. */
export function ticksOf(pid: number): number | null {
  const stat = readProc(`${pid}/stat`);
  if (stat === "") return null;
  // After the name, which may hold spaces: utime, stime, and those of children that were waited for.
  const words = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return words.slice(11, 15).reduce((ticks, word) => ticks + Number(word), 0);
}

function withDescendants(pid: number): number[] {
  const found = [pid];
  let threads: string[] = [];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    // It has ended.
  }
  for (const thread of threads) {
    for (const word of readProc(`${pid}/task/${thread}/children`).split(" ")) {
      if (word.trim() !== "") found.push(...withDescendants(Number(word)));
    }
  }
  return found;
}

/** CPU time of the whole machine that was neither idle nor waiting for a disk. */
export function busyTicks(): number {
  const [, user, nice, system, , , irq, softIrq, steal] = (readProc("stat").split("\n", 1)[0] ?? "")
    .split(/\s+/)
    .map(Number);
  return [user, nice, system, irq, softIrq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0);
}

function field(status: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status);
  return match === null ? 0 : Number(match[1]) * KIB;
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "latin1");
  } catch {
    return "";
  }
}
