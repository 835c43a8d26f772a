import { concatBytes, readU32, writeU16, writeU32 } from "../../base/bytes.ts";
import { ProtocolError } from "../../base/errors.ts";
import type { Rc4 } from "../../base/rc4.ts";
import {
  CHECK_BYTES,
  greeting,
  MAX_PAD,
  METHOD_RC4,
  type MsePrimitives,
  type MseHandshake,
  type MseOutcome,
  padLength,
  readPadLength,
} from "./handshake.ts";
import { MseIntake } from "./intake.ts";
import { keyStream, maskMark, syncMark, torrentMark } from "./keys.ts";
import { checkPublicKey, PUBLIC_KEY_BYTES } from "./public-key.ts";

/** crypto_select and the length of the padding behind it. */
const ANSWER_BYTES = 6;
const MOST_BYTES = PUBLIC_KEY_BYTES + MAX_PAD + CHECK_BYTES + ANSWER_BYTES + MAX_PAD;

/**
 * The dialling side. It offers RC4 alone: some programs hang up when plain text is offered, and others would take it, which is had for
 * less by dialling plainly.
 */
export class MseInitiator implements MseHandshake {
  outcome: MseOutcome | null = null;
  readonly #primitives: MsePrimitives;
  readonly #infoHash: Uint8Array;
  readonly #initialPayload: () => Uint8Array;
  readonly #privateKey: Uint8Array;
  readonly #intake: MseIntake = new MseIntake(MOST_BYTES);
  #out: Uint8Array | null;
  #streams: { readonly incoming: Rc4; readonly outgoing: Rc4; readonly check: Uint8Array } | null = null;
  #synced = false;
  /** Padding that is still to come; null while its length is unknown. */
  #padLeft: number | null = null;

  /** `initialPayload` is asked once for what goes out with the last step, at most 65,535 bytes; the array is not kept. */
  constructor(primitives: MsePrimitives, infoHash: Uint8Array, initialPayload: () => Uint8Array) {
    this.#primitives = primitives;
    this.#infoHash = infoHash;
    this.#initialPayload = initialPayload;
    const { privateKey, packet } = greeting(primitives);
    this.#privateKey = privateKey;
    this.#out = packet;
  }

  takeOutput(): Uint8Array | null {
    const out = this.#out;
    this.#out = null;
    return out;
  }

  onBytes(bytes: Uint8Array, start: number, end: number): number {
    const added = this.#intake.add(bytes, start, end);
    this.#go();
    return this.outcome === null ? end : start + added - this.#intake.left;
  }

  #go(): void {
    const intake = this.#intake;
    if (this.#streams === null) {
      const theirs = intake.take(PUBLIC_KEY_BYTES);
      if (theirs === null) return;
      checkPublicKey(theirs);
      this.#answer(this.#primitives.diffieHellman.secret(this.#privateKey, theirs));
    }
    const { incoming, outgoing, check } = this.#streams!;
    if (!this.#synced) {
      if (!intake.skipPast(check, MAX_PAD)) return;
      this.#synced = true;
    }
    if (this.#padLeft === null) {
      const answer = intake.takeDecrypted(ANSWER_BYTES, incoming);
      if (answer === null) return;
      if (readU32(answer, 0) !== METHOD_RC4)
        throw new ProtocolError("the other side chose what was not offered");
      this.#padLeft = readPadLength(answer, 4);
    }
    if (intake.takeDecrypted(this.#padLeft, incoming) === null) return;
    this.outcome = { method: "rc4", incoming, outgoing, initialBytes: 0 };
  }

  /** The secret is known: says which torrent is meant, and what is offered. */
  #answer(secret: Uint8Array): void {
    const { sha1, random } = this.#primitives;
    const outgoing = keyStream(sha1, "keyA", secret, this.#infoHash);
    const incoming = keyStream(sha1, "keyB", secret, this.#infoHash);
    const payload = this.#initialPayload();
    const pad = padLength(random);
    const offer = new Uint8Array(CHECK_BYTES + 4 + 2 + pad + 2 + payload.length);
    writeU32(offer, CHECK_BYTES, METHOD_RC4);
    writeU16(offer, CHECK_BYTES + 4, pad);
    writeU16(offer, CHECK_BYTES + 6 + pad, payload.length);
    offer.set(payload, CHECK_BYTES + 8 + pad);
    outgoing.apply(offer, 0, offer.length);
    const mark = maskMark(sha1, torrentMark(sha1, this.#infoHash), secret);
    this.#out = concatBytes(syncMark(sha1, secret), mark, offer);
    const check = new Uint8Array(CHECK_BYTES);
    incoming.apply(check, 0, CHECK_BYTES);
    this.#streams = { incoming, outgoing, check };
  }
}
