import { type Endpoint, type Family, familyOf } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import { toHex } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { UdpAnswer } from "../core/tracker/udp-exchange.ts";
import type { Http } from "../ports/http.ts";
import type { Net } from "../ports/net.ts";
import {
  type AnnounceAnswer,
  type AnnounceRefusal,
  type AnnounceRequest,
  type AnnounceSuccess,
  NOT_UNDERSTOOD,
  refusal,
  type ScrapeAnswer,
} from "../wire/announce.ts";
import { encodeAnnounce, encodeScrape } from "../wire/udp-tracker.ts";
import { raceFamilies } from "./family-race.ts";
import { HostQueue, type Urgency } from "./host-queue.ts";
import { announceOverHttp, scrapeOverHttp } from "./http-tracker.ts";
import { RecentAnswers } from "./recent-answers.ts";
import { UdpTrackers, type UdpTrackerPorts } from "./udp-trackers.ts";

/** Each HTTP request takes a connection. */
const HTTP_LIMITS = { perHost: 6, total: 96 };
/** UDP takes only memory, and room in the buffers of the tracker. */
const UDP_LIMITS = { perHost: 64, total: 512 };
/** How long addresses of names are believed. */
const NAME_MS = 60_000;
const MAX_NAMES = 1_000;

export interface RequestPorts extends UdpTrackerPorts {
  readonly net: Net;
  readonly http: Http;
}

export interface RequestOptions {
  readonly signal: AbortSignal;
  readonly urgency: Urgency;
  /** A user named the URL, not a stranger. */
  readonly named: boolean;
  /** See `Turn`. */
  readonly hurry?: AbortSignal;
  readonly before?: Millis;
}

interface AnnounceOptions extends RequestOptions {
  /** Gets what comes from further address families after the outcome is known. */
  readonly onLate: (answer: AnnounceSuccess) => void;
}

/** Single requests to trackers over HTTP and UDP, each in its turn. */
export class TrackerRequests {
  readonly #ports: RequestPorts;
  readonly #udp: UdpTrackers;
  readonly #httpQueue: HostQueue;
  readonly #udpQueue: HostQueue;
  readonly #families: RecentAnswers<readonly Family[]>;
  readonly #addresses: RecentAnswers<readonly string[]>;
  /** What ends the announces under way, over further address families than the one that answered, too. */
  readonly #underWay: Set<AbortController> = new Set();
  #closed = false;

  constructor(ports: RequestPorts) {
    this.#ports = ports;
    this.#udp = new UdpTrackers(ports);
    this.#httpQueue = new HostQueue(ports.clock, HTTP_LIMITS);
    this.#udpQueue = new HostQueue(ports.clock, UDP_LIMITS);
    this.#families = new RecentAnswers(ports.clock, NAME_MS, MAX_NAMES);
    this.#addresses = new RecentAnswers(ports.clock, NAME_MS, MAX_NAMES);
  }

  /** Over all address families that the tracker and we have. Throws ShoalError when no answer comes. */
  async announce(url: URL, request: AnnounceRequest, options: AnnounceOptions): Promise<AnnounceAnswer> {
    const announces =
      url.protocol === "udp:"
        ? await this.#udpAnnounces(url, request, options)
        : await this.#httpAnnounces(url, request, options);
    if (announces.length === 0) return NO_PORT;
    if (this.#closed) throw new ShoalError("ERR_TRACKER", "The request was cancelled");
    const { signal, onLate } = options;
    const ending = new AbortController();
    const end = (): void => ending.abort();
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    this.#underWay.add(ending);
    return raceFamilies(announces, {
      clock: this.#ports.clock,
      ending,
      onLate,
      onEnded: () => {
        this.#underWay.delete(ending);
        signal.removeEventListener("abort", end);
      },
      waitForAll: request.event === "stopped",
    });
  }

  /** Over one family; null when the tracker can't be scraped. `hashes`: 1 to `MAX_UDP_SCRAPE` or `MAX_HTTP_SCRAPE`. Throws ShoalError when no answer comes. */
  async scrape(
    url: URL,
    hashes: readonly Uint8Array[],
    options: RequestOptions,
  ): Promise<ScrapeAnswer | null> {
    if (url.protocol !== "udp:") {
      return this.#httpQueue.run({ ...options, host: url.host }, () =>
        scrapeOverHttp(this.#ports.http, url, hashes, options),
      );
    }
    const [to] = await this.#udpTargets(url);
    if (to === undefined) return NO_PORT;
    const answer = await this.#askUdp(
      url,
      to,
      (id, transaction) => encodeScrape(id, transaction, hashes),
      options,
    );
    if (answer.kind === "error") return refusal(answer.message);
    if (answer.kind !== "scrape") return refusal(NOT_UNDERSTOOD);
    return new Map(answer.counts.slice(0, hashes.length).map((counts, i) => [toHex(hashes[i]!), counts]));
  }

