import { setLatest } from "../base/set-latest.ts";
import { fromHex } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { ScrapeAnswer, SwarmCounts } from "../wire/announce.ts";
import { MAX_HTTP_SCRAPE } from "../wire/http-tracker.ts";
import { MAX_UDP_SCRAPE } from "../wire/udp-tracker.ts";
import { moreUrgent, type Urgency } from "./host-queue.ts";
import type { RequestOptions, TrackerRequests } from "./tracker-requests.ts";

/** Questions that come within this time travel together. */
const GATHER_MS = 50;
/** Trackers of which is remembered how many they answer at a time. */
const MAX_REMEMBERED = 1_000;

type ScrapeOptions = Omit<RequestOptions, "signal">;
type Settle = (counts: SwarmCounts | null) => void;

interface Batch {
  readonly settle: Map<string, Settle[]>;
  readonly timer: Timer;
  urgency: Urgency;
  named: boolean;
}

/** Asks trackers for the counts of swarms, of as many as possible with one request (BEP 15, 48). */
export class ScrapeBatches {
  readonly #clock: Clock;
  readonly #requests: TrackerRequests;
  readonly #log: Log;
  /** What gathers, by URL. */
  readonly #batches: Map<string, Batch> = new Map();
  /** How many names a tracker answers at a time, where that was found out. */
  readonly #limits: Map<string, number> = new Map();
  readonly #underWay: Set<AbortController> = new Set();
  #closed = false;

  constructor(clock: Clock, requests: TrackerRequests, log: Log) {
    this.#clock = clock;
    this.#requests = requests;
    this.#log = log;
  }

  /** `name`: 20 bytes in hex. Null when the tracker does not say, or does not answer. Never rejects. */
  ask(url: string, name: string, { urgency, named }: ScrapeOptions): Promise<SwarmCounts | null> {
    if (this.#closed) return Promise.resolve(null);
    const batch = this.#batches.get(url) ?? this.#begin(url);
    batch.urgency = moreUrgent(batch.urgency, urgency);
    batch.named ||= named;
    const { settle } = batch;
    return new Promise((resolve) => settle.set(name, [...(settle.get(name) ?? []), resolve]));
  }

  /** What gathers or is under way ends without an answer. */
  close(): void {
    this.#closed = true;
    for (const { timer, settle } of this.#batches.values()) {
      timer.cancel();
      for (const all of settle.values()) for (const settleOne of all) settleOne(null);
    }
    this.#batches.clear();
    for (const abort of this.#underWay) abort.abort();
  }

  #begin(url: string): Batch {
    const timer = this.#clock.setTimer(GATHER_MS, () => {
      this.#batches.delete(url);
      void this.#send(url, [...batch.settle.keys()], batch);
    });
    const batch: Batch = { settle: new Map(), timer, urgency: "routine", named: false };
    this.#batches.set(url, batch);
    return batch;
  }

  async #send(url: string, names: readonly string[], batch: Batch): Promise<void> {
    const most = url.toLowerCase().startsWith("udp:") ? MAX_UDP_SCRAPE : MAX_HTTP_SCRAPE;
    const limit = this.#limits.get(url) ?? most;
    const parts: string[][] = [];
    for (let at = 0; at < names.length; at += limit) parts.push(names.slice(at, at + limit));
    await Promise.all(parts.map((part) => this.#sendPart(url, part, batch)));
  }

  async #sendPart(url: string, names: readonly string[], batch: Batch): Promise<void> {
    const answer = await this.#ask(url, names, batch);
    if (answer !== null && "ok" in answer && names.length > 1) {
      // Some trackers answer only one at a time, or fewer than we like.
      this.#remember(url, Math.ceil(names.length / 4));
      await this.#send(url, names, batch);
      return;
    }
    const counts = answer === null || "ok" in answer ? null : answer;
    for (const name of names) {
      for (const settle of batch.settle.get(name) ?? []) settle(counts?.get(name) ?? null);
    }
  }

  async #ask(url: string, names: readonly string[], { urgency, named }: Batch): Promise<ScrapeAnswer | null> {
    if (this.#closed) return null;
    const abort = new AbortController();
    this.#underWay.add(abort);
    try {
      const options = { urgency, named, signal: abort.signal };
      return await this.#requests.scrape(new URL(url), names.map(fromHex), options);
    } catch (error) {
      if (!(error instanceof ShoalError)) this.#log.error("scrape failed unexpectedly", { error });
      return null;
    } finally {
      this.#underWay.delete(abort);
    }
  }

  #remember(url: string, limit: number): void {
    const least = Math.min(limit, this.#limits.get(url) ?? limit);
    setLatest(this.#limits, url, least, MAX_REMEMBERED);
  }
}
