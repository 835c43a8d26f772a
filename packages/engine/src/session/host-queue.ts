import type { Millis } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { Clock } from "../ports/clock.ts";

/** How many requests may be under way. */
export interface QueueLimits {
  readonly perHost: number;
  /** Over all hosts. Those that have not answered yet, or not lately, share half of it, so that they keep nobody from those that do. */
  readonly total: number;
}

/**
 * - `asked`: a user has just asked for it.
 * - `awaited`: somebody waits, and maybe for thousands of others as well.
 * - `routine`: nobody waits.
 */
export type Urgency = "asked" | "awaited" | "routine";

export interface Turn {
  /** Requests of one host wait for each other. */
  readonly host: string;
  /** More urgent ones come first and have further places of their own; one that is not routine is tried even where nobody answered lately. */
  readonly urgency: Urgency;
  /** Takes it out of the line. A ShoalError as its reason says that the host was too slow, anything else that the answer is not wanted any more. */
  readonly signal: AbortSignal;
  /** Makes it `asked` while it is in line: a user can't wait for it. */
  readonly hurry?: AbortSignal;
  /** It is not begun from then on: nobody would wait for the answer. */
  readonly before?: Millis;
}

const URGENCIES = ["asked", "awaited", "routine"] as const;
/** Places besides those of everybody, in times of `perHost`. */
const MORE_PLACES: Readonly<Record<Urgency, number>> = { asked: 2, awaited: 1, routine: 0 };
/** Requests in a row without an answer after which a host is left alone for a time. */
const PATIENCE = 3;
const FIRST_PAUSE_MS = 30_000;
const LAST_PAUSE_MS = 3_600_000;
/** Hosts that are remembered though nothing is under way. */
const MAX_HOSTS = 1_000;

/** Whether the host has answered lately, or why it is not asked. */
type Start = (outcome: boolean | ShoalError) => void;

interface Waiting {
  readonly start: Start;
  readonly before: Millis;
}

interface Host {
  running: number;
  readonly lines: Readonly<Record<Urgency, Set<Waiting>>>;
  /** It has answered, whatever it was. */
  answered: boolean;
  /** Requests in a row without an answer; those that ran side by side count as one. */
  fails: number;
  failedAt: Millis;
  /** Until then requests fail at once, as the last one did. */
  closedUntil: Millis;
  error: ShoalError | null;
}

/**
 * Lets a bounded number of requests go on at a time, and the hosts take turns: one with ten thousand requests in line keeps nobody from another.
 * A host that does not answer gets one request at a time, then none for pauses that grow to an hour; what waits for it fails with it,
 * so that a dead host costs nothing more, however many would ask it. Sets no timers.
 */
export class HostQueue {
  readonly #clock: Clock;
  readonly #limits: QueueLimits;
  readonly #hosts: Map<string, Host> = new Map();
  /** Hosts with requests in line, in the order of their turns. */
  readonly #waiting: Set<Host> = new Set();
  #running = 0;
  /** Those of them at hosts that had not answered when they began. */
  #unproven = 0;

