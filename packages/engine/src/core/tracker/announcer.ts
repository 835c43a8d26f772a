import type { Millis } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import type { AnnounceEvent, AnnounceRefusal, AnnounceSuccess, SwarmCounts } from "../../wire/announce.ts";
import { retryPause } from "./retry-pause.ts";
import { newTracker, noteCounts, stateOf, type Tracker, type TrackerState } from "./tracker-state.ts";

/** More trackers of one torrent are not used. */
const MAX_TRACKERS = 100;
const SECOND = 1000;
const DEFAULT_INTERVAL = 1800 * SECOND;
/** Bounds of what a tracker may ask for between two announces. */
const MIN_INTERVAL = 60 * SECOND;
const MAX_INTERVAL = 24 * 3600 * SECOND;
const FIRST_RETRY = 30 * SECOND;
/** When a tracker has not answered for so long, the next one is asked as well. */
const PATIENCE = 10 * SECOND;

/** One announce that is to be made now. */
export interface AnnounceAction {
  readonly url: string;
  readonly event: AnnounceEvent | null;
  /** What the tracker wants repeated. */
  readonly trackerId: string | null;
}

/** What a tracker's answer says about the next announce and about the swarm. Seconds. */
export type AnnounceTerms = Omit<AnnounceSuccess, "ok" | "externalIp" | "peers"> & { readonly peers: number };

/** What is known of one tracker, for people who look. */
export interface TrackerFacts extends SwarmCounts {
  readonly url: string;
  /** From 0; those of a lower one are asked first (BEP 12). */
  readonly tier: number;
  readonly state: TrackerState;
  /** Why the last announce failed, or a warning that came with the answer; unchecked text. */
  readonly message: string | null;
  /** It has answered, and would have none of it. */
  readonly refused: boolean;
  /** Peers in the last answer. */
  readonly peers: number;
  /** Failures since the last answer. */
  readonly fails: number;
  /** When the last announce was answered or had failed; null before that. */
  readonly lastAt: Millis | null;
  /** Null when that depends on other trackers, or when it is not asked again. */
  readonly nextAt: Millis | null;
}

/** One way through the tiers. */
interface Round {
  readonly asked: Set<Tracker>;
  /** When it goes on although nobody has answered or failed. */
  impatientAt: Millis;
}

/** What is announced; looked at each time, since a magnet's file list may come with news. */
export interface AnnouncedTorrent {
  /** Never ask a second tracker before the first has failed (BEP 27). */
  readonly isPrivate?: boolean;
}

/**
 * Decides when to announce one info-hash to which tracker (BEP 3, 12, 31). An announce is a round through the tiers in order that
 * ends with the first answer; a tracker that answers moves to the front of its tier, one that fails is left alone for a time
 * that grows with each failure. No sockets, no timers: call `next` until it gives null, after every input and whenever
 * `nextDeadline` has passed.
 */
export class Announcer {
  /** In the order of asking: by tier, and in a tier the one that answered last first. */
  #trackers: Tracker[] = [];
  readonly #rng: Rng;
  readonly #torrent: AnnouncedTorrent;
  /** Start of the next round; null when only an input begins one. Whole milliseconds, as those of trackers: they need no memory of their own. */
  #dueAt: Millis | null;
  /** Null between rounds. */
  #round: Round | null = null;
  /** Trackers that are asked besides the rounds, because they are new. */
  #added: Tracker[] | null = null;
  #completed = false;
  #stopped = false;

  /** `tiers` hold URLs; doubles and what is more than `MAX_TRACKERS` are left out. The first round starts at `now`. */
  constructor(tiers: readonly (readonly string[])[], rng: Rng, now: Millis, torrent: AnnouncedTorrent = {}) {
    this.#rng = rng;
    this.#dueAt = Math.floor(now);
    this.#torrent = torrent;
    for (const urls of tiers) this.#addTier(urls);
  }

  /** Number of trackers. */
  get count(): number {
    return this.#trackers.length;
  }

