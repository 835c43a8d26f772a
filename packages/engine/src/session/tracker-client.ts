import { type Family, familyOf } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import type { Rng } from "../base/rng.ts";
import type { Timer } from "../ports/clock.ts";
import { Alarms } from "./alarms.ts";
import {
  type AnnounceInfo,
  type AnnouncePorts,
  type AnnounceShared,
  Announcing,
  Ringing,
  type TrackerListener,
} from "./announcing.ts";
import { ScrapeBatches } from "./scrape-batches.ts";
import { TrackerRequests } from "./tracker-requests.ts";

/** Between two announces for which nobody waits: ten thousand torrents are announced in about four minutes. */
const TURN_MS = 25;
/** Between two rounds of scraping for torrents whose counts are told by nobody otherwise. */
const SCRAPE_ROUND_MS = 3_600_000;

/** Announces all torrents of a session to their trackers: joins the announcers of core/ with HTTP and UDP. */
export class TrackerClient {
  readonly #ports: AnnouncePorts;
  readonly #requests: TrackerRequests;
  readonly #shared: AnnounceShared;
  /** Those that were started once and not closed. */
  readonly #open: Set<Announcing> = new Set();
  readonly #unwatch: readonly (() => void)[];
  /** Address families of which our external address was known before. */
  readonly #knownFamilies: Set<Family> = new Set();
  /** When the next announce for which nobody waits has its turn. */
  #nextTurn: Millis = 0;
  readonly #scrapes: ScrapeRound = new ScrapeRound(() => this.#scrapeRound());
  #moveTimer: Timer | null = null;
  #closed = false;

  /** `rng` shuffles tiers and spreads announces over time. */
  constructor(ports: AnnouncePorts, rng: Rng) {
    this.#ports = ports;
    this.#requests = new TrackerRequests(ports);
    this.#shared = {
      ports,
      rng,
      keySeed: ports.random.uint32(),
      alarms: new Alarms(ports.clock, (ringing) => ringing.onAlarm()),
      requests: this.#requests,
      scrapes: new ScrapeBatches(ports.clock, this.#requests, ports.log),
      nextTurn: () => this.#takeTurn(),
      onStarted: (announcing) => this.#onStarted(announcing),
      onClosed: (announcing) => this.#onClosed(announcing),
    };
    this.#unwatch = [
      ports.external.onChange((ip) => this.#onExternalIp(ip)),
      ports.net.watch(() => {
        if (ports.net.obstacle === null) this.#announceAll();
      }),
    ];
  }

  /** Nothing is announced before its `start`. */
  add(info: AnnounceInfo, listener: TrackerListener): Announcing {
    return new Announcing(this.#shared, info, listener);
  }

  /** Stops whatever was not stopped yet; first where the most people would look for us in vain, as there may be no time for all. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#shared.alarms.cancel(this.#scrapes);
    this.#moveTimer?.cancel();
    for (const unwatch of this.#unwatch) unwatch();
    const byUse = [...this.#open].map((announcing) => ({ announcing, leechers: announcing.leechers }));
    byUse.sort((a, b) => b.leechers - a.leechers);
    await Promise.all(byUse.map(({ announcing }) => announcing.stop()));
    this.#shared.scrapes.close();
    this.#requests.close();
  }

  #takeTurn(): Millis {
    const at = Math.max(this.#ports.clock.now(), this.#nextTurn);
    this.#nextTurn = at + TURN_MS;
    return at;
  }

  #onStarted(announcing: Announcing): void {
    if (this.#open.size === 0) this.#planScrapes();
    this.#open.add(announcing);
  }

  #onClosed(announcing: Announcing): void {
    this.#open.delete(announcing);
    if (this.#open.size === 0) this.#shared.alarms.cancel(this.#scrapes);
  }

  /** On the alarms of the announces: no timer of its own. */
  #planScrapes(): void {
    this.#shared.alarms.set(this.#ports.clock.now() + SCRAPE_ROUND_MS, this.#scrapes);
  }

  #scrapeRound(): void {
    this.#planScrapes();
    for (const announcing of this.#open) {
      if (announcing.needsScrape) void announcing.scrape({ urgency: "routine", all: false });
    }
  }

  /** Trackers send peers to where they last saw us: after a move they have to see us again. */
  #onExternalIp(ip: string): void {
    const family = familyOf(ip);
    const isFirst = !this.#knownFamilies.has(family);
    this.#knownFamilies.add(family);
    if (!isFirst) this.#announceAll();
  }

  /** One after another, for the network has changed: those that failed may be reached now. */
  #announceAll(): void {
    if (this.#closed) return;
    this.#moveTimer?.cancel();
    const moved = [...this.#open];
    const announceNext = (): void => {
      const announcing = moved.pop();
      this.#moveTimer = null;
      if (announcing === undefined) return;
      announcing.announceSoon("routine");
      this.#moveTimer = this.#ports.clock.setTimer(TURN_MS, announceNext);
    };
    announceNext();
  }
}

class ScrapeRound extends Ringing {
  readonly #begin: () => void;

  constructor(begin: () => void) {
    super();
    this.#begin = begin;
  }

  onAlarm(): void {
    this.#begin();
  }
}
