import type { Connection, ConnectionSink, Endpoint, Millis, ShoalError } from "@shoal/engine/composition";
import type { EventQueue, QueuedEvent } from "./event-queue.ts";
import type { Downlink, Outgoing, Sender, Uplink } from "./uplink.ts";

/** A message with a block: large writes leave in such parts, so that a part is a message of a block. */
const SEGMENT_BYTES = 16_397;
/** What the kernel has taken when a connection is closed is still sent. */
const KERNEL_BYTES = 65_536;

/** What a connection needs of the machine it ends on. */
interface ConnectionHost {
  readonly uplink: Uplink;
  readonly downlink: Downlink;
  /** Messages that were handed to the network. */
  messages: number;
  /** The process was called. */
  readonly onInput: () => void;
  later(callback: () => void): void;
  at(delayMs: Millis, callback: () => void): void;
  deliver(sink: ConnectionSink, bytes: Uint8Array, start: number, stop: number): void;
  forget(connection: SimulatedConnection): void;
}

interface Write {
  readonly bytes: Uint8Array;
  readonly done: (() => void) | undefined;
  /** Bytes that are in segments. */
  taken: number;
}

/** Bytes on their way, in order. `end` says that nothing follows. */
class Segment implements QueuedEvent, Outgoing {
  at: Millis = 0;
  order = 0;
  length = 0;
  end = false;
  readonly from: SimulatedConnection;
  readonly to: SimulatedConnection;
  readonly parts: { readonly bytes: Uint8Array; readonly start: number; readonly stop: number }[] = [];
  /** To be called once it was read. */
  readonly done: (() => void)[] = [];
  #arrived = false;

  constructor(from: SimulatedConnection, to: SimulatedConnection) {
    this.from = from;
    this.to = to;
  }

  depart(at: Millis): void {
    this.from.onDeparted(this);
    this.from.queue.add(this, at + this.from.latencyMs);
  }

  onLost(): void {
    this.from.onLost(this);
  }

  happen(): void {
    if (!this.#arrived) {
      this.#arrived = true;
      const { queue } = this.to;
      const at = this.to.host.downlink.take(this.length, queue.now);
      if (at > queue.now) {
        queue.add(this, at);
        return;
      }
    }
    this.to.onSegment(this);
  }
}

/** One end of a connection. Bytes keep their order; what is lost comes later. */
export class SimulatedConnection implements Connection, Sender {
  readonly host: ConnectionHost;
  readonly remote: Endpoint;
  readonly queue: EventQueue;
  queuedBytes = 0;
  /** For the uplink: the connection waits for its turn. */
  inTurn = false;
  latencyMs: Millis = 0;
  #sink: ConnectionSink | null = null;
  #other: SimulatedConnection | null = null;
  readonly #writes: Write[] = [];
  /** Segments that were lost and go out again. */
  readonly #again: Segment[] = [];
  readonly #received: Segment[] = [];
  /** Sent and not read by the other side, and how much that may be. */
  #inFlight = 0;
  #window = Infinity;
  #waitsForLost = false;
  /** More was queued than a kernel takes without a word: whoever wrote it waits for the end of it. */
  #wasFull = false;
  #endPending = false;
  #paused = false;
  #finished = false;
  #reading = false;

  constructor(host: ConnectionHost, queue: EventQueue, remote: Endpoint) {
    this.host = host;
    this.queue = queue;
    this.remote = remote;
  }

  /** The other end, once there is one. */
  get far(): SimulatedConnection | null {
    return this.#other;
  }

  /** Both ends know each other from now on. */
  join(other: SimulatedConnection): void {
    const latencyMs = this.host.uplink.spec.latencyMs + other.host.uplink.spec.latencyMs;
    this.#know(other, latencyMs);
    other.#know(this, latencyMs);
  }

