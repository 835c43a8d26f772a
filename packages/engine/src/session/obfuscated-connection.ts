import { concatBytes } from "../base/bytes.ts";
import { ProtocolError, type ShoalError } from "../base/errors.ts";
import type { Rc4 } from "../base/rc4.ts";
import type { MseHandshake } from "../core/mse/handshake.ts";
import type { Connection, ConnectionSink, Endpoint } from "../ports/net.ts";

interface Waiting {
  readonly bytes: Uint8Array;
  readonly done: (() => void) | undefined;
}

/**
 * A connection inside another one, obfuscated by MSE. What is written before the handshake is done waits, or goes along with it. Bytes are
 * changed where they lie, in both directions.
 */
export class ObfuscatedConnection implements Connection, ConnectionSink {
  readonly #inner: Connection;
  readonly #isDialled: boolean;
  #handshake: MseHandshake | null;
  #sink: ConnectionSink | null = null;
  readonly #waiting: Waiting[] = [];
  #incoming: Rc4 | null = null;
  /** Bytes to come that are obfuscated. */
  #incomingLeft = Infinity;
  #outgoing: Rc4 | null = null;
  #error: ShoalError | null = null;
  #closed = false;

  /** The other side's connection, of which nothing was read yet: whatever comes has to be handed to `onBytes`. */
  static accept(inner: Connection, handshake: MseHandshake): ObfuscatedConnection {
    return new ObfuscatedConnection(inner, false, () => handshake);
  }

  /** Our own connection, which `start` starts. `makeHandshake` is given what goes out with the handshake. */
  static dial(
    inner: Connection,
    makeHandshake: (initialPayload: () => Uint8Array) => MseHandshake,
  ): ObfuscatedConnection {
    return new ObfuscatedConnection(inner, true, makeHandshake);
  }

  private constructor(
    inner: Connection,
    isDialled: boolean,
    makeHandshake: (initialPayload: () => Uint8Array) => MseHandshake,
  ) {
    this.#inner = inner;
    this.#isDialled = isDialled;
    this.#handshake = makeHandshake(() => this.#takeWaiting());
  }

  get remote(): Endpoint {
    return this.#inner.remote;
  }

  get queuedBytes(): number {
    let bytes = this.#inner.queuedBytes;
    for (const waiting of this.#waiting) bytes += waiting.bytes.length;
    return bytes;
  }

  /** The handshake is done. */
  get isEstablished(): boolean {
    return this.#handshake === null;
  }

  start(sink: ConnectionSink): void {
    this.#sink = sink;
    if (this.#isDialled) this.#inner.start(this);
  }

  handOver(sink: ConnectionSink): void {
    this.#sink = sink;
  }

  write(bytes: Uint8Array, done?: () => void): void {
    if (this.#handshake !== null && !this.#closed) {
      this.#waiting.push({ bytes, done });
      return;
    }
    this.#outgoing?.apply(bytes, 0, bytes.length);
    this.#inner.write(bytes, done);
  }

  pauseReading(): void {
    this.#inner.pauseReading();
  }

  resumeReading(): void {
    this.#inner.resumeReading();
  }

  close(): void {
    this.#closed = true;
    this.#inner.close();
  }

  // -- of the connection inside

  onConnected(): void {
    this.#send();
    this.#sink!.onConnected();
  }

  onBytes(buffer: Uint8Array, start: number, end: number): void {
    if (this.#closed) return;
    let at = start;
    if (this.#handshake !== null) {
      at = this.#shakeHands(this.#handshake, buffer, start, end);
      if (at === end) return;
    }
    if (this.#incoming !== null) this.#reveal(this.#incoming, buffer, at, end);
    this.#sink!.onBytes(buffer, at, end);
  }

  onDrain(): void {
    if (this.#handshake === null) this.#sink!.onDrain();
  }

  onClosed(error: ShoalError | null): void {
    this.#closed = true;
    for (const { done } of this.#waiting.splice(0)) done?.();
    this.#sink!.onClosed(this.#error ?? error);
  }

  /** Returns where the handshake ends; `end` when there is nothing behind it, or nothing comes any more. */
  #shakeHands(handshake: MseHandshake, buffer: Uint8Array, start: number, end: number): number {
    let at: number;
    try {
      at = handshake.onBytes(buffer, start, end);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#error = error;
      this.close();
      return end;
    }
    this.#send();
    const { outcome } = handshake;
    if (outcome === null) return end;
    this.#handshake = null;
    this.#incoming = outcome.incoming;
    if (outcome.method === "plain") this.#incomingLeft = outcome.initialBytes;
    else this.#outgoing = outcome.outgoing;
    if (this.#incomingLeft === 0) this.#incoming = null;
    for (const { bytes, done } of this.#waiting.splice(0)) this.write(bytes, done);
    return at;
  }

  #reveal(incoming: Rc4, buffer: Uint8Array, start: number, end: number): void {
    const stop = Math.min(end, start + this.#incomingLeft);
    incoming.apply(buffer, start, stop);
    this.#incomingLeft -= stop - start;
    if (this.#incomingLeft === 0) this.#incoming = null;
  }

  #send(): void {
    const out = this.#handshake?.takeOutput() ?? null;
    if (out !== null) this.#inner.write(out);
  }

  #takeWaiting(): Uint8Array {
    const waiting = this.#waiting.splice(0);
    for (const { done } of waiting) done?.();
    return concatBytes(...waiting.map(({ bytes }) => bytes));
  }
}
