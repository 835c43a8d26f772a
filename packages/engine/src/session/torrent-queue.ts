import type { Millis } from "../base/brand.ts";
import type { Hold } from "../core/hold.ts";
import {
  decideQueue,
  moveInQueue,
  NO_LIMITS,
  type QueueFacts,
  type QueueKind,
  type QueueLimits,
  type QueueMove,
} from "../core/queue.ts";
import type { Clock, Timer } from "../ports/clock.ts";

/** What changes at once is decided at once. */
const SOON_MS: Millis = 20;
/** Of many torrents all are looked at to decide: those that come one after another must not make that the main work. */
const SOON_EACH_MS: Millis = 0.02;
/** How often it is looked who moves something, while somebody waits. */
const LOOK_EVERY_MS: Millis = 5_000;
/** Who has moved nothing for so long takes no place. */
const IDLE_AFTER_MS: Millis = 60_000;

/** So many that are next are told when the line moves; those behind them see it when they are looked at. */
const MOST_TOLD = 100;

/** What the queue knows of a torrent, and does with it. */
export interface QueueMember {
  /** Order in the queue: the smaller, the earlier. */
  rank: number;
  /** Runs whatever the limits say. */
  readonly forced: boolean;
  /** Null while it can't be told, and for what needs no turn. */
  readonly queueKind: QueueKind | null;
  /** It may have connections, now or when it has been checked. */
  readonly isOpenToPeers: boolean;
  readonly isAtRest: boolean;
  /** It waits for its turn. */
  readonly isQueued: boolean;
  /** Bytes of payload that went either way; grows. */
  readonly movedBytes: number;
  /** Lets it wait for its turn. */
  waitForTurn(): Promise<void>;
  /** It is its turn. */
  takeTurn(): void;
}

interface Runner {
  movedBytes: number;
  movedAt: Millis;
}

/** Decides which torrents of a session run at the same time. Without limits it costs nothing. */
export class TorrentQueue<T extends QueueMember> {
  readonly #clock: Clock;
  readonly #onLine: (torrent: T) => void;
  readonly #members: Set<T> = new Set();
  /** Those that run and are of a kind that has a limit. */
  readonly #runners: Map<T, Runner> = new Map();
  #limits: QueueLimits = NO_LIMITS;
  #timer: Timer | null = null;
  #dueAt: Millis = Infinity;
  /** In order; null after a change. */
  #order: readonly T[] | null = null;
  #places: Map<T, number> | null = null;
  /** Of those that wait: how many others do so before them. */
  #line: Map<T, number> | null = null;
  #lastRank = 0;
  /** There was a limit once. */
  #inUse = false;
  #closed = false;

  /** `onLine`: what is said of a torrent's place may be another one now. */
  constructor(clock: Clock, onLine: (torrent: T) => void) {
    this.#clock = clock;
    this.#onLine = onLine;
  }

  /** All torrents, in the order in which it is their turn. */
  get order(): readonly T[] {
    this.#order ??= [...this.#members].sort((a, b) => a.rank - b.rank);
    return this.#order;
  }

  get limits(): QueueLimits {
    return this.#limits;
  }

  setLimits(limits: QueueLimits): void {
    this.#limits = limits;
    this.#inUse ||= limits.download < Infinity || limits.seed < Infinity;
    this.#changed();
  }

  /** Place among all torrents, from 0. */
  positionOf(torrent: T): number {
    this.#places ??= new Map(this.order.map((one, at) => [one, at]));
    return this.#places.get(torrent) ?? this.#members.size;
  }