  constructor(clock: Clock, limits: QueueLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * Runs `request` when its turn has come. A rejection with ShoalError means that the host did not answer. Throws that, and ERR_TRACKER when
   * the signal came first.
   */
  async run<T>(turn: Turn, request: () => Promise<T>): Promise<T> {
    const host = this.#host(turn.host);
    const proven = await this.#turn(host, turn);
    const startedAt = this.#clock.now();
    try {
      const result = await request();
      host.answered = true;
      host.fails = 0;
      host.error = null;
      return result;
    } catch (error) {
      const { aborted, reason } = turn.signal;
      const failure: unknown = aborted ? reason : error;
      if (failure instanceof ShoalError) this.#onFailure(host, failure, startedAt);
      throw error;
    } finally {
      host.running--;
      this.#running--;
      if (!proven) this.#unproven--;
      this.#startNext();
    }
  }

  /** When that resolves, it counts as running; true: the host has answered lately. */
  async #turn(host: Host, { urgency, signal, hurry, before = Infinity }: Turn): Promise<boolean> {
    if (signal.aborted) throw cancelled();
    const now = this.#clock.now();
    const isFirst = host.running === 0 && !isAwaited(host);
    const isProbe = urgency !== "routine" && isFirst;
    if (host.error !== null && now < host.closedUntil && !isProbe) throw host.error;
    let line = host.lines[hurry?.aborted === true ? "asked" : urgency];
    return new Promise((resolve, reject) => {
      const leave = (): void => start(cancelled());
      const goAhead = (): void => {
        line.delete(waiting);
        line = host.lines.asked;
        line.add(waiting);
        this.#startNext();
      };
      const start: Start = (outcome) => {
        line.delete(waiting);
        signal.removeEventListener("abort", leave);
        hurry?.removeEventListener("abort", goAhead);
        if (typeof outcome === "boolean") resolve(outcome);
        else reject(outcome);
      };
      const waiting: Waiting = { start, before };
      signal.addEventListener("abort", leave);
      hurry?.addEventListener("abort", goAhead);
      line.add(waiting);
      this.#waiting.add(host);
      this.#startNext();
    });
  }

  #startNext(): void {
    const now = this.#clock.now();
    for (const urgency of URGENCIES) {
      for (let found = true; found;) {
        found = false;
        for (const host of this.#waiting) {
          const [first] = host.lines[urgency];
          if (first === undefined || !this.#hasRoom(host, urgency)) continue;
          found = true;
          if (now >= first.before) {
            first.start(cancelled());
            break;
          }
          host.running++;
          this.#running++;
          if (!host.answered) this.#unproven++;
          // To the end of the ring.
          this.#waiting.delete(host);
          this.#waiting.add(host);
          first.start(host.answered);
          break;
        }
      }
    }
    for (const host of this.#waiting) {
      if (host.lines.routine.size === 0 && !isAwaited(host)) this.#waiting.delete(host);
    }
  }

  #hasRoom(host: Host, urgency: Urgency): boolean {
    const { perHost, total } = this.#limits;
    const more = MORE_PLACES[urgency];
    if (more > 0) return host.running < (1 + more) * perHost && this.#running < total + more * perHost;
    if (host.running >= (host.fails > 0 ? 1 : perHost)) return false;
    return this.#running < total && (host.answered || this.#unproven < total / 2);
  }

  #onFailure(host: Host, error: ShoalError, startedAt: Millis): void {
    if (startedAt < host.failedAt) return;
    host.failedAt = this.#clock.now();
    host.fails++;
    host.answered = false;
    host.error = error;
    if (host.fails < PATIENCE) return;
    host.closedUntil =
      host.failedAt + Math.min(FIRST_PAUSE_MS * 2 ** Math.min(host.fails - PATIENCE, 20), LAST_PAUSE_MS);
    for (const urgency of URGENCIES) for (const { start } of [...host.lines[urgency]]) start(error);
  }

  #host(name: string): Host {
    let host = this.#hosts.get(name);
    if (host !== undefined) return host;
    if (this.#hosts.size >= MAX_HOSTS) this.#forgetOne();
    host = {
      running: 0,
      lines: { asked: new Set(), awaited: new Set(), routine: new Set() },
      answered: false,
      fails: 0,
      failedAt: Number.NEGATIVE_INFINITY,
      closedUntil: Number.NEGATIVE_INFINITY,
      error: null,
    };
    this.#hosts.set(name, host);
    return host;
  }

  /** The first that came of those with nothing to do. */
  #forgetOne(): void {
    for (const [name, host] of this.#hosts) {
      if (host.running > 0 || this.#waiting.has(host)) continue;
      this.#hosts.delete(name);
      return;
    }
  }
}

export function moreUrgent(a: Urgency, b: Urgency): Urgency {
  return MORE_PLACES[a] >= MORE_PLACES[b] ? a : b;
}

function isAwaited({ lines }: Host): boolean {
  return lines.asked.size + lines.awaited.size > 0;
}

function cancelled(): ShoalError {
  return new ShoalError("ERR_TRACKER", "The request was cancelled");
}
