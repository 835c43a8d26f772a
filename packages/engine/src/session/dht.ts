import { familyOf } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import { toHex } from "../base/bytes.ts";
import type { Rng } from "../base/rng.ts";
import type { ExternalAddress } from "../core/external-address.ts";
import type { DhtStats } from "../core/dht/dht-types.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { Log } from "../ports/log.ts";
import type { Endpoint, Net } from "../ports/net.ts";
import type { Random } from "../ports/random.ts";
import type { Signer } from "../ports/signer.ts";
import type { Store } from "../ports/store.ts";
import type { Udp } from "../ports/udp.ts";
import { DhtBootstrap } from "./dht-bootstrap.ts";
import { DhtItems } from "./dht-items.ts";
import { DhtMemory, type LoadedStates, type NodeStates, SAVE_MS } from "./dht-memory.ts";
import { DhtNodes } from "./dht-nodes.ts";
import { DhtQueue } from "./dht-queue.ts";
import type { PeerFinder, Seeking, Sought } from "./peer-finder.ts";
import { PeerSockets } from "./peer-sockets.ts";

export interface DhtPorts {
  readonly clock: Clock;
  readonly net: Net;
  readonly udp: Udp;
  readonly random: Random;
  readonly store: Store;
  readonly log: Log;
  readonly hasher: Hasher;
  readonly signer: Signer;
  readonly external: ExternalAddress;
}

export interface DhtSettings {
  /** Nodes by address or name that are asked while no others are known. */
  readonly bootstrap: readonly Endpoint[];
  /** Whether packets may go to an address. */
  readonly mayContact: (endpoint: Endpoint) => boolean;
}

/** For sockets at the start; those of a proxy may come later. */
const OPEN_MS = 1_000;
/** Between two looks at how things stand. */
const BEAT_MS = 60_000;
/** A beat that is so late means that the machine slept. */
const SLEPT_MS = 30_000;

/** Our part in the DHT (BEP 5): finds peers for torrents and tells others of us, keeps what others store, and stores items. */
export class Dht implements PeerFinder {
  readonly #clock: Clock;
  readonly #sockets: PeerSockets;
  readonly #nodes: DhtNodes;
  readonly #queue: DhtQueue;
  readonly #bootstrap: DhtBootstrap;
  readonly #memory: DhtMemory;
  readonly #items: DhtItems;
  /** What an earlier run knew. */
  #known: LoadedStates = { v4: null, v6: null, hasIds: false };
  #takesPart = false;
  #beat: Timer | null = null;
  #beatAt: Millis = 0;
  #beatWallAt = 0;
  #savedAt: Millis = 0;
  #isOpen = false;

  constructor(ports: DhtPorts, rng: Rng, settings: DhtSettings) {
    const { clock, log, store } = ports;
    this.#clock = clock;
    this.#sockets = new PeerSockets(ports.udp, log);
    this.#memory = new DhtMemory(clock, store, log, ports.random.uint32());
    this.#nodes = new DhtNodes({
      ...ports,
      sockets: this.#sockets,
      mayContact: settings.mayContact,
      onAnnounce: (infoHash, peer) => this.#queue.onPeer(toHex(infoHash), peer),
      onReady: () => this.#queue.restart(),
      onWanted: () => this.join(),
    });
    this.#queue = new DhtQueue(clock, rng, this.#nodes);
    this.#bootstrap = new DhtBootstrap(settings.bootstrap, {
      clock,
      net: ports.net,
      log,
      addNode: (endpoint) => this.#nodes.addNode(endpoint),
      isLonely: () => this.#nodes.isLonely,
    });
    this.#items = new DhtItems(this.#nodes, ports.signer, ports.hasher);
  }

  async open(port: number): Promise<void> {
    const [known] = await Promise.all([this.#memory.load(), this.#openSockets(port)]);
    this.#isOpen = true;
    this.#known = known;
  }

  /** Nobody is to wait for a proxy that is silent. */
  async #openSockets(port: number): Promise<void> {
    const opened = this.#sockets.open(port);
    await new Promise<void>((resolve) => {
      const late = this.#clock.setTimer(OPEN_MS, resolve);
      void opened.then(() => {
        late.cancel();
        resolve();
        this.#onSockets();
      });
    });
  }

  /** Items of BEP 44. */
  get items(): DhtItems {
    this.join();
    return this.#items;
  }

  seek(sought: Sought, how: { readonly gently?: boolean }): Seeking {
    this.join();
    return this.#queue.add(sought, how.gently === true);
  }

  /** UDP port of our node for those who have an address like `host`; 0 when there is none of its family. */
  portFor(host: string): number {
    return this.#sockets.port(familyOf(host));
  }

  /** Somebody says that there is a node, maybe by name: it is asked before it is believed. */
  addNode(endpoint: Endpoint): void {
    this.join();
    void this.#bootstrap.hint(endpoint);
  }

  /** What our nodes know and did; null for a family that this machine lacks. */
  stats(): { readonly ipv4: DhtStats | null; readonly ipv6: DhtStats | null } {
    return { ipv4: this.#nodes.stats(4), ipv6: this.#nodes.stats(6) };
  }

  /** Packets that were sent while nobody has answered yet; 0 as soon as somebody is known. */
  get unanswered(): number {
    return this.#nodes.unanswered;
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return this.#sockets.close();
    this.#isOpen = false;
    this.#beat?.cancel();
    this.#bootstrap.close();
    this.#items.close();
    const states = this.#states();
    this.#nodes.close();
    this.#sockets.close();
    await this.#memory.save(states, true);
  }

  /** Takes part from now on. Whatever wants something of the DHT does this by itself: for private torrents alone nothing leaves (BEP 27). */
  join(): void {
    if (this.#takesPart || !this.#isOpen) return;
    this.#takesPart = true;
    this.#nodes.start(this.#known, !this.#known.hasIds);
    this.#bootstrap.begin();
    // For the first time at the first beat: who is killed soon has learned something, too.
    this.#savedAt = this.#clock.now() - SAVE_MS;
    this.#beatLater();
  }

  #beatLater(): void {
    this.#beatAt = this.#clock.now();
    this.#beatWallAt = this.#clock.wallTime();
    this.#beat = this.#clock.setTimer(BEAT_MS, () => void this.#onBeat());
  }

  async #onBeat(): Promise<void> {
    const now = this.#clock.now();
    // The monotonic clock stands still while the machine sleeps, or goes on: either shows.
    const passed = Math.max(now - this.#beatAt, this.#clock.wallTime() - this.#beatWallAt);
    const slept = passed > BEAT_MS + SLEPT_MS;
    this.#beatLater();
    if (slept || (this.#nodes.isLonely && !this.#bootstrap.isBusy)) this.#bootstrap.begin();
    if (slept) this.#queue.restart();
    void this.#sockets.reopen().then(() => this.#onSockets());
    if (!slept && now - this.#savedAt < SAVE_MS) return;
    this.#savedAt = now;
    await this.#memory.save(this.#states(), false);
  }

  /** There may be a socket that was not there before. */
  #onSockets(): void {
    if (!this.#isOpen || !this.#takesPart || !this.#nodes.start(this.#known, !this.#known.hasIds)) return;
    this.#bootstrap.begin();
  }

  /** Of a family that is missing now, what was known of it. */
  #states(): NodeStates {
    const now = this.#nodes.states();
    return { v4: now.v4 ?? this.#known.v4, v6: now.v6 ?? this.#known.v6 };
  }
}
