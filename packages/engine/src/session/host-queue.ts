import type { Millis } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { Clock } from "../ports/clock.ts";

/** How many requests may be under way. */
export interface QueueLimits {
  readonly perHost: number;
  /** Over all hosts. Those that have not answered yet, or not lately, share half of it, so that they keep nobody from those that do. */
  readonly total: number;
}

export interface Turn {
  /** Requests of one host wait for each other. */
  readonly host: string;
  /** Somebody waits for it: it comes before all others, has places of its own, and one at a time is tried even where nobody answered lately. */
  readonly urgent: boolean;
  /** Takes it out of the line. A ShoalError as its reason says that the host was too slow, anything else that the answer is not wanted any more. */
  readonly signal: AbortSignal;
  /** It is not begun from then on: nobody would wait for the answer. */
  readonly before?: Millis;
}

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
  readonly urgent: Set<Waiting>;
  readonly others: Set<Waiting>;
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
  async #turn(host: Host, { urgent, signal, before = Infinity }: Turn): Promise<boolean> {
    if (signal.aborted) throw cancelled();
    const now = this.#clock.now();
    const isProbe = urgent && host.running === 0 && host.urgent.size === 0;
    if (host.error !== null && now < host.closedUntil && !isProbe) throw host.error;
    const line = urgent ? host.urgent : host.others;
    return new Promise((resolve, reject) => {
      const leave = (): void => start(cancelled());
      const start: Start = (outcome) => {
        line.delete(waiting);
        signal.removeEventListener("abort", leave);
        if (typeof outcome === "boolean") resolve(outcome);
        else reject(outcome);
      };
      const waiting: Waiting = { start, before };
      signal.addEventListener("abort", leave);
      line.add(waiting);
      this.#waiting.add(host);
      this.#startNext();
    });
  }

  #startNext(): void {
    const now = this.#clock.now();
    for (const kind of ["urgent", "others"] as const) {
      for (let found = true; found;) {
        found = false;
        for (const host of this.#waiting) {
          const [first] = host[kind];
          if (first === undefined || !this.#hasRoom(host, kind)) continue;
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
      if (host.urgent.size + host.others.size === 0) this.#waiting.delete(host);
    }
  }

  #hasRoom(host: Host, kind: "urgent" | "others"): boolean {
    const { perHost, total } = this.#limits;
    if (kind === "urgent") return host.running < 2 * perHost && this.#running < total + perHost;
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
    for (const { start } of [...host.urgent, ...host.others]) start(error);
  }

  #host(name: string): Host {
    let host = this.#hosts.get(name);
    if (host !== undefined) return host;
    if (this.#hosts.size >= MAX_HOSTS) this.#forgetOne();
    host = {
      running: 0,
      urgent: new Set(),
      others: new Set(),
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

function cancelled(): ShoalError {
  return new ShoalError("ERR_TRACKER", "The request was cancelled");
}
