import {
  type Connection,
  type ConnectionSink,
  type Endpoint,
  type Listener,
  type ListenSpec,
  type Millis,
  type Net,
  type Rng,
  ShoalError,
} from "@shoal/engine/composition";
import type { EventQueue, QueuedEvent } from "./event-queue.ts";
import { SimulatedConnection } from "./simulated-connection.ts";
import { Downlink, type LinkSpec, Uplink } from "./uplink.ts";

/** The network as its hosts see it. */
export interface HostFinder {
  find(address: string): NetHost | undefined;
  /** Buffers are overwritten after they were read: whoever kept a view sees that it must not. */
  readonly spoilsBuffers: boolean;
}

const FIRST_OWN_PORT = 50_000;

class Task implements QueuedEvent {
  at: Millis = 0;
  order = 0;
  readonly happen: () => void;

  constructor(happen: () => void) {
    this.happen = happen;
  }
}

/** One machine on the network, with one address or with several. */
export class NetHost implements Net {
  readonly addresses: readonly string[];
  readonly uplink: Uplink;
  readonly downlink: Downlink;
  /** Peer messages that were sent. */
  messages = 0;
  /** Connections that were tried to others, or to itself. */
  dials = 0;
  /** Called after every input from the network. */
  onInput: () => void = () => undefined;
  readonly #network: HostFinder;
  readonly #queue: EventQueue;
  readonly #listeners: Map<number, (connection: Connection) => void> = new Map();
  readonly #connections: Set<SimulatedConnection> = new Set();
  #nextPort = FIRST_OWN_PORT;
  #isDown = false;
  #obstacle: string | null = null;
  readonly #watchers: Set<() => void> = new Set();

  constructor(
    network: HostFinder,
    queue: EventQueue,
    rng: Rng,
    addresses: readonly string[],
    spec: LinkSpec,
  ) {
    this.#network = network;
    this.#queue = queue;
    this.addresses = addresses;
    this.uplink = new Uplink(queue, rng, spec);
    this.downlink = new Downlink(spec);
  }

  get connections(): ReadonlySet<SimulatedConnection> {
    return this.#connections;
  }

  /** Another link from now on; connections that exist keep their latency. */
  setLink(spec: LinkSpec): void {
    this.uplink.spec = spec;
    this.downlink.spec = spec;
  }

  get obstacle(): string | null {
    return this.#obstacle;
  }

  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  /** The way out is lost, for this reason, and all connections with it; null: it is there again. */
  setObstacle(obstacle: string | null): void {
    this.#obstacle = obstacle;
    if (obstacle !== null) this.cut();
    for (const watcher of this.#watchers) watcher();
    this.onInput();
  }

  listen(spec: ListenSpec, onConnection: (connection: Connection) => void): Promise<Listener> {
    const port = spec.ports[0]!;
    this.#listeners.set(port, onConnection);
    const close = (): Promise<void> => {
      this.#listeners.delete(port);
      return Promise.resolve();
    };
    return Promise.resolve({ endpoint: { host: this.addresses[0]!, port }, close });
  }

  connect(to: Endpoint): Connection {
    this.dials++;
    const ours = new SimulatedConnection(this, this.#queue, to);
    const far = this.#network.find(to.host);
    this.#connections.add(ours);
    if (this.#obstacle !== null) {
      const why = new ShoalError("ERR_CONNECT", this.#obstacle);
      this.later(() => ours.fail(why));
      return ours;
    }
    if (far === undefined) {
      this.later(() => ours.fail(new ShoalError("ERR_CONNECT", `${to.host} refused the connection`)));
      return ours;
    }
    // Nobody answers: whoever waits gives up by himself.
    if (far.#isDown || this.#isDown) return ours;
    const latencyMs = this.uplink.spec.latencyMs + far.uplink.spec.latencyMs;
    const family = to.host.includes(":");
    const own = this.addresses.find((address) => address.includes(":") === family) ?? this.addresses[0]!;
    this.at(latencyMs, () => far.#accept(ours, { host: own, port: this.#nextPort++ }, to.port, latencyMs));
    return ours;
  }

  resolve(name: string): Promise<string[]> {
    return Promise.resolve([name]);
  }

  /** Breaks all connections: both ends notice at once. */
  cut(): void {
    const error = new ShoalError("ERR_CONNECT", "The connection was reset");
    for (const connection of [...this.#connections]) {
      connection.far?.fail(error);
      connection.fail(error);
    }
  }

  /** The process is gone: it hears of nothing any more, the other ends of its connections do. */
  kill(): void {
    this.#isDown = true;
    this.#listeners.clear();
    this.onInput = () => undefined;
    for (const connection of [...this.#connections]) connection.vanish();
  }

  /** The cable is pulled, or in again: connections break, and nobody answers at this address. */
  setPlugged(plugged: boolean): void {
    this.#isDown = !plugged;
    if (!plugged) this.cut();
  }

  // -- for connections

  later(callback: () => void): void {
    this.at(0, callback);
  }

  at(delayMs: Millis, callback: () => void): void {
    this.#queue.add(new Task(callback), this.#queue.now + delayMs);
  }

  deliver(sink: ConnectionSink, bytes: Uint8Array, start: number, stop: number): void {
    if (!this.#network.spoilsBuffers) {
      sink.onBytes(bytes, start, stop);
      return;
    }
    const copy = bytes.slice(start, stop);
    sink.onBytes(copy, 0, copy.length);
    copy.fill(0xdb);
  }

  forget(connection: SimulatedConnection): void {
    this.#connections.delete(connection);
  }

  #accept(from: SimulatedConnection, remote: Endpoint, port: number, latencyMs: Millis): void {
    const accept = this.#listeners.get(port);
    if (accept === undefined) {
      from.host.at(latencyMs, () =>
        from.fail(new ShoalError("ERR_CONNECT", `${this.addresses[0]!} refused the connection`)),
      );
      return;
    }
    const ours = new SimulatedConnection(this, this.#queue, remote);
    this.#connections.add(ours);
    from.join(ours);
    // Before anything that is said on accepting.
    from.host.at(latencyMs, () => from.connected());
    accept(ours);
    this.onInput();
  }
}