  #know(other: SimulatedConnection, latencyMs: Millis): void {
    this.#other = other;
    this.latencyMs = latencyMs;
    const rate = Math.min(this.host.uplink.spec.up, other.host.downlink.spec.down);
    // Twice what is under way at full speed, as the kernel's window would grow to.
    this.#window = 4 * SEGMENT_BYTES + (rate === Infinity ? Infinity : (rate * 4 * latencyMs) / 1000);
  }

  start(sink: ConnectionSink): void {
    this.#sink = sink;
    this.host.later(() => this.#read());
  }

  handOver(sink: ConnectionSink): void {
    this.#sink = sink;
  }

  connected(): void {
    if (!this.#finished) this.#sink?.onConnected();
    this.host.onInput();
  }

  write(bytes: Uint8Array, done?: () => void): void {
    if (this.#finished || this.#other === null) {
      if (done !== undefined) this.host.later(done);
      return;
    }
    this.host.messages += countMessages(bytes);
    this.queuedBytes += bytes.length;
    if (this.queuedBytes >= SEGMENT_BYTES) this.#wasFull = true;
    this.#writes.push({ bytes, done, taken: 0 });
    this.host.uplink.join(this);
  }

  pauseReading(): void {
    this.#paused = true;
  }

  resumeReading(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.host.later(() => this.#read());
  }

  close(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.host.forget(this);
    this.host.later(() => this.#sink?.onClosed(null));
    for (const segment of this.#received.splice(0)) this.#drop(segment);
    this.#discardWrites(KERNEL_BYTES);
    this.#endPending = this.#other !== null;
    if (this.#endPending) this.host.uplink.join(this);
  }

  /** The connection breaks; the other side learns nothing of it. */
  fail(error: ShoalError): void {
    if (this.#finished) return;
    this.#finished = true;
    this.host.forget(this);
    for (const segment of this.#received.splice(0)) this.#drop(segment);
    this.#discardWrites(0);
    this.#sink?.onClosed(error);
    this.host.onInput();
  }

  /** The process is gone: nobody is told on this side, the other side finds the connection ended. */
  vanish(): void {
    this.#sink = null;
    this.close();
  }

  // -- for the uplink

  get wantsTurn(): boolean {
    if (this.#waitsForLost) return false;
    if (this.#again.length > 0) return true;
    return this.#writes.length > 0 ? this.#inFlight < this.#window : this.#endPending;
  }

  /** What goes out next; null when nothing may. */
  nextSegment(): Segment | null {
    if (!this.wantsTurn) return null;
    const again = this.#again.shift();
    if (again !== undefined) return again;
    const segment = new Segment(this, this.#other!);
    while (this.#writes.length > 0 && segment.length < SEGMENT_BYTES) {
      const write = this.#writes[0]!;
      const count = Math.min(write.bytes.length - write.taken, SEGMENT_BYTES - segment.length);
      segment.parts.push({ bytes: write.bytes, start: write.taken, stop: write.taken + count });
      segment.length += count;
      write.taken += count;
      if (write.taken < write.bytes.length) break;
      this.#writes.shift();
      if (write.done !== undefined) segment.done.push(write.done);
    }
    if (this.#writes.length === 0 && this.#endPending) {
      segment.end = true;
      this.#endPending = false;
    }
    this.#inFlight += segment.length;
    return segment;
  }

  onDeparted(segment: Segment): void {
    this.queuedBytes -= segment.length;
    if (this.queuedBytes > 0 || !this.#wasFull) return;
    this.#wasFull = false;
    this.host.later(() => {
      if (this.#finished || this.queuedBytes > 0) return;
      this.#sink?.onDrain();
      this.host.onInput();
    });
  }

  /** The segment did not arrive: it is sent again once that was noticed, and before everything else. */
  onLost(segment: Segment): void {
    this.#again.push(segment);
    this.#waitsForLost = true;
    this.host.at(2 * this.latencyMs, () => {
      this.#waitsForLost = false;
      this.host.uplink.join(this);
    });
  }

  // -- what arrives

  onSegment(segment: Segment): void {
    if (this.#finished) this.#drop(segment);
    else {
      this.#received.push(segment);
      this.#read();
    }
    this.host.onInput();
  }

  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#sink !== null && !this.#finished && this.#received.length > 0) {
      const segment = this.#received[0]!;
      if (this.#paused && segment.length > 0) break;
      this.#received.shift();
      for (const { bytes, start, stop } of segment.parts) {
        if (!this.#finished) this.host.deliver(this.#sink, bytes, start, stop);
      }
      const { end } = segment;
      this.#drop(segment);
      if (end && !this.#finished) {
        this.#finished = true;
        this.host.forget(this);
        this.#discardWrites(0);
        this.#sink.onClosed(null);
      }
    }
    this.#reading = false;
  }

  /** A segment was read, or will never be: its buffers are free, and there is room for more. */
  #drop(segment: Segment): void {
    for (const done of segment.done) done();
    segment.from.#onRead(segment.length);
  }

  #onRead(length: number): void {
    const wasFull = this.#inFlight >= this.#window;
    this.#inFlight -= length;
    if (wasFull && this.wantsTurn) this.host.at(this.latencyMs, () => this.host.uplink.join(this));
  }

  /** Writes beyond the first `keepBytes` are never sent. */
  #discardWrites(keepBytes: number): void {
    let kept = 0;
    let keep = 0;
    while (keep < this.#writes.length && kept < keepBytes) {
      const write = this.#writes[keep++]!;
      kept += write.bytes.length - write.taken;
    }
    for (const write of this.#writes.splice(keep)) {
      this.queuedBytes -= write.bytes.length - write.taken;
      if (write.done !== undefined) this.host.later(write.done);
    }
  }
}

/** Messages in one write: sessions write whole ones. */
function countMessages(bytes: Uint8Array): number {
  let count = 0;
  // The handshake begins with the length of its protocol's name.
  for (let at = bytes[0] === 19 ? 68 : 0; at + 4 <= bytes.length; count++) {
    const length = bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
    at += 4 + length;
  }
  return count;
}
