import type { Millis } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import type { AnnounceEvent } from "../../wire/announce.ts";

/** More trackers of one torrent are not used. */
const MAX_TRACKERS = 100;
const SECOND = 1000;
const DEFAULT_INTERVAL = 1800 * SECOND;
/** Bounds of what a tracker may ask for between two announces. */
const MIN_INTERVAL = 60 * SECOND;
const MAX_INTERVAL = 24 * 3600 * SECOND;
const FIRST_RETRY = 30 * SECOND;
const LAST_RETRY = 3600 * SECOND;
/** When a tracker has not answered for so long, the next one is asked as well. */
const PATIENCE = 10 * SECOND;

/** One announce that is to be made now. */
export interface AnnounceAction {
  readonly url: string;
  readonly event: AnnounceEvent | null;
  /** What the tracker wants repeated. */
  readonly trackerId: string | null;
}

/** What a tracker's answer says about the next announce. */
export interface AnnounceTerms {
  /** Seconds; null when the tracker did not say. */
  readonly interval: number | null;
  readonly minInterval: number | null;
  readonly trackerId: string | null;
}

export interface AnnouncerOptions {
  /** Never ask a second tracker before the first has failed: for private torrents. */
  readonly oneAtATime?: boolean;
}

interface Tracker {
  readonly url: string;
  /** Failures since the last answer. */
  fails: number;
  /** Not asked before this time, unless an event has to be told. */
  notBefore: Millis;
  /** The event under way; undefined when no announce is. */
  underWay: AnnounceEvent | null | undefined;
  /** It knows us: it answered to "started". */
  started: boolean;
  /** It asked never to be asked again (BEP 31). */
  dead: boolean;
  trackerId: string | null;
}

/**
 * Decides when to announce one info-hash to which tracker (BEP 3, 12, 31). An announce is a round through the tiers in order that
 * ends with the first answer; a tracker that answers moves to the front of its tier, one that fails is left alone for a time
 * that doubles with each failure. No sockets, no timers: call `next` until it gives null, after every input and whenever
 * `nextDeadline` has passed.
 */
export class Announcer {
  #tiers: readonly Tracker[][] = [];
  readonly #rng: Rng;
  readonly #patience: number;
  /** Start of the next round. */
  #dueAt: Millis;
  /** Trackers asked in the current round; null between rounds. */
  #asked: Set<Tracker> | null = null;
  /** When the current round goes on although nobody has answered or failed. */
  #impatientAt: Millis = Number.POSITIVE_INFINITY;
  #completed = false;
  #stopped = false;

  /** `tiers` hold URLs; doubles and what is more than `MAX_TRACKERS` are left out. The first round starts at `now`. */
  constructor(tiers: readonly (readonly string[])[], rng: Rng, now: Millis, options: AnnouncerOptions = {}) {
    this.#rng = rng;
    this.#dueAt = now;
    this.#patience = options.oneAtATime === true ? Number.POSITIVE_INFINITY : PATIENCE;
    for (const urls of tiers) {
      const tier = this.#newTier(urls);
      // A list that grows by itself has room for many more: these stay short, and there are thousands of them.
      if (tier.length > 0) this.#tiers = [...this.#tiers, tier];
    }
  }

  /** Number of trackers. */
  get count(): number {
    return this.#tiers.reduce((sum, tier) => sum + tier.length, 0);
  }

  /** Number of trackers whose last announce failed. */
  get failed(): number {
    return this.#all().filter((tracker) => tracker.fails > 0).length;
  }