  /** Number of trackers whose last announce failed. */
  get failed(): number {
    return this.#trackers.reduce((sum, { fails }) => sum + (fails > 0 ? 1 : 0), 0);
  }

  /** Number of trackers that answered the last announce. */
  get answered(): number {
    return this.#trackers.reduce((sum, { fails, peers }) => sum + (fails === 0 && peers >= 0 ? 1 : 0), 0);
  }

  /** Time of the next `next` that may give something; infinite when only an input can change that. */
  nextDeadline(): Millis {
    if (this.#stopped) return Number.POSITIVE_INFINITY;
    if (this.#round === null) return this.#dueAt ?? Number.POSITIVE_INFINITY;
    return this.#oneAtATime ? Number.POSITIVE_INFINITY : this.#round.impatientAt;
  }

  get #oneAtATime(): boolean {
    return this.#torrent.isPrivate === true;
  }

  /** An announce to be made now, or null. Its outcome is told by `onAnswer` or `onFailure`. */
  next(now: Millis): AnnounceAction | null {
    if (this.#stopped) return null;
    const added = this.#added?.pop();
    if (added !== undefined) return this.#ask(added);
    this.#added = null;
    const isDue = this.#dueAt !== null && now >= this.#dueAt;
    if (this.#round === null && !isDue) return null;
    const round = (this.#round ??= { asked: new Set(), impatientAt: Number.POSITIVE_INFINITY });
    const waits = this.#waits(round);
    if (waits && (now < round.impatientAt || this.#oneAtATime)) return null;
    const tracker = this.#candidate(round, now);
    if (tracker === null) {
      round.impatientAt = Number.POSITIVE_INFINITY;
      if (waits) return null;
      this.#endRound(this.#earliestRetry());
      // A long wait for the last one may have outlasted the pause of another.
      return this.nextDeadline() <= now ? this.next(now) : null;
    }
    round.asked.add(tracker);
    round.impatientAt = now + PATIENCE;
    return this.#ask(tracker);
  }

  onAnswer(url: string, terms: AnnounceTerms, now: Millis): void {
    const tracker = this.#find(url);
    if (tracker?.underWay === undefined) return;
    if (tracker.underWay === "started") tracker.started = true;
    if (tracker.underWay === "completed") this.#completed = false;
    tracker.underWay = undefined;
    tracker.fails = 0;
    tracker.refused = false;
    tracker.message = terms.warning;
    tracker.peers = terms.peers;
    tracker.lastAt = Math.floor(now);
    noteCounts(tracker, { seeds: terms.complete, leechers: terms.incomplete, downloaded: terms.downloaded });
    tracker.trackerId = terms.trackerId ?? tracker.trackerId;
    const least = Math.min(Math.max((terms.minInterval ?? 0) * SECOND, MIN_INTERVAL), MAX_INTERVAL);
    const interval = terms.interval === null ? DEFAULT_INTERVAL : terms.interval * SECOND;
    const pause = Math.min(Math.max(interval, least), MAX_INTERVAL);
    tracker.notBefore = Math.floor(now + least);
    this.#promote(tracker);
    const dueAt = this.#completed ? now : now + pause + this.#rng.below(1 + Math.floor(pause / 50));
    if (this.#round?.asked.has(tracker) === true) this.#endRound(dueAt);
    else this.#planIfNone(dueAt);
  }

  /** `refused`: the tracker has answered, and `retryMinutes` is what it said (BEP 31), null when it said nothing. */
  onFailure(
    url: string,
    { reason, retryMinutes, refused }: Omit<AnnounceRefusal, "ok"> & { readonly refused: boolean },
    now: Millis,
  ): void {
    const tracker = this.#find(url);
    if (tracker?.underWay === undefined) return;
    tracker.underWay = undefined;
    tracker.fails++;
    tracker.lastAt = Math.floor(now);
    tracker.refused = refused;
    tracker.message = reason;
    if (retryMinutes === "never") tracker.dead = true;
    const said = retryMinutes === null || retryMinutes === "never" ? 0 : retryMinutes * 60 * SECOND;
    const pause = said > 0 ? Math.min(Math.max(said, FIRST_RETRY), MAX_INTERVAL) : retryPause(tracker.fails);
    // A quarter more or less, so that not everybody comes back to a restarted tracker at once.
    const spread = said > 0 ? pause : (pause * (750 + this.#rng.below(501))) / 1000;
    tracker.notBefore = Math.floor(now + spread);
    if (!tracker.dead) this.#planIfNone(tracker.notBefore);
  }

  /** What a scrape has told. */
  onScrape(url: string, counts: SwarmCounts): void {
    const tracker = this.#find(url);
    if (tracker !== undefined) noteCounts(tracker, counts);
  }

  /** The last wanted piece has arrived. To be called once, and not when everything was there from the start. */
  onCompleted(now: Millis): void {
    if (this.#stopped) return;
    this.#completed = true;
    this.#dueAt = Math.floor(now);
  }

  /**
   * Announces for somebody who waits: as soon as the tracker that answered last allows it, and at once where that failed, however long
   * it would have been left alone. A public torrent asks further trackers in the meantime.
   */
  announceSoon(now: Millis): void {
    let allowed = Number.POSITIVE_INFINITY;
    for (const tracker of this.#trackers) {
      if (tracker.dead) continue;
      if (tracker.fails > 0) tracker.notBefore = Math.min(tracker.notBefore, Math.floor(now));
      allowed = Math.min(allowed, tracker.notBefore);
      if (this.#oneAtATime && tracker.fails === 0) break;
    }
    const at = Math.min(this.#dueAt ?? Number.POSITIVE_INFINITY, Math.max(now, allowed));
    this.#plan(at);
  }

  /** Appends a tier. It is asked once at once, because somebody hopes for it, and then in its turn. */
  add(urls: readonly string[]): void {
    const added = this.#addTier(urls);
    if (!this.#stopped && !this.#oneAtATime) this.#added = [...(this.#added ?? []), ...added];
    else this.#dueAt ??= 0;
  }

  /** Takes a tracker out. Gives what is to be told to it, as `stop` does. */
  remove(url: string): AnnounceAction[] {
    const tracker = this.#find(url);
    if (tracker === undefined) return [];
    const goodbye = this.#stopped ? [] : this.#goodbye(tracker);
    this.#trackers = this.#trackers.filter((other) => other !== tracker);
    this.#added = this.#added?.filter((other) => other !== tracker) ?? null;
    return goodbye;
  }

  /**
   * Ends all announcing until `start`; what it gives is to be sent to those who know of us, in order for each URL, without regard to the
   * answers. A completion that was not told yet is told first: else who leaves at once would never have been counted.
   */
  stop(): AnnounceAction[] {
    if (this.#stopped) return [];
    this.#stopped = true;
    const goodbyes = this.#trackers.flatMap((tracker) => this.#goodbye(tracker));
    for (const tracker of this.#trackers) {
      tracker.started = false;
      tracker.underWay = undefined;
    }
    this.#completed = false;
    this.#added = null;
    this.#endRound(Number.POSITIVE_INFINITY);
    return goodbyes;
  }

  /** Begins anew after `stop`, with a round at `at`: what is known of the trackers stays, those that failed are tried again. */
  start(at: Millis): void {
    this.#stopped = false;
    this.#plan(at);
    for (const tracker of this.#trackers) if (tracker.fails > 0) tracker.notBefore = Math.floor(at);
  }

  /** In the order of asking. */
  facts(): TrackerFacts[] {
    return this.#trackers.map((tracker, i) => {
      const { url, tier, message, refused, fails, seeds, leechers, downloaded } = tracker;
      const state = stateOf(tracker);
      const peers = Math.max(0, tracker.peers);
      const lastAt = tracker.lastAt < 0 ? null : tracker.lastAt;
      const nextAt = this.#nextAt(tracker, state, i === 0);
      return {
        url,
        tier,
        state,
        message,
        refused,
        peers,
        fails,
        seeds,
        leechers,
        downloaded,
        lastAt,
        nextAt,
      };
    });
  }

  #nextAt(tracker: Tracker, state: TrackerState, isFirst: boolean): Millis | null {
    if (this.#stopped || this.#round !== null || state === "asking" || state === "never") return null;
    if (state === "failed") return Math.max(tracker.notBefore, this.nextDeadline());
    return isFirst || state === "ok" ? this.#dueAt : null;
  }

  #ask(tracker: Tracker): AnnounceAction {
    tracker.underWay = this.#eventFor(tracker);
    return { url: tracker.url, event: tracker.underWay, trackerId: tracker.trackerId };
  }

  #goodbye({ url, trackerId, started, underWay, fails }: Tracker): AnnounceAction[] {
    if (fails > 0 || !(started || underWay === "started")) return [];
    const stopped: AnnounceAction = { url, event: "stopped", trackerId };
    return this.#completed ? [{ url, event: "completed", trackerId }, stopped] : [stopped];
  }

  /** There are few: a map would take more memory than all the rest. */
  #find(url: string): Tracker | undefined {
    return this.#trackers.find((tracker) => tracker.url === url);
  }

  /** To the front of its tier. */
  #promote(tracker: Tracker): void {
    const from = this.#trackers.indexOf(tracker);
    const to = this.#trackers.findIndex(({ tier }) => tier === tracker.tier);
    this.#trackers.copyWithin(to + 1, to, from);
    this.#trackers[to] = tracker;
  }

  #addTier(urls: readonly string[]): Tracker[] {
    const tier = this.#trackers.reduce((last, other) => Math.max(last, other.tier), -1) + 1;
    const fresh = new Set(urls.filter((url) => this.#find(url) === undefined));
    const added = [...fresh].slice(0, MAX_TRACKERS - this.count).map((url) => newTracker(url, tier));
    this.#rng.shuffle(added);
    // A list that has grown has room for many more, a copy has not: these stay short, and there are thousands of them.
    this.#trackers = [...this.#trackers, ...added].slice();
    return added;
  }

  /** The first tracker in order that was not asked in this round and may be asked now. */
  #candidate({ asked }: Round, now: Millis): Tracker | null {
    for (const tracker of this.#trackers) {
      if (tracker.dead || tracker.underWay !== undefined || asked.has(tracker)) continue;
      const tellsEvent = tracker.fails === 0 && this.#eventFor(tracker) !== null;
      if (tellsEvent || now >= tracker.notBefore) return tracker;
    }
    return null;
  }

  #eventFor(tracker: Tracker): AnnounceEvent | null {
    if (!tracker.started) return "started";
    return this.#completed ? "completed" : null;
  }

  /** Whether an announce of the round is under way. */
  #waits({ asked }: Round): boolean {
    for (const tracker of asked) {
      if (tracker.underWay !== undefined && this.#trackers.includes(tracker)) return true;
    }
    return false;
  }

  #endRound(dueAt: Millis): void {
    this.#round = null;
    this.#plan(dueAt);
  }

  /** An outcome that comes after its round was over changes no plan, unless there is none because it was awaited. */
  #planIfNone(dueAt: Millis): void {
    if (this.#round === null && this.#dueAt === null) this.#plan(dueAt);
  }

  #plan(at: Millis): void {
    this.#dueAt = at === Number.POSITIVE_INFINITY ? null : Math.floor(at);
  }

  /** Trackers that are being asked don't count: their outcome is an input. */
  #earliestRetry(): Millis {
    let earliest = Number.POSITIVE_INFINITY;
    for (const tracker of this.#trackers) {
      if (!tracker.dead && tracker.underWay === undefined) earliest = Math.min(earliest, tracker.notBefore);
    }
    return earliest;
  }
}
