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
  readonly name: string;
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
  /** Hosts with requests in line, in the order of their turns: those that have answered, and those that have not. */
  readonly #rings: Readonly<Record<Urgency, readonly [answered: Set<Host>, others: Set<Host>]>> = {
    asked: [new Set(), new Set()],
    awaited: [new Set(), new Set()],
    routine: [new Set(), new Set()],
  };
  /** Which of the two has the next turn. */
  #nextRing: 0 | 1 = 0;
  /** Hosts with nothing to do, the first to be forgotten first. */
  readonly #idle: Set<Host> = new Set();
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
    this.#idle.delete(host);
    try {
      return await this.#runInTurn(host, turn, request);
    } finally {
      if (host.running === 0 && host.lines.routine.size === 0 && !isAwaited(host)) this.#idle.add(host);
    }
  }

  async #runInTurn<T>(host: Host, turn: Turn, request: () => Promise<T>): Promise<T> {
    const proven = await this.#turn(host, turn);
    const startedAt = this.#clock.now();
    try {
      const result = await request();
      this.#setAnswered(host, true);
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
    let line = hurry?.aborted === true ? "asked" : urgency;
    return new Promise((resolve, reject) => {
      const leave = (): void => start(cancelled());
      const goAhead = (): void => {
        this.#leaveLine(host, line, waiting);
        line = "asked";
        this.#enterLine(host, line, waiting);
        this.#startNext();
      };
      const start: Start = (outcome) => {
        this.#leaveLine(host, line, waiting);
        signal.removeEventListener("abort", leave);
        hurry?.removeEventListener("abort", goAhead);
        if (typeof outcome === "boolean") resolve(outcome);
        else reject(outcome);
      };
      const waiting: Waiting = { start, before };
      signal.addEventListener("abort", leave);
      hurry?.addEventListener("abort", goAhead);
      this.#enterLine(host, line, waiting);
      this.#startNext();
    });
  }

  #enterLine(host: Host, urgency: Urgency, waiting: Waiting): void {
    host.lines[urgency].add(waiting);
    this.#ringOf(urgency, host).add(host);
  }

  #leaveLine(host: Host, urgency: Urgency, waiting: Waiting): void {
    const line = host.lines[urgency];
    line.delete(waiting);
    if (line.size === 0) this.#ringOf(urgency, host).delete(host);
  }

  #startNext(): void {
    const now = this.#clock.now();
    for (const urgency of URGENCIES) while (this.#startOne(urgency, now));
  }

  /** Each host that is passed over has requests under way: it takes few looks, however many wait. */
  #startOne(urgency: Urgency, now: Millis): boolean {
    for (const which of [this.#nextRing, 1 - this.#nextRing] as const) {
      const ring = this.#rings[urgency][which]!;
      if (ring.size === 0 || !this.#hasRoom(urgency, which === 0)) continue;
      for (const host of ring) {
        if (!this.#mayHaveMore(host, urgency)) continue;
        const [first] = host.lines[urgency];
        if (now >= first!.before) {
          first!.start(cancelled());
          return true;
        }
        host.running++;
        this.#running++;
        if (!host.answered) this.#unproven++;
        this.#nextRing = which === 0 ? 1 : 0;
        // To the end of the ring.
        ring.delete(host);
        ring.add(host);
        first!.start(host.answered);
        return true;
      }
    }
    return false;
  }

  #hasRoom(urgency: Urgency, answered: boolean): boolean {
    const { perHost, total } = this.#limits;
    const more = MORE_PLACES[urgency];
    if (more > 0) return this.#running < total + more * perHost;
    return this.#running < total && (answered || this.#unproven < total / 2);
  }

  #mayHaveMore(host: Host, urgency: Urgency): boolean {
    const { perHost } = this.#limits;
    const more = MORE_PLACES[urgency];
    return host.running < (more > 0 ? (1 + more) * perHost : host.fails > 0 ? 1 : perHost);
  }

  #ringOf(urgency: Urgency, { answered }: Host): Set<Host> {
    return this.#rings[urgency][answered ? 0 : 1];
  }

  #setAnswered(host: Host, answered: boolean): void {
    if (host.answered === answered) return;
    for (const urgency of URGENCIES) this.#ringOf(urgency, host).delete(host);
    host.answered = answered;
    for (const urgency of URGENCIES) if (host.lines[urgency].size > 0) this.#ringOf(urgency, host).add(host);
  }

  #onFailure(host: Host, error: ShoalError, startedAt: Millis): void {
    if (startedAt < host.failedAt) return;
    host.failedAt = this.#clock.now();
    host.fails++;
    this.#setAnswered(host, false);
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
      name,
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

  #forgetOne(): void {
    const [host] = this.#idle;
    if (host === undefined) return;
    this.#idle.delete(host);
    this.#hosts.delete(host.name);
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