  /** Time of the next `next` that may give something; infinite when only an input can change that. */
  nextDeadline(): Millis {
    if (this.#stopped) return Number.POSITIVE_INFINITY;
    return this.#asked === null ? this.#dueAt : this.#impatientAt;
  }

  /** An announce to be made now, or null. Its outcome is told by `onAnswer` or `onFailure`. */
  next(now: Millis): AnnounceAction | null {
    if (this.#stopped) return null;
    if (this.#asked === null) {
      if (now < this.#dueAt) return null;
      this.#asked = new Set();
    } else if (this.#waits() && now < this.#impatientAt) {
      return null;
    }
    const tracker = this.#candidate(now);
    if (tracker === null) {
      if (this.#waits()) {
        this.#impatientAt = Number.POSITIVE_INFINITY;
        return null;
      }
      this.#endRound(this.#earliestRetry());
      // A long wait for the last one may have outlasted the pause of another.
      return this.#dueAt <= now ? this.next(now) : null;
    }
    this.#asked.add(tracker);
    this.#impatientAt = now + this.#patience;
    tracker.underWay = this.#eventFor(tracker);
    return { url: tracker.url, event: tracker.underWay, trackerId: tracker.trackerId };
  }

  onAnswer(url: string, terms: AnnounceTerms, now: Millis): void {
    const tracker = this.#find(url);
    if (tracker?.underWay === undefined) return;
    if (tracker.underWay === "started") tracker.started = true;
    if (tracker.underWay === "completed") this.#completed = false;
    tracker.underWay = undefined;
    tracker.fails = 0;
    tracker.trackerId = terms.trackerId ?? tracker.trackerId;
    const least = Math.min(Math.max((terms.minInterval ?? 0) * SECOND, MIN_INTERVAL), MAX_INTERVAL);
    const interval = terms.interval === null ? DEFAULT_INTERVAL : terms.interval * SECOND;
    const pause = Math.min(Math.max(interval, least), MAX_INTERVAL);
    tracker.notBefore = now + least;
    this.#promote(tracker);
    const dueAt = this.#completed ? now : now + pause + this.#rng.below(1 + Math.floor(pause / 50));
    if (this.#asked?.has(tracker) === true) this.#endRound(dueAt);
    else this.#planIfNone(dueAt);
  }

  /** `retryMinutes` is what the tracker said (BEP 31), null when it said nothing. */
  onFailure(url: string, retryMinutes: number | "never" | null, now: Millis): void {
    const tracker = this.#find(url);
    if (tracker?.underWay === undefined) return;
    tracker.underWay = undefined;
    tracker.fails++;
    if (retryMinutes === "never") tracker.dead = true;
    const doubling = Math.min(FIRST_RETRY * 2 ** Math.min(tracker.fails - 1, 20), LAST_RETRY);
    const said = retryMinutes === null || retryMinutes === "never" ? 0 : retryMinutes * 60 * SECOND;
    const pause = said > 0 ? Math.min(Math.max(said, FIRST_RETRY), MAX_INTERVAL) : doubling;
    // A quarter more or less, so that not everybody comes back to a restarted tracker at once.
    tracker.notBefore = now + (said > 0 ? pause : (pause * (750 + this.#rng.below(501))) / 1000);
    if (!tracker.dead) this.#planIfNone(tracker.notBefore);
  }

  /** The last wanted piece has arrived. To be called once, and not when everything was there from the start. */
  onCompleted(now: Millis): void {
    this.#completed = true;
    this.#dueAt = now;
  }

  /** Announces as soon as the tracker that answered last allows it: for somebody who waits. */
  announceSoon(now: Millis): void {
    const allowed = this.#all()
      .filter((t) => t.fails === 0)
      .map((t) => t.notBefore);
    this.#dueAt = Math.min(this.#dueAt, Math.max(now, Math.min(...allowed)));
  }

  /**
   * Ends all announcing; what it gives is to be sent to those who know of us, in order for each URL, without regard to the answers.
   * A completion that was not told yet is told first: else who leaves at once would never have been counted.
   */
  stop(): AnnounceAction[] {
    if (this.#stopped) return [];
    this.#stopped = true;
    return this.#all()
      .filter((tracker) => (tracker.started || tracker.underWay === "started") && tracker.fails === 0)
      .flatMap(({ url, trackerId }) => {
        const stopped: AnnounceAction = { url, event: "stopped", trackerId };
        return this.#completed ? [{ url, event: "completed", trackerId }, stopped] : [stopped];
      });
  }

  /** In the order of asking. */
  #all(): Tracker[] {
    return this.#tiers.flat();
  }

  /** There are few: a map would take more memory than all the rest. */
  #find(url: string): Tracker | undefined {
    for (const tier of this.#tiers) for (const tracker of tier) if (tracker.url === url) return tracker;
    return undefined;
  }

  /** To the front of its tier. */
  #promote(tracker: Tracker): void {
    for (const tier of this.#tiers) {
      const at = tier.indexOf(tracker);
      if (at < 0) continue;
      tier.copyWithin(1, 0, at);
      tier[0] = tracker;
    }
  }

  #newTier(urls: readonly string[]): Tracker[] {
    const tier: Tracker[] = [];
    for (const url of urls) {
      if (this.#find(url) !== undefined || tier.some((other) => other.url === url)) continue;
      if (this.count + tier.length >= MAX_TRACKERS) break;
      const tracker: Tracker = {
        url,
        fails: 0,
        notBefore: Number.NEGATIVE_INFINITY,
        underWay: undefined,
        started: false,
        dead: false,
        trackerId: null,
      };
      tier.push(tracker);
    }
    this.#rng.shuffle(tier);
    return tier.slice();
  }

  /** The first tracker in order that was not asked in this round and may be asked now. */
  #candidate(now: Millis): Tracker | null {
    for (const tier of this.#tiers) {
      for (const tracker of tier) {
        if (tracker.dead || tracker.underWay !== undefined || this.#asked!.has(tracker)) continue;
        const tellsEvent = tracker.fails === 0 && this.#eventFor(tracker) !== null;
        if (tellsEvent || now >= tracker.notBefore) return tracker;
      }
    }
    return null;
  }

  #eventFor(tracker: Tracker): AnnounceEvent | null {
    if (!tracker.started) return "started";
    return this.#completed ? "completed" : null;
  }

  /** Whether an announce of this round is under way. */
  #waits(): boolean {
    for (const tracker of this.#asked!) if (tracker.underWay !== undefined) return true;
    return false;
  }

  #endRound(dueAt: Millis): void {
    this.#asked = null;
    this.#impatientAt = Number.POSITIVE_INFINITY;
    this.#dueAt = dueAt;
  }

  /** An outcome that comes after its round was over changes no plan, unless there is none because it was awaited. */
  #planIfNone(dueAt: Millis): void {
    if (this.#asked === null && this.#dueAt === Number.POSITIVE_INFINITY) this.#dueAt = dueAt;
  }

  /** Trackers that are being asked don't count: their outcome is an input. */
  #earliestRetry(): Millis {
    let earliest = Number.POSITIVE_INFINITY;
    for (const tracker of this.#all()) {
      if (!tracker.dead && tracker.underWay === undefined) earliest = Math.min(earliest, tracker.notBefore);
    }
    return earliest;
  }
}
