import type { Millis } from "../../base/brand.ts";
import type { LatencyMeter } from "./latency.ts";
import type { RequestQueue, RequestVisitor } from "./request-queue.ts";

const MIN_TIMEOUT: Millis = 5_000;
const MAX_TIMEOUT: Millis = 60_000;
/** For a peer that has not delivered yet. */
const FIRST_TIMEOUT: Millis = 20_000;
const LATENCY_FACTOR = 4;

/**
 * Decides when a peer's requests are overdue. The clock starts again when we are unchoked and with every block that the peer
 * delivers: a slow peer is not a silent one. A single request that was passed over while others were answered expires after
 * a minute, and so does what a choking peer owes us: pieces that it allowed all the same (BEP 6), or rejects.
 */
export class RequestTimeout {
  #unchokedAt: Millis = Infinity;
  #lastBlockAt: Millis = -Infinity;

  onUnchoke(now: Millis): void {
    this.#unchokedAt = now;
  }

  onChoke(): void {
    this.#unchokedAt = Infinity;
  }

  /** Any block of ours arrived, late or not. */
  onBlock(now: Millis): void {
    this.#lastBlockAt = now;
  }

  /** Nothing is read from the peer at present: its silence is none. */
  onUnread(now: Millis): void {
    this.#lastBlockAt = now;
  }

  /** How long the peer may be silent with requests outstanding. */
  timeoutMs(latency: LatencyMeter): Millis {
    if (!latency.hasSamples) return FIRST_TIMEOUT;
    return Math.min(MAX_TIMEOUT, Math.max(MIN_TIMEOUT, latency.p95 * LATENCY_FACTOR));
  }

  /** When `expire` has something to do at the earliest; Infinity when nothing is outstanding. */
  deadline(queue: RequestQueue, latency: LatencyMeter): Millis {
    if (queue.length === 0) return Infinity;
    const oldest = queue.oldestSentAt();
    if (this.#unchokedAt === Infinity) return oldest + MAX_TIMEOUT;
    const quietSince = Math.max(oldest, this.#lastBlockAt, this.#unchokedAt);
    return Math.min(quietSince + this.timeoutMs(latency), Math.max(oldest, this.#unchokedAt) + MAX_TIMEOUT);
  }

  /**
   * Withdraws overdue requests, visiting each, so that the caller can release them. Returns true when the peer fell silent and
   * is to be treated as snubbed; a request that was merely passed over doesn't make it so.
   */
  expire(queue: RequestQueue, latency: LatencyMeter, now: Millis, visit: RequestVisitor): boolean {
    if (now < this.deadline(queue, latency)) return false;
    const choked = this.#unchokedAt === Infinity;
    const timeout = choked ? MAX_TIMEOUT : this.timeoutMs(latency);
    const quietSince = Math.max(
      queue.oldestSentAt(),
      this.#lastBlockAt,
      choked ? -Infinity : this.#unchokedAt,
    );
    const silent = now - quietSince >= timeout;
    queue.expire(now - (silent ? timeout : MAX_TIMEOUT), visit);
    return silent;
  }
}
