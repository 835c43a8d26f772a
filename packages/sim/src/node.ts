import {
  ClockEvidence,
  ExternalAddress,
  IpFilter,
  type PeerFinder,
  nodeDiffieHellman,
  nodeHasher,
  PortMapper,
  type Rng,
  type Routers,
  Session,
  type SessionConfig,
  ShoalError,
  TrackerClient,
  witnessedHttp,
  Xoshiro128,
} from "@shoal/engine/composition";
import { SimulatedClock } from "./clock.ts";
import type { EventQueue } from "./event-queue.ts";
import type { NetHost } from "./net-host.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedWeb } from "./simulated-http.ts";
import { SimulatedRandom } from "./simulated-random.ts";
import type { SimulatedStore } from "./simulated-store.ts";
import { silentLog } from "./silent-log.ts";

/** Settings as `createSession` has them by default, on one fixed port. */
const CONFIG: SessionConfig = {
  host: null,
  ports: [6881],
  verify: "stat",
  lazyVerify: true,
  // Segments are handed over as they were written, and counted by what is in them.
  obfuscation: "off",
  webSeeds: true,
  pex: true,
  limits: { down: null, up: null },
  maxConnections: 500,
  maxConnectionsPerTorrent: 200,
  uploadSlots: null,
  maxQueuedRequests: 2000,
  maxOutstandingRequests: 2000,
  diskReserve: 0,
  peerIdPrefix: "SH0100",
  clientName: "Shoal",
  handshakeTimeoutMs: 15_000,
  idleTimeoutMs: 150_000,
};

/** What a session is made of besides its network host. */
export interface NodeParts {
  readonly queue: EventQueue;
  readonly net: NetHost;
  readonly disk: SimulatedDisk;
  readonly store: SimulatedStore;
  readonly web: SimulatedWeb;
  /** Null for a machine whose router is not to be asked. */
  readonly routers: Routers | null;
  readonly rng: Rng;
  readonly config: Partial<SessionConfig>;
  readonly finders: readonly PeerFinder[];
  /** Called after the session was called by its clock or the network. */
  readonly onInput: (node: Node) => void;
}

/** A machine with a session on it: the very session of production on simulated ports. */
export class Node {
  readonly session: Session;
  readonly clock: SimulatedClock;
  readonly net: NetHost;
  readonly disk: SimulatedDisk;
  readonly store: SimulatedStore;
  isAlive = true;

  constructor(parts: NodeParts) {
    const { net, disk, store } = parts;
    this.net = net;
    this.disk = disk;
    this.store = store;
    const onInput = (): void => parts.onInput(this);
    this.clock = new SimulatedClock(parts.queue, onInput);
    net.onInput = onInput;
    disk.onInput = onInput;
    const rng = new Xoshiro128(parts.rng.uint32());
    const random = new SimulatedRandom(rng);
    const udp = { open: () => Promise.reject(new ShoalError("ERR_LISTEN", "There is no UDP here")) };
    const shared = {
      clock: this.clock,
      net,
      random,
      log: silentLog,
      external: new ExternalAddress(),
      clockEvidence: new ClockEvidence(),
      ipFilter: new IpFilter(),
    };
    const http = witnessedHttp(
      parts.web.client(
        this.host,
        () => this.isAlive,
        () => this.clock.wallTime(),
      ),
      shared.clockEvidence,
      this.clock,
    );
    const trackers = new TrackerClient({ ...shared, udp, http }, rng);
    this.session = new Session(
      {
        ...shared,
        disk,
        hasher: nodeHasher,
        diffieHellman: nodeDiffieHellman,
        store,
        http,
        trackers,
        finders: parts.finders,
        lanService: null,
        portMapper:
          parts.routers === null
            ? null
            : new PortMapper({ ...shared, store, hasher: nodeHasher, routers: parts.routers }, rng),
        dht: null,
      },
      { ...CONFIG, ...parts.config },
    );
  }

  get host(): string {
    return this.net.addresses[0]!;
  }

  /** Where peers reach it. */
  get endpoint(): { readonly host: string; readonly port: number } {
    return { host: this.host, port: 6881 };
  }

  /** The lid is closed: nothing happens on the machine, and nobody reaches it. */
  sleep(): void {
    this.net.setPlugged(false);
    this.clock.sleep();
  }

  /** `counted`: the monotonic time went on during the sleep. */
  wake(counted: boolean): void {
    this.clock.wake(counted);
    this.net.setPlugged(true);
  }

  /**
   * The process ends without a word. What it wrote stays, and the operating system ends its connections. A new node may be made on
   * the same disk and store.
   */
  kill(): void {
    this.isAlive = false;
    this.clock.stop();
    this.net.kill();
    this.disk.kill();
    this.store.locked.clear();
  }
}
