// The peer protocol as far as a fake peer needs it, written apart from the engine's codec on purpose.

export const MESSAGE = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  extended: 20,
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const;

export const HANDSHAKE_LENGTH = 68;
const PROTOCOL = "\x13BitTorrent protocol";

export interface HandshakeFields {
  readonly infoHash: Buffer;
  readonly peerId: Buffer;
  readonly reserved: Buffer;
}

export interface HandshakeOptions {
  /** BEP 10. */
  readonly extended?: boolean;
  /** BEP 6. */
  readonly fast?: boolean;
  /** BEP 52. */
  readonly v2?: boolean;
}

export function handshake(infoHash: Buffer, peerId: Buffer, options: HandshakeOptions = {}): Buffer {
  const reserved = Buffer.alloc(8);
  if (options.extended === true) reserved[5] = 0x10;
  if (options.fast === true) reserved[7] = 0x04;
  if (options.v2 === true) reserved[7] = (reserved[7] ?? 0) | 0x10;
  return Buffer.concat([Buffer.from(PROTOCOL, "latin1"), reserved, infoHash, peerId]);
}

export function parseHandshake(bytes: Buffer): HandshakeFields {
  if (bytes.toString("latin1", 0, 20) !== PROTOCOL) throw new Error("not a BitTorrent handshake");
  return {
    reserved: bytes.subarray(20, 28),
    infoHash: bytes.subarray(28, 48),
    peerId: bytes.subarray(48, 68),
  };
}

/** A message with its length in front. */
export function message(id: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length + 1);
  head[4] = id;
  return Buffer.concat([head, payload]);
}

export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4));
  return bytes;
}

export function bitfield(count: number, has: (index: number) => boolean): Buffer {
  const bytes = Buffer.alloc(Math.ceil(count / 8));
  for (let i = 0; i < count; i++) {
    if (has(i)) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (0x80 >> (i & 7));
  }
  return bytes;
}

export interface PeerMessage {
  readonly id: number;
  readonly payload: Buffer;
}

/** Cuts a byte stream into a handshake and messages. Keep-alives are left out. */
export class MessageStream {
  #bytes: Buffer = Buffer.alloc(0);
  #shookHands = false;

  push(
    chunk: Buffer,
    onHandshake: (fields: HandshakeFields) => void,
    onMessage: (message: PeerMessage) => void,
  ): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (!this.#shookHands) {
      if (this.#bytes.length < HANDSHAKE_LENGTH) return;
      this.#shookHands = true;
      const fields = parseHandshake(this.#bytes);
      this.#bytes = this.#bytes.subarray(HANDSHAKE_LENGTH);
      onHandshake(fields);
    }
    while (this.#bytes.length >= 4) {
      const length = this.#bytes.readUInt32BE(0);
      if (this.#bytes.length < 4 + length) return;
      const body = this.#bytes.subarray(4, 4 + length);
      this.#bytes = this.#bytes.subarray(4 + length);
      if (length > 0) onMessage({ id: body[0] ?? 0, payload: body.subarray(1) });
    }
  }
}