  /** Requests under way fail. */
  close(): void {
    this.#closed = true;
    for (const ending of this.#underWay) ending.abort();
    this.#udp.close();
    this.#ports.http.close();
  }

  async #httpAnnounces(url: URL, request: AnnounceRequest, options: RequestOptions): Promise<Announce[]> {
    const { http } = this.#ports;
    const families = await this.#families.get(url.host, () => http.families(url.href));
    // One that can't be told is not named.
    const chosen = families.length > 1 ? families : [undefined];
    return chosen.map((family) => (signal) => {
      const host = family === undefined ? url.host : `${url.host} over IPv${family}`;
      const how = { signal, named: options.named, ...(family === undefined ? {} : { family }) };
      return this.#httpQueue.run({ ...options, signal, host }, () =>
        announceOverHttp(http, url, over(request, family), how),
      );
    });
  }

  async #udpAnnounces(url: URL, request: AnnounceRequest, options: RequestOptions): Promise<Announce[]> {
    const path = url.pathname + url.search;
    const targets = await this.#udpTargets(url);
    return targets.map((to) => async (signal) => {
      const encode = (id: bigint, transaction: number): Uint8Array =>
        encodeAnnounce(id, transaction, over(request, familyOf(to.host)), path);
      const answer = await this.#askUdp(url, to, encode, { ...options, signal });
      if (answer.kind === "error") return refusal(answer.message);
      if (answer.kind !== "announce") return refusal(NOT_UNDERSTOOD);
      return {
        ok: true,
        peers: answer.peers,
        interval: answer.interval > 0 ? answer.interval : null,
        minInterval: null,
        trackerId: null,
        warning: null,
        complete: answer.seeders,
        incomplete: answer.leechers,
        downloaded: null,
        externalIp: null,
      };
    });
  }

  #askUdp(
    url: URL,
    to: Endpoint,
    encode: (id: bigint, transaction: number) => Uint8Array,
    options: RequestOptions,
  ): Promise<UdpAnswer> {
    const host = `${url.host} at ${to.host}`;
    return this.#udpQueue.run({ ...options, host }, () => this.#udp.request(to, encode, options.signal));
  }

  /** The first address of each family that the tracker's name has; none when the URL names no port. */
  async #udpTargets(url: URL): Promise<Endpoint[]> {
    const port = Number(url.port);
    if (port === 0) return [];
    const { hostname } = url;
    const addresses = await this.#addresses.get(hostname, () => this.#ports.net.resolve(hostname));
    const first = addresses.filter(
      (host, i) => addresses.findIndex((a) => familyOf(a) === familyOf(host)) === i,
    );
    return first.map((host) => ({ host, port }));
  }
}

type Announce = (signal: AbortSignal) => Promise<AnnounceAnswer>;

const NO_PORT: AnnounceRefusal = {
  ok: false,
  reason: "the tracker's URL names no port",
  retryMinutes: "never",
};

/** What is told over one family. */
function over(request: AnnounceRequest, family: Family | undefined): AnnounceRequest {
  return family === 6 && request.port6 !== undefined ? { ...request, port: request.port6 } : request;
}
