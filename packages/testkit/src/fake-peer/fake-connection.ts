import type { Socket } from "node:net";
import { MESSAGE, MessageStream, message, words } from "./messages.ts";
import type { HandshakeFields, PeerMessage } from "./messages.ts";

export interface BlockRequest {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

/** What a connection reports to the fake peer that owns it. */
export interface FakeConnectionSink {
  onHandshake(connection: FakeConnection, fields: HandshakeFields): void;
  onMessage(connection: FakeConnection, message: PeerMessage): void;
  onClosed(connection: FakeConnection): void;
}

/** One TCP connection of a fake peer: says what it is told to say, and nothing by itself. */
export class FakeConnection {
  /** The other side's handshake, once it came. */
  handshake: HandshakeFields | null = null;
  /** Ended by either side; nothing is sent any more. */
  closed = false;
  readonly remoteHost: string;
  /** How many messages of each id came in. */
  readonly received: Map<number, number> = new Map();
  blocksSent = 0;
  readonly #socket: Socket;

  constructor(socket: Socket, sink: FakeConnectionSink) {
    this.#socket = socket;
    this.remoteHost = socket.remoteAddress ?? "";
    const stream = new MessageStream();
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      sink.onClosed(this);
    });
    socket.on("data", (chunk: Buffer) => {
      if (this.closed) return;
      try {
        stream.push(
          chunk,
          (fields) => {
            this.handshake = fields;
            sink.onHandshake(this, fields);
          },
          (received) => {
            if (this.closed) return;
            this.received.set(received.id, (this.received.get(received.id) ?? 0) + 1);
            sink.onMessage(this, received);
          },
        );
      } catch {
        this.reset();
      }
    });
  }

  raw(bytes: Uint8Array): void {
    if (!this.closed) this.#socket.write(bytes);
  }

  say(id: number, payload?: Uint8Array): void {
    this.raw(message(id, payload));
  }

  sendBlock(request: BlockRequest, data: Uint8Array): void {
    this.blocksSent++;
    this.say(MESSAGE.piece, Buffer.concat([words(request.piece, request.begin), data]));
  }

  request(piece: number, begin: number, length: number): void {
    this.say(MESSAGE.request, words(piece, begin, length));
  }

  /** Ends in good order. */
  end(): void {
    this.#socket.end();
  }

  /** Ends as a crash does: RST, what is under way is lost. */
  reset(): void {
    this.closed = true;
    this.#socket.resetAndDestroy();
  }

  /** Stops reading, so that the other side's writes pile up. */
  pauseReading(): void {
    this.#socket.pause();
  }
}
