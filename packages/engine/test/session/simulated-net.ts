import { endpointKey } from "../../dist/base/address.js";
import { ShoalError } from "../../dist/base/errors.js";
import type {
  Connection,
  ConnectionSink,
  Endpoint,
  Listener,
  ListenSpec,
  Net,
} from "../../dist/ports/net.js";

/** Runs a callback soon, in order, never from inside the call. */
export type Later = (callback: () => void) => void;

/** One end of a connection in memory. What is written arrives in one piece, unless the reader has paused. */
class MemoryConnection implements Connection {
  readonly remote: Endpoint;
  queuedBytes = 0;
  readonly #later: Later;
  #sink: ConnectionSink | null = null;
  #other: MemoryConnection | null = null;
  #waiting: { bytes: Uint8Array; done: (() => void) | undefined }[] = [];
  #paused = false;
  #finished = false;

  constructor(remote: Endpoint, later: Later) {
    this.remote = remote;
    this.#later = later;
  }

  join(other: MemoryConnection): void {
    this.#other = other;
    other.#other = this;
  }

  start(sink: ConnectionSink): void {
    this.#sink = sink;
    this.#later(() => this.#deliver());
  }

  connected(): void {
    if (!this.#finished) this.#sink?.onConnected();
  }

  fail(error: ShoalError): void {
    this.#end(error);
  }

  write(bytes: Uint8Array, done?: () => void): void {
    const other = this.#other;
    if (this.#finished || other === null) {
      if (done !== undefined) this.#later(done);
      return;
    }
    this.queuedBytes += bytes.length;
    other.#waiting.push({ bytes, done });
    this.#later(() => other.#deliver());
  }

  pauseReading(): void {
    this.#paused = true;
  }

  resumeReading(): void {
    this.#paused = false;
    this.#later(() => this.#deliver());
  }

  close(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#later(() => this.#sink?.onClosed(null));
    const other = this.#other;
    if (other !== null) this.#later(() => other.#end(null));
  }

  #deliver(): void {
    while (this.#sink !== null && !this.#paused && !this.#finished && this.#waiting.length > 0) {
      const { bytes, done } = this.#waiting.shift()!;
      const other = this.#other!;
      const copy = bytes.slice();
      other.queuedBytes -= bytes.length;
      done?.();
      this.#sink.onBytes(copy, 0, copy.length);
      // Whoever kept a view of what was received sees that it must not.
      copy.fill(0xdb);
      if (other.queuedBytes === 0 && !other.#finished) other.#sink?.onDrain();
    }
  }

  #end(error: ShoalError | null): void {
    if (this.#finished) return;
    this.#deliver();
    if (this.#finished) return;
    this.#finished = true;
    this.#sink?.onClosed(error);
  }
}

/** A network in which every address is reachable from every other, without loss and without latency. */
export class SimulatedNet {
  readonly #later: Later;
  readonly #listeners: Map<string, (connection: Connection) => void> = new Map();
  #nextPort = 50_000;

  constructor(later: Later) {
    this.#later = later;
  }

  /** The network as seen from one address. */
  from(host: string): Net {
    return {
      listen: (spec, onConnection) => this.#listen(host, spec, onConnection),
      connect: (to) => this.#connect(host, to),
      resolve: (name) => Promise.resolve([name]),
    };
  }

  #listen(host: string, spec: ListenSpec, onConnection: (connection: Connection) => void): Promise<Listener> {
    const endpoint = { host, port: spec.ports[0]! };
    const key = endpointKey(host, endpoint.port);
    this.#listeners.set(key, onConnection);
    const close = (): Promise<void> => {
      this.#listeners.delete(key);
      return Promise.resolve();
    };
    return Promise.resolve({ endpoint, close });
  }

  #connect(host: string, to: Endpoint): Connection {
    const ours = new MemoryConnection(to, this.#later);
    const theirs = new MemoryConnection({ host, port: this.#nextPort++ }, this.#later);
    this.#later(() => {
      const accept = this.#listeners.get(endpointKey(to.host, to.port));
      if (accept === undefined) {
        ours.fail(new ShoalError("ERR_CONNECT", `${to.host} refused the connection`));
        return;
      }
      ours.join(theirs);
      accept(theirs);
      ours.connected();
    });
    return ours;
  }
}
