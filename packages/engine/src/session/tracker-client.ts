import type { Endpoint } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import { fromHex } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { Rng } from "../base/rng.ts";
import type { ExternalAddress } from "../core/external-address.ts";
import { Announcer, type AnnounceAction } from "../core/tracker/announcer.ts";
import type { Http } from "../ports/http.ts";
import type { Log } from "../ports/log.ts";
import type { AnnounceAnswer, AnnounceRefusal, AnnounceRequest, AnnounceSuccess } from "../wire/announce.ts";
import { type Alarm, Alarms } from "./alarms.ts";
import { HostSlots } from "./host-slots.ts";
import { announceOverHttp } from "./http-announce.ts";
import { UdpTrackers, type UdpTrackerPorts } from "./udp-trackers.ts";

const PEERS_WANTED = 200;
const HTTP_TIMEOUT_MS = 30_000;
/** Longer than the packets of BEP 15 are repeated: the exchange itself gives up before. */
const UDP_TIMEOUT_MS = 240_000;
/** Nobody waits long for having said goodbye. */
const STOP_TIMEOUT_MS = 3_000;
const REQUESTS_PER_HOST = 6;
/** Between two first announces for which nobody waits: ten thousand torrents are announced in about four minutes. */
const TURN_MS = 25;

export interface TrackerPorts extends UdpTrackerPorts {
  readonly http: Http;
  readonly log: Log;
  /** Is told how trackers see us (BEP 24). */
  readonly external: ExternalAddress;
}

/** Bytes of one torrent, as trackers are told of them. */
export interface Totals {
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
}

/** What trackers are to be told about one torrent; functions are asked at each announce. */
export interface AnnounceInfo {
  /** URLs as in BEP 12; what is neither HTTP(S) nor UDP is passed over. */
  readonly tiers: readonly (readonly string[])[];
  /** The 20-byte names of the torrent in hex: one, or two for a hybrid. A second one may come later. */
  readonly names: () => readonly string[];
  readonly peerId: Uint8Array;
  /** TCP port on which peers reach us. */
  readonly port: () => number;
  readonly totals: () => Totals;
  /** Private torrent: never two trackers at a time. */
  readonly isPrivate?: boolean;
}

/** Outcome of one announce. */
export interface TrackerResult {
  readonly url: string;
  readonly ok: boolean;
  /** The tracker's own words on failure, or a warning; unchecked text. */
  readonly message: string | null;
  /** It answered, and would have none of it. */
  readonly refused: boolean;
  /** Peers in the answer. */
  readonly peers: number;
}

export interface TrackerListener {
  /** `leechers` of the whole swarm; null when the tracker did not say. */
  onPeers(peers: readonly Endpoint[], leechers: number | null): void;
  onResult(result: TrackerResult): void;
}

/** The announcing of one torrent. */
export interface TrackerHandle {
  /** Number of trackers in use. */
  readonly count: number;
  /** Number of them whose last announce failed. */
  readonly failed: number;
  /** The last piece has arrived. Not for torrents that were complete from the start. */
  completed(): void;
  /** Asks for peers as soon as the trackers allow it. */
  announceSoon(): void;
  /** No more announces and no more calls to the listener; trackers that know of us are told, for three seconds at most. */
  stop(): Promise<void>;
}

/** Announces all torrents of a session to their trackers: joins the announcers of core/ with HTTP and UDP. */
export class TrackerClient {
  readonly #ports: TrackerPorts;
  readonly #udp: UdpTrackers;
  readonly #slots: HostSlots = new HostSlots(REQUESTS_PER_HOST);
  readonly #open: Set<Announcing> = new Set();
  readonly #shared: Shared;
  /** When the next announce for which nobody waits has its turn. */
  #nextTurn = 0;