  /** Why it waits for its turn. */
  holdOf(torrent: T): Hold {
    this.#line ??= this.#makeLine();
    const running = this.#limits[torrent.queueKind ?? "download"];
    return { code: "queued", before: this.#line.get(torrent) ?? 0, running };
  }

  /** Moves torrents, which keep their order among themselves; returns those that have another rank now. */
  move(torrents: Iterable<T>, move: QueueMove): T[] {
    const ranks = moveInQueue(this.order, new Set(torrents), move);
    for (const [torrent, rank] of ranks) {
      torrent.rank = rank;
      this.#lastRank = Math.max(this.#lastRank, rank);
    }
    if (ranks.size > 0) this.#forgetOrder();
    this.#changed();
    return [...ranks.keys()];
  }

  /** `rank`: of an earlier run; at the end without one. */
  enter(torrent: T, rank: number | undefined): void {
    torrent.rank = rank ?? this.#lastRank + 1;
    this.#lastRank = Math.max(this.#lastRank, torrent.rank);
    this.#members.add(torrent);
    this.#forgetOrder();
  }

  leave(torrent: T): void {
    this.#members.delete(torrent);
    this.#runners.delete(torrent);
    this.#forgetOrder();
    this.#changed();
  }

  /** Whether it may run for all that is known: `onChange` decides what is right. */
  hasRoomFor(torrent: T): boolean {
    const kind = torrent.queueKind;
    if (kind === null || torrent.forced || this.#limits[kind] === Infinity) return true;
    if (kind === "seed" && torrent.isAtRest) return true;
    let taken = 0;
    for (const [runner, facts] of this.#runners)
      if (runner !== torrent && runner.queueKind === kind && !this.#isIdle(runner, facts)) taken++;
    if (taken >= this.#limits[kind]) return false;
    this.#runners.set(torrent, this.#runner(torrent));
    return true;
  }

  /** It runs, has stopped, or needs its turn for something else. */
  onChange(torrent: T): void {
    if (this.#members.has(torrent)) this.#changed();
  }

  /** Nothing is decided any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#members.clear();
  }

  #forgetOrder(): void {
    this.#order = null;
    this.#places = null;
    this.#line = null;
  }

  #changed(): void {
    this.#line = null;
    if (this.#inUse && !this.#closed) this.#decideIn(Math.max(SOON_MS, this.#members.size * SOON_EACH_MS));
  }

  #decideIn(ms: Millis): void {
    const at = this.#clock.now() + ms;
    if (at >= this.#dueAt) return;
    this.#timer?.cancel();
    this.#dueAt = at;
    this.#timer = this.#clock.setTimer(ms, () => {
      this.#dueAt = Infinity;
      this.#decide();
    });
  }

  #decide(): void {
    const { start, hold } = decideQueue(this.#willing(), this.#limits);
    for (const torrent of hold) {
      this.#runners.delete(torrent);
      void torrent.waitForTurn();
    }
    for (const torrent of start) torrent.takeTurn();
    this.#line = null;
    let waiting = 0;
    for (const torrent of this.order) {
      if (!torrent.isQueued) continue;
      this.#onLine(torrent);
      if (++waiting === MOST_TOLD) break;
    }
    if (waiting > 0) this.#decideIn(LOOK_EVERY_MS);
  }

  *#willing(): Generator<readonly [T, QueueFacts]> {
    const now = this.#clock.now();
    for (const torrent of this.order) {
      const running = torrent.isOpenToPeers;
      const kind = running || torrent.isQueued ? torrent.queueKind : null;
      if (!running || kind === null || this.#limits[kind] === Infinity) this.#runners.delete(torrent);
      // What was held before its kind was known, or needs no turn any more.
      if (kind === null) {
        if (torrent.isQueued) yield [torrent, { kind: "download", running, idle: false, forced: true }];
        continue;
      }
      let idle = false;
      if (running && this.#limits[kind] < Infinity) {
        const runner = this.#runner(torrent);
        const { movedBytes } = torrent;
        if (movedBytes !== runner.movedBytes) runner.movedAt = now;
        runner.movedBytes = movedBytes;
        this.#runners.set(torrent, runner);
        idle = this.#isIdle(torrent, runner);
      }
      yield [torrent, { kind, running, idle, forced: torrent.forced }];
    }
  }

  #runner(torrent: T): Runner {
    return this.#runners.get(torrent) ?? { movedBytes: torrent.movedBytes, movedAt: this.#clock.now() };
  }

  #isIdle(torrent: T, { movedAt }: Runner): boolean {
    // Who rests has had its time to find something to do.
    return torrent.isAtRest || this.#clock.now() - movedAt >= IDLE_AFTER_MS;
  }

  #makeLine(): Map<T, number> {
    const line = new Map<T, number>();
    const count = { download: 0, seed: 0 };
    for (const torrent of this.order)
      if (torrent.isQueued) line.set(torrent, count[torrent.queueKind ?? "download"]++);
    return line;
  }
}
