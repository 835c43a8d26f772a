import type { Endpoint } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import { fromHex, readU32 } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { Rng } from "../base/rng.ts";
import { WheelTimer } from "../base/timer-wheel.ts";
import type { ExternalAddress } from "../core/external-address.ts";
import { Announcer, type AnnounceAction } from "../core/tracker/announcer.ts";
import type { Log } from "../ports/log.ts";
import type { AnnounceRefusal, AnnounceRequest, AnnounceSuccess } from "../wire/announce.ts";
import type { Alarms } from "./alarms.ts";
import { moreUrgent, type Urgency } from "./host-queue.ts";
import type { ScrapeBatches } from "./scrape-batches.ts";
import type { RequestOptions, RequestPorts, TrackerRequests } from "./tracker-requests.ts";
import { statusOf, type TrackerResult, type TrackerStatus } from "./tracker-status.ts";

const PEERS_WANTED = 200;
/** Nobody waits long for having said goodbye. */
const STOP_TIMEOUT_MS = 3_000;

/** Bytes of one torrent, as trackers are told of them. */
export interface Totals {
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
  /** It has all that is wanted, but not everything (BEP 21). */
  readonly isPartialSeed?: boolean;
}

/** What trackers are to be told about one torrent; functions are asked at each announce. */
export interface AnnounceInfo {
  /** URLs as in BEP 12; what is neither HTTP(S) nor UDP is passed over. Asked for each new name. */
  readonly tiers: readonly (readonly string[])[];
  /** The 20-byte names of the torrent in hex: one, or two for a hybrid. A second one may come later. */
  readonly names: () => readonly string[];
  readonly peerId: Uint8Array;
  /** TCP port on which peers reach us over IPv4, and over IPv6 where that is another one. */
  readonly port: () => number;
  readonly port6?: () => number;
  readonly totals: () => Totals;
  readonly obfuscation?: AnnounceRequest["obfuscation"];
  /** Private torrent: never two trackers at a time. */
  readonly isPrivate?: boolean;
  /** Whether a user named the tracker, and not a stranger: only such ones may be anything on this machine and in its network. */
  readonly isNamed?: (url: string) => boolean;
}

export interface TrackerListener {
  /** `leechers` of the whole swarm; null when the tracker did not say. */
  onPeers(peers: readonly Endpoint[], name: string, leechers: number | null): void;
  onResult(result: TrackerResult): void;
}

export interface AnnouncePorts extends RequestPorts {
  readonly log: Log;
  /** Is told how trackers see us (BEP 24). */
  readonly external: ExternalAddress;
}

/** What an alarm rings for. */
export abstract class Ringing extends WheelTimer {
  abstract onAlarm(): void;
}

/** What all torrents of a session have in common here. */
export interface AnnounceShared {
  readonly ports: AnnouncePorts;
  readonly rng: Rng;
  /** 32 random bits from which the keys of all torrents are made: a tracker knows a torrent of ours again, and others don't. */
  readonly keySeed: number;
  readonly alarms: Alarms<Ringing>;
  readonly requests: TrackerRequests;
  readonly scrapes: ScrapeBatches;
  /** When the next announce for which nobody waits may be made. */
  readonly nextTurn: () => Millis;
  readonly onStarted: (announcing: Announcing) => void;
  readonly onClosed: (announcing: Announcing) => void;
}

/** What ends an announce, and what lets it go ahead of others. */
interface UnderWay {
  readonly abort: AbortController;
  readonly hurry: AbortController;
}

/** `refused` is false when no answer came at all. */
type Outcome = AnnounceSuccess | (AnnounceRefusal & { readonly refused: boolean });

/** One info-hash of a torrent, and when it is announced to whom. */
class Swarm extends Announcer {
  /** The name, in hex: of ten thousand of these, an array would be the largest part. */
  readonly name: string;

  constructor(name: string, ...plan: ConstructorParameters<typeof Announcer>) {
    super(...plan);
    this.name = name;
  }
}

