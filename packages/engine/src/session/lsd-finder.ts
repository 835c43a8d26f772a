import { type Endpoint, endpointKey, FAMILIES, type Family } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import { ShoalError, validOrNull } from "../base/errors.ts";
import type { Rng } from "../base/rng.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { LocalAnnouncer, LocalTorrent } from "../core/lsd/local-announcer.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Udp, UdpSocket } from "../ports/udp.ts";
import { decodeLsdAnnounce, encodeLsdAnnounce, LSD_GROUPS, LSD_PORT, MAX_LSD_NAMES } from "../wire/lsd.ts";
import type { FinderProgress, PeerFinder, Seeking, Sought } from "./peer-finder.ts";

/** Packets of others that are read per second, and at once; more are passed over. */
const READ_PER_SECOND = 50;
const READ_BURST = 200;
/** Neighbours of one torrent that are counted. */
const MAX_COUNTED = 100;

export interface LsdPorts {
  readonly clock: Clock;
  readonly udp: Udp;
  readonly log: Log;
}

/** Finds peers in the local network (BEP 14): one socket per address family for all torrents. */
export class LsdFinder implements PeerFinder {
  readonly #ports: LsdPorts;
  readonly #announcer: LocalAnnouncer<LsdSeeking>;
  readonly #reads: TokenBucket;
  readonly #cookie: string;
  readonly #byName: Map<string, LsdSeeking> = new Map();
  readonly #sockets: Map<Family, UdpSocket> = new Map();
  #timer: Timer | null = null;
  #timerAt: Millis = Infinity;
  #opening: Promise<void> | null = null;
  #isOpen = false;
  #closed = false;

  constructor(ports: LsdPorts, rng: Rng) {
    const now = ports.clock.now();
    this.#ports = ports;
    this.#announcer = new LocalAnnouncer(rng, now);
    this.#reads = new TokenBucket(READ_PER_SECOND, READ_BURST, now);
    this.#cookie = `shoal-${rng.uint32().toString(16)}${rng.uint32().toString(16)}`;
  }

  /** Nothing is opened, joined or sent before the first torrent that may be found. */
  open(): Promise<void> {
    return Promise.resolve();
  }

  seek(sought: Sought, how: { readonly gently?: boolean }): Seeking {
    const seeking = new LsdSeeking(this, sought);
    this.#announcer.add(seeking, how.gently === true, this.#ports.clock.now());
    this.#index(seeking);
    this.#opening ??= Promise.all(FAMILIES.map((family) => this.#open(family))).then(() => {
      this.#isOpen = true;
      this.#arm();
    });
    this.#arm();
    return seeking;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#opening;
    for (const socket of this.#sockets.values()) socket.close();
  }

  // -- what seekings ask

  soon(seeking: LsdSeeking): void {
    this.#index(seeking);
    this.#announcer.soon(seeking, this.#ports.clock.now());
    this.#arm();
  }

  stop(seeking: LsdSeeking): void {
    this.#announcer.remove(seeking);
    for (const name of seeking.names()) if (this.#byName.get(name) === seeking) this.#byName.delete(name);
  }

  async #open(family: Family): Promise<void> {
    try {
      const multicast = { group: LSD_GROUPS[family], onNetworksChanged: () => this.#onNetworksChanged() };
      const socket = await this.#ports.udp.open({ family, port: LSD_PORT, multicast }, (bytes, from) =>
        this.#onPacket(bytes, from),
      );
      this.#sockets.set(family, socket);
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.#ports.log.debug(`No local discovery over IPv${family}: ${error.message}`);
    }
  }

  #onPacket(bytes: Uint8Array, { host }: Endpoint): void {
    const now = this.#ports.clock.now();
    if (this.#closed || this.#byName.size === 0 || !this.#reads.take(1, now)) return;
    const announce = validOrNull(() => decodeLsdAnnounce(bytes));
    if (announce === null || announce.cookie === this.#cookie) return;
    for (const name of announce.names) {
      const seeking = this.#byName.get(name);
      if (seeking === undefined) continue;
      this.#announcer.onAsked(seeking, now);
      seeking.onNeighbour({ host, port: announce.port }, name);
    }
    this.#arm();
  }

  /** Whoever is in the new network doesn't know of us. */
  #onNetworksChanged(): void {
    const now = this.#ports.clock.now();
    for (const seeking of this.#byName.values()) this.#announcer.soon(seeking, now);
    this.#arm();
  }

  #announce(now: Millis): void {
    for (;;) {
      const seekings = this.#announcer.next(MAX_LSD_NAMES, (seeking) => seeking.names().length, now);
      if (seekings === null) return;
      const port = seekings[0]?.localPort() ?? 0;
      // Nobody could reach us: then others have to say where they are.
      if (port === 0) continue;
      const names = seekings.flatMap((seeking) => seeking.names());
      for (const [family, socket] of this.#sockets) {
        const packet = encodeLsdAnnounce({ port, names, cookie: this.#cookie }, family);
        socket.send(packet, { host: LSD_GROUPS[family], port: LSD_PORT });
      }
    }
  }

  /** A second name may have come; none ever goes. */
  #index(seeking: LsdSeeking): void {
    for (const name of seeking.names()) this.#byName.set(name, seeking);
  }

  #arm(): void {
    const at = this.#announcer.nextDeadline(this.#ports.clock.now());
    if (at >= this.#timerAt || !this.#isOpen || this.#closed) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#ports.clock.setTimer(Math.max(0, at - this.#ports.clock.now()), () => {
      this.#timerAt = Infinity;
      this.#announce(this.#ports.clock.now());
      this.#arm();
    });
  }
}

class LsdSeeking extends LocalTorrent implements Seeking {
  readonly #finder: LsdFinder;
  readonly #sought: Sought;
  /** Who was found, for the count. */
  #found: Set<string> | null = null;
  #stopped = false;

  constructor(finder: LsdFinder, sought: Sought) {
    super();
    this.#finder = finder;
    this.#sought = sought;
  }

  /** In hex. */
  names(): readonly string[] {
    return this.#sought.names();
  }

  localPort(): number {
    return this.#sought.localPort();
  }

  onNeighbour(peer: Endpoint, name: string): void {
    this.#found ??= new Set();
    if (this.#found.size < MAX_COUNTED) this.#found.add(endpointKey(peer.host, peer.port));
    this.#sought.onPeers([peer], "lsd", name);
  }

  progress(): FinderProgress {
    const peers = this.#found?.size ?? 0;
    // All neighbours are asked by one packet: how many there are nobody knows.
    return { source: "lsd", asked: peers, answered: peers, peers };
  }

  soon(): void {
    this.#finder.soon(this);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#finder.stop(this);
  }
}