  /** `rng` shuffles tiers and spreads announces over time. */
  constructor(ports: TrackerPorts, rng: Rng) {
    this.#ports = ports;
    this.#udp = new UdpTrackers(ports);
    this.#shared = {
      ports,
      rng,
      alarms: new Alarms(ports.clock, (announcing) => announcing.onAlarm()),
      send: (url, request, options) => this.#send(url, request, options),
      onStopped: (announcing) => void this.#open.delete(announcing),
    };
  }

  /**
   * Starts announcing at once, or `gently`, when nobody waits for it: then its first announce takes turns with all others of which nobody
   * waits. The listener is not called before this returns.
   */
  add(info: AnnounceInfo, listener: TrackerListener, how: { readonly gently?: boolean } = {}): TrackerHandle {
    const now = this.#ports.clock.now();
    let firstAt = now;
    if (how.gently === true) {
      firstAt = Math.max(now, this.#nextTurn);
      this.#nextTurn = firstAt + TURN_MS;
    }
    const announcing = new Announcing(this.#shared, info, listener, firstAt);
    this.#open.add(announcing);
    announcing.proceed();
    return announcing;
  }

  /** Stops whatever was not stopped yet. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((announcing) => announcing.stop()));
    this.#udp.close();
    this.#ports.http.close();
  }

  #send(url: URL, request: AnnounceRequest, options: SendOptions): Promise<AnnounceAnswer> {
    const last = request.event === "stopped";
    if (url.protocol === "udp:") {
      return this.#udp.announce(url, request, {
        ...options,
        timeoutMs: last ? STOP_TIMEOUT_MS : UDP_TIMEOUT_MS,
      });
    }
    const timeoutMs = last ? STOP_TIMEOUT_MS : HTTP_TIMEOUT_MS;
    const send = (): Promise<AnnounceAnswer> =>
      announceOverHttp(this.#ports.http, url, request, { signal: options.signal, timeoutMs });
    return last ? send() : this.#slots.run(url.host, send);
  }
}

interface SendOptions {
  readonly signal: AbortSignal;
  readonly onLatePeers: (peers: readonly Endpoint[]) => void;
}

type SendAnnounce = (url: URL, request: AnnounceRequest, options: SendOptions) => Promise<AnnounceAnswer>;

/** `refused` is false when no answer came at all. */
type Outcome = AnnounceSuccess | (AnnounceRefusal & { readonly refused: boolean });

/** One info-hash of a torrent. */
interface Swarm {
  /** The name, in hex: of ten thousand of these, an array would be the largest part. */
  readonly name: string;
  readonly key: number;
  readonly announcer: Announcer;
  /** Bytes are counted with the first info-hash only, else a hybrid's would count twice. */
  readonly counts: boolean;
}

/** What all torrents of a session have in common here. */
interface Shared {
  readonly ports: TrackerPorts;
  readonly rng: Rng;
  readonly alarms: Alarms<Announcing>;
  readonly send: SendAnnounce;
  readonly onStopped: (announcing: Announcing) => void;
}

/** Of ten thousand torrents most have one of these, and nothing else: it is kept small. */
class Announcing implements TrackerHandle {
  readonly #shared: Shared;
  readonly #info: AnnounceInfo;
  readonly #listener: TrackerListener;
  readonly #firstAt: Millis;
  /** One for each name of the torrent. */
  #swarms: readonly Swarm[] = [];
  #underWay = 0;
  /** While announces are under way. */
  #abort: AbortController | null = null;
  #alarm: Alarm<Announcing> | null = null;
  #stopping: Promise<void> | null = null;

  constructor(shared: Shared, info: AnnounceInfo, listener: TrackerListener, firstAt: Millis) {
    this.#shared = shared;
    this.#info = info;
    this.#listener = listener;
    this.#firstAt = firstAt;
  }

  get count(): number {
    return this.#first()?.announcer.count ?? 0;
  }

  get failed(): number {
    return this.#first()?.announcer.failed ?? 0;
  }

  completed(): void {
    for (const { announcer } of this.#swarms) announcer.onCompleted(this.#shared.ports.clock.now());
    this.proceed();
  }

  announceSoon(): void {
    for (const { announcer } of this.#swarms) announcer.announceSoon(this.#shared.ports.clock.now());
    this.proceed();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#sayGoodbye();
    return this.#stopping;
  }

  onAlarm(): void {
    this.#alarm = null;
    this.proceed();
  }

  /** Makes the announces that are due, and sets the alarm for the next. */
  proceed(): void {
    if (this.#stopping !== null) return;
    this.#cancelAlarm();
    const { ports, alarms } = this.#shared;
    const now = ports.clock.now();
    this.#meetNewHashes(now);
    let earliest = Number.POSITIVE_INFINITY;
    for (const swarm of this.#swarms) {
      for (let action = swarm.announcer.next(now); action !== null; action = swarm.announcer.next(now)) {
        void this.#announce(swarm, action);
      }
      earliest = Math.min(earliest, swarm.announcer.nextDeadline());
    }
    if (earliest < Number.POSITIVE_INFINITY) this.#alarm = alarms.set(earliest, this);
  }

  async #announce(swarm: Swarm, action: AnnounceAction): Promise<void> {
    this.#abort ??= new AbortController();
    this.#underWay++;
    const answer = await this.#ask(swarm, action, this.#abort.signal);
    if (--this.#underWay === 0) this.#abort = null;
    if (this.#stopping !== null) return;
    const now = this.#shared.ports.clock.now();
    const { url } = action;
    if (answer.ok) {
      swarm.announcer.onAnswer(url, answer, now);
      if (answer.externalIp !== null)
        this.#shared.ports.external.vote(answer.externalIp, new URL(url).hostname, "tracker");
      if (answer.peers.length > 0) this.#listener.onPeers(answer.peers, answer.incomplete);
      this.#listener.onResult({
        url,
        ok: true,
        message: answer.warning,
        refused: false,
        peers: answer.peers.length,
      });
    } else {
      swarm.announcer.onFailure(url, answer.retryMinutes, now);
      const { reason: message, refused } = answer;
      this.#listener.onResult({ url, ok: false, message, refused, peers: 0 });
    }
    this.proceed();
  }

  /** Never rejects: that there was no answer is an answer too. */
  async #ask(swarm: Swarm, action: AnnounceAction, signal: AbortSignal): Promise<Outcome> {
    try {
      const answer = await this.#shared.send(new URL(action.url), this.#request(swarm, action), {
        signal,
        onLatePeers: (peers) => {
          if (this.#stopping === null && peers.length > 0) this.#listener.onPeers(peers, null);
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
    const { uploaded, downloaded, left } = this.#info.totals();
    return {
      infoHash: fromHex(swarm.name),
      peerId: this.#info.peerId,
      port: this.#info.port(),
      uploaded: swarm.counts ? uploaded : 0,
      downloaded: swarm.counts ? downloaded : 0,
      left,
      event: action.event,
      key: swarm.key,
      numWant: action.event === "stopped" ? 0 : PEERS_WANTED,
      trackerId: action.trackerId,
    };
  }

  #meetNewHashes(now: Millis): void {
    const { ports, rng } = this.#shared;
    for (const name of this.#info.names()) {
      if (this.#swarms.some((swarm) => swarm.name === name)) continue;
      const tiers = this.#info.tiers.map((urls) => urls.filter(isTrackerUrl));
      const firstAt = Math.max(now, this.#firstAt);
      const swarm: Swarm = {
        name,
        key: ports.random.uint32(),
        announcer: new Announcer(tiers, rng, firstAt, { oneAtATime: this.#info.isPrivate === true }),
        counts: this.#swarms.length === 0,
      };
      this.#swarms = [...this.#swarms, swarm];
    }
  }

  #cancelAlarm(): void {
    if (this.#alarm !== null) this.#shared.alarms.cancel(this.#alarm);
    this.#alarm = null;
  }

  async #sayGoodbye(): Promise<void> {
    this.#cancelAlarm();
    this.#abort?.abort();
    const timeUp = new AbortController();
    const goodbyes: Promise<void>[] = [];
    for (const swarm of this.#swarms) {
      const actions = swarm.announcer.stop();
      for (const url of new Set(actions.map((action) => action.url))) {
        const last = actions.filter((action) => action.url === url);
        goodbyes.push(this.#askInOrder(swarm, last, timeUp.signal));
      }
    }
    if (goodbyes.length > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#shared.ports.clock.setTimer(STOP_TIMEOUT_MS, () => {
          timeUp.abort();
          resolve();
        });
        void Promise.all(goodbyes).then(() => {
          timer.cancel();
          resolve();
        });
      });
    }
    this.#shared.onStopped(this);
  }

  async #askInOrder(swarm: Swarm, actions: readonly AnnounceAction[], signal: AbortSignal): Promise<void> {
    for (const action of actions) await this.#ask(swarm, action, signal);
  }

  #first(): Swarm | undefined {
    return this.#swarms[0];
  }
}

function isTrackerUrl(url: string): boolean {
  return /^(https?|udp):\/\/./i.test(url) && URL.canParse(url);
}
