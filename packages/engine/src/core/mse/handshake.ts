import { concatBytes, readU16 } from "../../base/bytes.ts";
import { ProtocolError } from "../../base/errors.ts";
import type { Rc4 } from "../../base/rc4.ts";

/** What the machines need from outside. Digests and keys are fresh arrays. */
export interface MsePrimitives {
  readonly sha1: (data: Uint8Array) => Uint8Array;
  readonly diffieHellman: {
    /** 96 bytes. */
    publicKey(privateKey: Uint8Array): Uint8Array;
    /** 96 bytes, of a key that passed `checkPublicKey`. */
    secret(privateKey: Uint8Array, theirs: Uint8Array): Uint8Array;
  };
  readonly random: {
    fill(target: Uint8Array): Uint8Array;
    uint32(): number;
  };
}

/** How bytes travel after the handshake. */
export type MseMethod = "plain" | "rc4";

/** What both sides agreed on. */
export interface MseOutcome {
  readonly method: MseMethod;
  /** Goes on with the bytes received and sent after the handshake. */
  readonly incoming: Rc4;
  readonly outgoing: Rc4;
  /** Bytes received next that are obfuscated whatever the method is. */
  readonly initialBytes: number;
}

/**
 * One side of the handshake of Message Stream Encryption (as Azureus defined it). It tells the bytes of a connection from no other
 * random bytes; it proves nothing and keeps no secret from anybody who knows the info-hash.
 */
export interface MseHandshake {
  /** Null until the handshake is done. */
  readonly outcome: MseOutcome | null;
  /**
   * Takes `bytes[start..end)`, and returns where the handshake ends in them: `end` while it goes on. Throws ProtocolError when the other
   * side does not speak this protocol.
   */
  onBytes(bytes: Uint8Array, start: number, end: number): number;
  /** What is to be sent now, which the caller owns; null for nothing. */
  takeOutput(): Uint8Array | null;
}

/** Values of `crypto_provide` and `crypto_select`. */
export const METHOD_PLAIN = 1;
export const METHOD_RC4 = 2;

/** Both sides send up to so many random bytes after their public keys, and zeros later. */
export const MAX_PAD = 512;
const PRIVATE_KEY_BYTES = 20;
/** Eight zero bytes, by which each side sees that the other one has the same keys. */
export const CHECK_BYTES = 8;

/** What each side says first: its public key, and padding. */
export function greeting({ diffieHellman, random }: MsePrimitives): {
  readonly privateKey: Uint8Array;
  readonly packet: Uint8Array;
} {
  const privateKey = random.fill(new Uint8Array(PRIVATE_KEY_BYTES));
  const pad = random.fill(new Uint8Array(padLength(random)));
  return { privateKey, packet: concatBytes(diffieHellman.publicKey(privateKey), pad) };
}

/** Length of the padding that the other side says is to come. Throws ProtocolError when it is too long. */
export function readPadLength(bytes: Uint8Array, at: number): number {
  const length = readU16(bytes, at);
  if (length > MAX_PAD) throw new ProtocolError("the padding of the handshake is too long");
  return length;
}

/** How many bytes to pad with this time. */
export function padLength(random: MsePrimitives["random"]): number {
  return random.uint32() % (MAX_PAD + 1);
}