/** The announcing of one torrent. Of ten thousand torrents most have one of these, and nothing else: it is kept small. */
export class Announcing extends Ringing {
  readonly #shared: AnnounceShared;
  readonly #info: AnnounceInfo;
  readonly #listener: TrackerListener;
  /** One for each name of the torrent. */
  #swarms: readonly Swarm[] = [];
  /** What ends the announces under way; null while there are none. */
  #underWay: Set<UnderWay> | null = null;
  #running = false;
  /** Somebody waits for what is under way. */
  #urgency: Urgency = "routine";

  constructor(shared: AnnounceShared, info: AnnounceInfo, listener: TrackerListener) {
    super();
    this.#shared = shared;
    this.#info = info;
    this.#listener = listener;
  }

  /** Number of trackers in use. */
  get count(): number {
    return this.#first()?.count ?? 0;
  }

  /** Number of them whose last announce failed. */
  get failed(): number {
    return this.#first()?.failed ?? 0;
  }

  /** Number of them that answered the last announce. */
  get answered(): number {
    return this.#first()?.answered ?? 0;
  }

  /** People who look for the torrent, as far as trackers say. */
  get leechers(): number {
    return Math.max(0, ...(this.#first()?.facts() ?? []).map(({ leechers }) => leechers ?? 0));
  }

  /**
   * Starts announcing at once, or `gently`, when nobody waits for it: then it takes turns with all others of which nobody waits. The listener is
   * not called before this returns.
   */
  start(how: { readonly gently?: boolean } = {}): void {
    if (this.#running) return;
    const gently = how.gently === true;
    this.#running = true;
    this.#urgency = gently ? "routine" : "awaited";
    const firstAt = gently ? this.#shared.nextTurn() : this.#now();
    for (const swarm of this.#swarms) swarm.start(firstAt);
    this.#meetNewNames(firstAt);
    this.#shared.onStarted(this);
    this.proceed();
  }

  /** The last piece has arrived. Not for torrents that were complete from the start. */
  completed(): void {
    if (!this.#running) return;
    for (const swarm of this.#swarms) swarm.onCompleted(this.#now());
    this.proceed();
  }

  /** Asks for peers as soon as the trackers allow it. */
  announceSoon(urgency: Urgency = "awaited"): void {
    if (!this.#running) return;
    this.#urgency = moreUrgent(this.#urgency, urgency);
    if (urgency === "asked") for (const { hurry } of this.#underWay ?? []) hurry.abort();
    for (const swarm of this.#swarms) swarm.announceSoon(this.#now());
    this.proceed();
  }

  /** A new tier. `info.tiers` has to have it already. */
  add(urls: readonly string[]): void {
    for (const swarm of this.#swarms) swarm.add(urls.filter(isUsable));
    this.#urgency = "asked";
    this.proceed();
  }

  /** A tracker of which no more is wanted. `info.tiers` has to be without it already. */
  remove(url: string): void {
    for (const swarm of this.#swarms) void this.#sayGoodbye(swarm, swarm.remove(url));
    this.proceed();
  }

  statuses(): TrackerStatus[] {
    const { clock } = this.#shared.ports;
    const wallOffset = clock.wallTime() - clock.now();
    return statusOf(
      this.#swarms.map((swarm) => swarm.facts()),
      wallOffset,
    );
  }

  /**
   * Asks for the counts of the swarm, the first tracker alone or all; a private torrent only the one that knows of it anyway. Never
   * rejects; what trackers don't say stays as it was.
   */
  async scrape(how: { readonly urgency: Urgency; readonly all: boolean }): Promise<void> {
    this.#meetNewNames(this.#now());
    await Promise.all(
      this.#swarms.flatMap((swarm) => {
        const isPrivate = this.#info.isPrivate === true;
        const facts = swarm.facts().filter(({ state }) => {
          if (isPrivate) return state === "ok";
          return how.urgency !== "routine" ? state !== "never" : state === "ok" || state === "idle";
        });
        const chosen = how.all && !isPrivate ? facts : facts.slice(0, 1);
        return chosen.map(({ url }) => this.#scrapeOne(swarm, url, how.urgency));
      }),
    );
  }

  /** Whether nobody who answers tells the counts without being scraped. */
  get needsScrape(): boolean {
    const facts = this.#first()?.facts() ?? [];
    if (!this.#running) return true;
    return facts.some(({ state }) => state === "ok") && facts.every(({ leechers }) => leechers === null);
  }

  /** Stops, and is not to be started again. */
  close(): Promise<void> {
    this.#shared.onClosed(this);
    return this.stop();
  }

  /** No more announces and no more calls to the listener until the next `start`; trackers that know of us are told, for three seconds at most. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#shared.alarms.cancel(this);
    for (const { abort } of this.#underWay ?? []) abort.abort();
    this.#underWay = null;
    const goodbyes = this.#swarms.flatMap((swarm) => {
      const actions = swarm.stop();
      const urls = new Set(actions.map(({ url }) => url));
      return [...urls].map((url) => {
        const last = actions.filter((action) => action.url === url);
        return this.#sayGoodbye(swarm, last);
      });
    });
    await Promise.all(goodbyes);
  }

  onAlarm(): void {
    this.proceed();
  }

  /** Makes the announces that are due, and sets the alarm for the next. */
  proceed(): void {
    if (!this.#running) return;
    const now = this.#now();
    this.#meetNewNames(now);
    let earliest = Number.POSITIVE_INFINITY;
    for (const swarm of this.#swarms) {
      for (let action = swarm.next(now); action !== null; action = swarm.next(now)) {
        void this.#announce(swarm, action);
      }
      earliest = Math.min(earliest, swarm.nextDeadline());
    }
    // Whom nobody has answered by now waits for the next round, like everybody.
    if (this.#underWay === null) this.#urgency = "routine";
    if (earliest < Number.POSITIVE_INFINITY) this.#shared.alarms.set(earliest, this);
    else this.#shared.alarms.cancel(this);
  }

  async #announce(swarm: Swarm, action: AnnounceAction): Promise<void> {
    const request = { abort: new AbortController(), hurry: new AbortController() };
    this.#underWay ??= new Set();
    this.#underWay.add(request);
    const { signal } = request.abort;
    const how = { signal, hurry: request.hurry.signal, urgency: this.#urgency };
    const answer = await this.#ask(swarm, action, how);
    if (signal.aborted) return;
    this.#underWay.delete(request);
    if (this.#underWay.size === 0) this.#underWay = null;
    const { url } = action;
    const now = this.#now();
    if (answer.ok) {
      const { warning: message, complete: seeds, incomplete: leechers } = answer;
      const peers = answer.peers.length;
      swarm.onAnswer(url, { ...answer, peers }, now);
      this.#onSuccess(swarm, url, answer);
      this.#listener.onResult({
        url,
        ok: true,
        message,
        refused: false,
        never: false,
        peers,
        seeds,
        leechers,
      });
    } else {
      swarm.onFailure(url, answer, now);
      const { reason: message, refused } = answer;
      const never = answer.retryMinutes === "never";
      const nothing = { never, peers: 0, seeds: null, leechers: null };
      this.#listener.onResult({ url, ok: false, message, refused, ...nothing });
    }
    this.proceed();
  }

  #onSuccess({ name }: Swarm, url: string, { externalIp, peers, incomplete }: AnnounceSuccess): void {
    if (externalIp !== null) this.#shared.ports.external.vote(externalIp, new URL(url).hostname, "tracker");
    if (peers.length > 0) this.#listener.onPeers(peers, name, incomplete);
  }

  /** Never rejects: that there was no answer is an answer too. */
  async #ask(swarm: Swarm, action: AnnounceAction, how: Omit<RequestOptions, "named">): Promise<Outcome> {
    const { url } = action;
    try {
      const answer = await this.#shared.requests.announce(new URL(url), this.#request(swarm, action), {
        ...how,
        named: this.#info.isNamed?.(url) ?? false,
        onLate: (late) => {
          if (!how.signal.aborted && this.#running) this.#onSuccess(swarm, url, late);
        },
      });
      return answer.ok ? answer : { ...answer, refused: true };
    } catch (error) {
      if (!(error instanceof ShoalError))
        this.#shared.ports.log.error("announce failed unexpectedly", { error });
      const reason = error instanceof ShoalError ? error.message : "the announce failed";
      return { ok: false, reason, retryMinutes: null, refused: false };
    }
  }

  #request(swarm: Swarm, action: AnnounceAction): AnnounceRequest {
    const { uploaded, downloaded, left, isPartialSeed } = this.#info.totals();
    // Bytes are counted with the first info-hash only, else a hybrid's would count twice.
    const counts = swarm === this.#swarms[0];
    const infoHash = fromHex(swarm.name);
    return {
      infoHash,
      peerId: this.#info.peerId,
      port: this.#info.port(),
      ...(this.#info.port6 === undefined ? {} : { port6: this.#info.port6() }),
      uploaded: counts ? uploaded : 0,
      downloaded: counts ? downloaded : 0,
      left,
      event: action.event ?? (isPartialSeed === true ? "paused" : null),
      key: (readU32(infoHash, 0) ^ this.#shared.keySeed) >>> 0,
      numWant: action.event === "stopped" ? 0 : PEERS_WANTED,
      trackerId: action.trackerId,
      obfuscation: this.#info.obfuscation ?? "none",
    };
  }

  async #scrapeOne(swarm: Swarm, url: string, urgency: Urgency): Promise<void> {
    const counts = await this.#shared.scrapes.ask(url, swarm.name, {
      urgency,
      named: this.#info.isNamed?.(url) ?? false,
    });
    if (counts !== null) swarm.onScrape(url, counts);
  }

  /** Their first round begins at `firstAt`. */
  #meetNewNames(firstAt: Millis): void {
    const names = this.#info.names();
    if (names.length === this.#swarms.length) return;
    for (const name of names) {
      if (this.#swarms.some((swarm) => swarm.name === name)) continue;
      const tiers = this.#info.tiers.map((urls) => urls.filter(isUsable));
      const swarm = new Swarm(name, tiers, this.#shared.rng, firstAt, this.#info);
      if (!this.#running) swarm.stop();
      // Without the copy it would have room for many more.
      this.#swarms = [...this.#swarms, swarm].slice();
    }
  }

  /** Tells a tracker the last things, in order, without regard to its answers. */
  #sayGoodbye(swarm: Swarm, actions: readonly AnnounceAction[]): Promise<void> {
    const { clock } = this.#shared.ports;
    const timeUp = new AbortController();
    const { signal } = timeUp;
    const before = clock.now() + STOP_TIMEOUT_MS;
    return new Promise((resolve) => {
      // Not all that is waited for can be ended: looking up a name, for instance.
      const timer = clock.setTimer(STOP_TIMEOUT_MS, () => {
        timeUp.abort();
        resolve();
      });
      const ask = async (): Promise<void> => {
        for (const action of actions) {
          if (!signal.aborted) await this.#ask(swarm, action, { signal, urgency: "awaited", before });
        }
        timer.cancel();
        resolve();
      };
      void ask();
    });
  }

  #first(): Announcer | undefined {
    return this.#swarms[0];
  }

  #now(): Millis {
    return this.#shared.ports.clock.now();
  }
}

/** Whether we can announce to it; of trackers for WebRTC, for instance, torrents name some, too. */
function isUsable(url: string): boolean {
  return /^(https?|udp):\/\/./i.test(url) && URL.canParse(url);
}
