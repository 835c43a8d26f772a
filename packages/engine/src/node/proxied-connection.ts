import { isIP } from "node:net";
import { formatEndpoint } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import { proxyName } from "../base/proxy.ts";
import type { ProxyHandshake } from "../core/proxy/proxy-handshake.ts";
import type { Connection, ConnectionSink, Endpoint } from "../ports/net.ts";
import { resolveProxy } from "./dns.ts";
import type { NetPolicy } from "./net-policy.ts";
import { AGREE_TIMEOUT_MS } from "./pass-through.ts";
import type { ProxyRoute } from "./proxy-route.ts";
import { TcpConnection } from "./tcp-connection.ts";

/** A connection that a proxy makes for us: one to the proxy, on which the other side is spoken to once the proxy has agreed. */
export class ProxiedConnection implements Connection, ConnectionSink {
  readonly remote: Endpoint;
  readonly #route: ProxyRoute;
  readonly #policy: NetPolicy;
  readonly #started: Set<TcpConnection> | null;
  #inner: TcpConnection | null = null;
  #handshake: ProxyHandshake | null = null;
  #sink: ConnectionSink | null = null;
  #timer: NodeJS.Timeout | undefined = undefined;
  #agreed = false;
  #paused = false;
  #finished = false;

  constructor(remote: Endpoint, route: ProxyRoute, policy: NetPolicy, started: Set<TcpConnection> | null) {
    this.remote = remote;
    this.#route = route;
    this.#policy = policy;
    this.#started = started;
  }

  get queuedBytes(): number {
    return this.#inner?.queuedBytes ?? 0;
  }

  start(sink: ConnectionSink): void {
    this.#sink = sink;
    if (this.#finished) process.nextTick(() => sink.onClosed(null));
    else void this.#open();
  }

  handOver(sink: ConnectionSink): void {
    this.#sink = sink;
  }

  write(bytes: Uint8Array, done?: () => void): void {
    if (this.#inner !== null) this.#inner.write(bytes, done);
    else if (done !== undefined) process.nextTick(done);
  }

  pauseReading(): void {
    this.#paused = true;
    if (this.#agreed) this.#inner!.pauseReading();
  }

  resumeReading(): void {
    this.#paused = false;
    if (this.#agreed) this.#inner!.resumeReading();
  }

  close(): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#timer);
    this.#inner?.close();
    const sink = this.#sink;
    if (sink !== null) process.nextTick(() => sink.onClosed(null));
  }

  async #open(): Promise<void> {
    try {
      const { host } = this.remote;
      const refusal = isIP(host) === 0 ? `${host} is not an address` : this.#policy.refusal(host);
      if (refusal !== null) throw new ShoalError("ERR_CONNECT", refusal, { ...this.remote });
      this.#handshake = this.#route.handshakeTo(this.remote);
      const at = await resolveProxy(this.#route, this.#policy);
      if (this.#finished) return;
      this.#inner = new TcpConnection(at[0]!, null, this.#policy, this.#started);
      this.#inner.start(this);
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      process.nextTick(() => this.#finish(error));
    }
  }

  #finish(error: ShoalError | null): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#timer);
    this.#inner?.close();
    this.#sink!.onClosed(error);
  }

  // -- what the connection to the proxy tells

  onConnected(): void {
    this.#inner!.write(this.#handshake!.start());
    this.#timer = setTimeout(() => {
      const message = `${proxyName(this.#route.proxy)} has no connection to ${formatEndpoint(this.#route.told(this.remote))} after ${AGREE_TIMEOUT_MS / 1000} seconds`;
      this.#finish(new ShoalError("ERR_CONNECT", message, { ...this.remote, systemCode: "ETIMEDOUT" }));
    }, AGREE_TIMEOUT_MS);
  }

  onBytes(buffer: Uint8Array, start: number, end: number): void {
    if (this.#agreed) {
      if (!this.#finished) this.#sink!.onBytes(buffer, start, end);
      return;
    }
    try {
      const { send, done } = this.#handshake!.onBytes(buffer.slice(start, end));
      if (send !== null) this.#inner!.write(send);
      if (done !== null) this.#onAgreed(done.rest);
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.#finish(error);
    }
  }

  onDrain(): void {
    if (this.#agreed && !this.#finished) this.#sink!.onDrain();
  }

  onClosed(error: ShoalError | null): void {
    if (this.#agreed) this.#finish(error);
    else this.#finish(this.#route.failure(error));
  }

  #onAgreed(rest: Uint8Array): void {
    clearTimeout(this.#timer);
    this.#agreed = true;
    this.#handshake = null;
    if (this.#paused) this.#inner!.pauseReading();
    this.#sink!.onConnected();
    if (rest.length > 0 && !this.#finished) this.#sink!.onBytes(rest, 0, rest.length);
  }
}
