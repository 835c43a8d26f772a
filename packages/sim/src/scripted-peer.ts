import {
  type Connection,
  type ConnectionSink,
  encodeBencode,
  type FrameHandler,
  FrameReader,
  type HashRequest,
  MessageWriter,
  RESERVED_EXTENSION,
  RESERVED_FAST,
  RESERVED_V2,
  reservedBytes,
  writePieceHeader,
} from "@shoal/engine/composition";

export interface Heard {
  readonly kind: string;
  readonly piece?: number;
  readonly begin?: number;
  readonly length?: number;
  readonly bytes?: Uint8Array;
  readonly id?: number;
}

/** How a scripted peer presents itself. */
export interface PeerSpec {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** Its peer id, 20 characters. */
  readonly id: string;
  readonly v2?: boolean;
  readonly fast?: boolean;
}

/** The other end of a connection, word by word: says what the test makes it say and keeps what it hears. */
export class ScriptedPeer implements ConnectionSink, FrameHandler {
  readonly heard: Heard[] = [];
  closed = false;
  /** Called for every message. */
  onHeard: (heard: Heard, peer: ScriptedPeer) => void = () => undefined;
  readonly out: MessageWriter = new MessageWriter();
  readonly connection: Connection;
  /** The info-hash in the other side's handshake. */
  infoHash: Uint8Array | null = null;
  readonly #frame: FrameReader = new FrameReader(this);
  readonly #greeting: () => void;

  constructor(connection: Connection, greeting: PeerSpec, dialled: boolean) {
    this.connection = connection;
    this.#greeting = () => {
      const bits = [RESERVED_EXTENSION];
      if (greeting.fast ?? true) bits.push(RESERVED_FAST);
      if (greeting.v2 ?? false) bits.push(RESERVED_V2);
      this.out.handshake(reservedBytes(bits), greeting.infoHash, new TextEncoder().encode(greeting.id));
      this.say();
    };
    connection.start(this);
    if (!dialled) this.#greeting();
  }

  /** Sends what was written to `out`. */
  say(): void {
    if (this.out.length > 0) this.connection.write(this.out.take());
  }

  sayBlock(piece: number, begin: number, data: Uint8Array): void {
    const message = new Uint8Array(13 + data.length);
    writePieceHeader(message, 0, piece, begin, data.length);
    message.set(data, 13);
    this.say();
    this.connection.write(message);
  }

  sayExtended(id: number, value: Parameters<typeof encodeBencode>[0]): void {
    this.out.extended(id, encodeBencode(value));
    this.say();
  }

  count(kind: string): number {
    return this.heard.filter((one) => one.kind === kind).length;
  }

  onConnected(): void {
    this.#greeting();
  }
  onBytes(buffer: Uint8Array, start: number, end: number): void {
    this.#frame.push(buffer, start, end);
    this.say();
  }
  onDrain(): void {}
  onClosed(): void {
    this.closed = true;
  }

  onHandshake(_reserved: Uint8Array, infoHash: Uint8Array): void {
    this.infoHash = infoHash;
    this.#hear({ kind: "handshake" });
  }
  onKeepAlive(): void {}
  onChoke(): void {
    this.#hear({ kind: "choke" });
  }
  onUnchoke(): void {
    this.#hear({ kind: "unchoke" });
  }
  onInterested(): void {
    this.#hear({ kind: "interested" });
  }
  onNotInterested(): void {
    this.#hear({ kind: "not interested" });
  }
  onHave(piece: number): void {
    this.#hear({ kind: "have", piece });
  }
  onBitfield(bits: Uint8Array): void {
    this.#hear({ kind: "bitfield", bytes: bits.slice() });
  }
  onRequest(piece: number, begin: number, length: number): void {
    this.#hear({ kind: "request", piece, begin, length });
  }
  onPiece(piece: number, begin: number, data: Uint8Array, offset: number, length: number): void {
    this.#hear({ kind: "block", piece, begin, length, bytes: data.slice(offset, offset + length) });
  }
  onCancel(piece: number, begin: number, length: number): void {
    this.#hear({ kind: "cancel", piece, begin, length });
  }
  onPort(): void {}
  onSuggest(): void {}
  onHaveAll(): void {
    this.#hear({ kind: "have all" });
  }
  onHaveNone(): void {
    this.#hear({ kind: "have none" });
  }
  onReject(piece: number, begin: number, length: number): void {
    this.#hear({ kind: "reject", piece, begin, length });
  }
  onAllowedFast(piece: number): void {
    this.#hear({ kind: "allowed fast", piece });
  }
  onExtended(id: number, payload: Uint8Array): void {
    this.#hear({ kind: "extended", id, bytes: payload.slice() });
  }
  onHashRequest(request: HashRequest): void {
    this.#hear({ kind: "hash request", begin: request.index, length: request.length });
  }
  onHashes(_request: HashRequest, hashes: Uint8Array): void {
    this.#hear({ kind: "hashes", bytes: hashes.slice() });
  }
  onHashReject(): void {
    this.#hear({ kind: "hash reject" });
  }
  onUnknown(): void {}

  #hear(heard: Heard): void {
    this.heard.push(heard);
    this.onHeard(heard, this);
  }
}
