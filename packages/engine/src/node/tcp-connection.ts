import { isIP, Socket, type NetConnectOpts } from "node:net";
import { formatEndpoint } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { Connection, ConnectionSink, Endpoint } from "../ports/net.ts";
import type { NetPolicy } from "./net-policy.ts";
import { openSocket } from "./open-socket.ts";
import { connectError } from "./socket-error.ts";

const SCRATCH_BYTES = 262_144;
const CONNECT_TIMEOUT_MS = 15_000;
/** How long a closed connection may take to hand the kernel what was written before. */
const LINGER_MS = 2000;

/** What all sockets of the thread read into: each callback is done with it before the next read. */
let sharedScratch: Uint8Array | null = null;

type OnRead = NonNullable<NetConnectOpts["onread"]>;

/**
 * One TCP connection. Bytes arrive through `onread` in the shared scratch, or through 'data' events where an accepted
 * socket can't be given an `onread`. Every ending leads to `#finish`, and the sink hears of it exactly once.
 */
export class TcpConnection implements Connection {
  readonly remote: Endpoint;
  readonly #policy: NetPolicy;
  /** Those of the same owner that were started and have not ended. */
  readonly #started: Set<TcpConnection> | null;
  #socket: Socket | null;
  #sink: ConnectionSink | null = null;
  #connectTimer: NodeJS.Timeout | undefined = undefined;
  #drainDue = false;
  #paused = false;
  #finished = false;
  readonly #drain: () => void = () => {
    this.#drainDue = false;
    if (!this.#finished && this.queuedBytes === 0) this.#sink!.onDrain();
  };

  /** `accepted` was paused by its server and not read yet; null for an outgoing connection, which `start` opens. */
  constructor(
    remote: Endpoint,
    accepted: Socket | null,
    policy: NetPolicy,
    started: Set<TcpConnection> | null = null,
  ) {
    this.remote = remote;
    this.#started = started;
    this.#socket = accepted;
    this.#policy = policy;
    accepted?.on("error", ignore);
  }

  get queuedBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  start(sink: ConnectionSink): void {
    if (this.#sink !== null) throw new Error("the connection was started before");
    this.#sink = sink;
    if (!this.#finished) this.#started?.add(this);
    if (this.#finished) process.nextTick(() => sink.onClosed(null));
    else if (this.#socket === null) this.#open();
    else this.#takeOver(this.#socket);
  }

  handOver(sink: ConnectionSink): void {
    this.#sink = sink;
  }

  write(bytes: Uint8Array, done?: () => void): void {
    if (this.#socket === null || this.#finished) {
      if (done !== undefined) process.nextTick(done);
    } else {
      // Node calls `done` once whatever happens, never from inside this call.
      this.#socket.write(bytes, done);
      // What the kernel took at once causes no 'drain'.
      if (this.#socket.writableLength === 0 && !this.#drainDue) {
        this.#drainDue = true;
        process.nextTick(this.#drain);
      }
    }
  }

  pauseReading(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resumeReading(): void {
    this.#paused = false;
    this.#socket?.resume();
  }

  close(): void {
    if (this.#finished) return;
    this.#end();
    const socket = this.#socket;
    if (socket !== null) closeGently(socket);
    if (this.#sink !== null) process.nextTick(() => this.#sink!.onClosed(null));
  }

  /** Ends a started connection at once, with a reason. Not to be called from inside a call into or out of it. */
  fail(error: ShoalError): void {
    this.#finish(error);
  }

  /** For endings that were not asked for. Never called from inside a call into the connection. */
  #finish(error: ShoalError | null): void {
    if (this.#finished) return;
    this.#end();
    this.#socket?.destroy();
    this.#sink!.onClosed(error);
  }

  #end(): void {
    this.#finished = true;
    this.#started?.delete(this);
    clearTimeout(this.#connectTimer);
  }

  #open(): void {
    const { host, port } = this.remote;
    const refusal = isIP(host) === 0 ? `${host} is not an address` : this.#policy.refusal(host);
    if (refusal !== null) {
      const error = new ShoalError("ERR_CONNECT", refusal, { host, port });
      process.nextTick(() => this.#finish(error));
      return;
    }
    try {
      this.#socket = openSocket(this.remote, this.#policy, {
        onread: this.#onread(),
        writableHighWaterMark: DRAIN_ALWAYS,
      });
    } catch (error) {
      // A port out of range, for instance.
      const reason = error instanceof ShoalError ? error : connectError(this.remote, error);
      process.nextTick(() => this.#finish(reason));
      return;
    }
    this.#watch(this.#socket);
    this.#socket.on("connect", () => {
      clearTimeout(this.#connectTimer);
      if (!this.#finished) this.#sink!.onConnected();
    });
    this.#connectTimer = setTimeout(() => {
      const message = `no answer from ${formatEndpoint(this.remote)} within ${CONNECT_TIMEOUT_MS / 1000} seconds`;
      this.#finish(new ShoalError("ERR_CONNECT", message, { host, port, systemCode: "ETIMEDOUT" }));
    }, CONNECT_TIMEOUT_MS);
  }

  /** Moves the handle of an accepted socket to one that has an `onread`, which a server can't be asked for. */
  #takeOver(accepted: Socket): void {
    const bare = accepted as { _handle?: { useUserBuffer?: unknown; readStart?: unknown } | null };
    const handle = bare._handle;
    if (typeof handle?.useUserBuffer !== "function" || typeof handle.readStart !== "function") {
      this.#watch(accepted);
      accepted.on("data", (data: Buffer) => {
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
        if (!this.#finished) this.#sink!.onBytes(bytes, 0, bytes.length);
      });
      if (!this.#paused) accepted.resume();
      return;
    }
    bare._handle = null;
    // The empty shell is counted by its server until it is destroyed.
    accepted.destroy();
    const options = { handle, onread: this.#onread(), writableHighWaterMark: DRAIN_ALWAYS };
    this.#socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
    this.#watch(this.#socket);
    if (this.#paused) this.#socket.pause();
  }

  #onread(): OnRead {
    sharedScratch ??= new Uint8Array(SCRATCH_BYTES);
    return {
      buffer: sharedScratch,
      callback: (length, buffer) => {
        if (!this.#finished) this.#sink!.onBytes(buffer, 0, length);
        return true;
      },
    };
  }

  #watch(socket: Socket): void {
    socket.on("error", (error) => this.#finish(connectError(this.remote, error)));
    socket.on("end", () => this.#finish(null));
    socket.on("close", () => this.#finish(null));
    socket.on("drain", this.#drain);
  }
}

/** With this high-water mark every write that has to wait is followed by a 'drain' once nothing is queued any more. */
const DRAIN_ALWAYS = 1;

/** Lets what was written go out first, for a while. What still arrives is thrown away: unread, it would reset the connection. */
function closeGently(socket: Socket): void {
  if (socket.connecting || socket.writableLength === 0) {
    socket.destroy();
    return;
  }
  socket.end();
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function ignore(): void {}
