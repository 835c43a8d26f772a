import type { Endpoint } from "../base/address.ts";
import type { ShoalError } from "../base/errors.ts";

export type { Endpoint };

/** Receives what happens on one connection. Calls come one at a time, never from inside a call into the connection. */
export interface ConnectionSink {
  /** An outgoing connection is established. Never called for accepted ones. */
  onConnected(): void;
  /**
   * `buffer[start..end)` was received. Until the call returns it may be written to; then the buffer is reused: copy what is to be kept.
   */
  onBytes(buffer: Uint8Array, start: number, end: number): void;
  /** `queuedBytes` fell to zero after a write. */
  onDrain(): void;
  /** Called exactly once. `error` is null when the other side ended the connection in good order or we closed it. */
  onClosed(error: ShoalError | null): void;
}

export interface Connection {
  readonly remote: Endpoint;
  /** Bytes handed to `write` and not yet taken by the kernel. */
  readonly queuedBytes: number;
  /** Must be called once, before anything is received. */
  start(sink: ConnectionSink): void;
  /** After `start`: another one is told of everything from now on. */
  handOver(sink: ConnectionSink): void;
  /**
   * Takes over `bytes` until `done` is called (also on failure), for ever without it: the caller must not change them before that, and
   * must not expect them to be what they were.
   */
  write(bytes: Uint8Array, done?: () => void): void;
  pauseReading(): void;
  resumeReading(): void;
  /** Idempotent. `onClosed` follows asynchronously, if it was not called yet. */
  close(): void;
}

export interface Listener {
  /** Its port is 0 while the interface that it is bound to is not there. */
  readonly endpoint: Endpoint;
  close(): Promise<void>;
}

export interface ListenSpec {
  /** Address to bind; absent means what all sockets are bound to, else all interfaces, both families where the system allows it. */
  readonly host?: string;
  /** Ports to try in order; 0 lets the system choose. Throws ERR_PORT_IN_USE when all are taken. */
  readonly ports: readonly number[];
}

/** Every TCP socket and every name look-up of the engine goes through this port. */
export interface Net {
  listen(spec: ListenSpec, onConnection: (connection: Connection) => void): Promise<Listener>;
  connect(to: Endpoint): Connection;
  /** Addresses of a host name, or the literal itself. Throws ERR_CONNECT. */
  resolve(host: string): Promise<string[]>;
  /** Why nothing can be reached at present, in one clause, such as "waits for interface tun0"; null when all is well. */
  readonly obstacle: string | null;
  /** Calls `listener` when the way out was lost or has come back, until the returned function is called. */
  watch(listener: () => void): () => void;
}
