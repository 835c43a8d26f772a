import { concatBytes, readU16, readU32, writeU16, writeU32 } from "../../base/bytes.ts";
import { ProtocolError } from "../../base/errors.ts";
import type { Rc4 } from "../../base/rc4.ts";
import {
  CHECK_BYTES,
  greeting,
  MAX_PAD,
  METHOD_PLAIN,
  METHOD_RC4,
  type MsePrimitives,
  type MseHandshake,
  type MseMethod,
  type MseOutcome,
  padLength,
  readPadLength,
} from "./handshake.ts";
import { MseIntake } from "./intake.ts";
import { HASH_BYTES, keyStream, maskMark, syncMark } from "./keys.ts";
import { checkPublicKey, PUBLIC_KEY_BYTES } from "./public-key.ts";

/** The check, crypto_provide, and the length of the padding behind them. */
const OFFER_BYTES = CHECK_BYTES + 4 + 2;
const INITIAL_LENGTH_BYTES = 2;
const MOST_BYTES = PUBLIC_KEY_BYTES + MAX_PAD + 2 * HASH_BYTES + OFFER_BYTES + MAX_PAD + INITIAL_LENGTH_BYTES;

type Step = "key" | "sync" | "torrent" | "unknown" | "offer" | "end";

/**
 * The accepting side. Whoever does not know one of our info-hashes gets a public key and nothing else: a wrong info-hash ends the
 * connection no sooner than random bytes do.
 */
export class MseResponder implements MseHandshake {
  outcome: MseOutcome | null = null;
  readonly #primitives: MsePrimitives;
  readonly #findInfoHash: (mark: Uint8Array) => Uint8Array | null;
  readonly #allowsPlain: boolean;
  readonly #intake: MseIntake = new MseIntake(MOST_BYTES);
  #out: Uint8Array | null = null;
  #step: Step = "key";
  #secret: Uint8Array = new Uint8Array(0);
  #syncMark: Uint8Array = new Uint8Array(0);
  #infoHash: Uint8Array = new Uint8Array(0);
  #incoming: Rc4 | null = null;
  #method: MseMethod = "rc4";
  #padLeft = 0;

  /**
   * `findInfoHash` gives the 20-byte name of one of our torrents by its mark (`torrentMark`). `allowsPlain`: plain text is chosen when it is
   * offered, which is the cheaper way.
   */
  constructor(
    primitives: MsePrimitives,
    findInfoHash: (mark: Uint8Array) => Uint8Array | null,
    allowsPlain: boolean,
  ) {
    this.#primitives = primitives;
    this.#findInfoHash = findInfoHash;
    this.#allowsPlain = allowsPlain;
  }

  takeOutput(): Uint8Array | null {
    const out = this.#out;
    this.#out = null;
    return out;
  }

  onBytes(bytes: Uint8Array, start: number, end: number): number {
    const added = this.#intake.add(bytes, start, end);
    while (this.outcome === null && this.#next());
    return this.outcome === null ? end : start + added - this.#intake.left;
  }

  /** Takes one step if what it needs is there. */
  #next(): boolean {
    switch (this.#step) {
      case "key":
        return this.#onKey();
      case "sync":
        if (!this.#intake.skipPast(this.#syncMark, MAX_PAD)) return false;
        this.#step = "torrent";
        return true;
      case "torrent":
        return this.#onTorrent();
      case "unknown":
        // Of random bytes so many would have been read before it was clear that they are none of ours.
        this.#intake.refuseAt(PUBLIC_KEY_BYTES + MAX_PAD + HASH_BYTES);
        return false;
      case "offer":
        return this.#onOffer();
      case "end":
        return this.#onEnd();
    }
  }

  #onKey(): boolean {
    const theirs = this.#intake.take(PUBLIC_KEY_BYTES);
    if (theirs === null) return false;
    checkPublicKey(theirs);
    const { sha1, diffieHellman } = this.#primitives;
    const { privateKey, packet } = greeting(this.#primitives);
    this.#out = packet;
    this.#secret = diffieHellman.secret(privateKey, theirs);
    this.#syncMark = syncMark(sha1, this.#secret);
    this.#step = "sync";
    return true;
  }

  #onTorrent(): boolean {
    const masked = this.#intake.take(HASH_BYTES);
    if (masked === null) return false;
    const { sha1 } = this.#primitives;
    const infoHash = this.#findInfoHash(maskMark(sha1, masked, this.#secret));
    if (infoHash === null) {
      this.#step = "unknown";
      return true;
    }
    this.#infoHash = infoHash;
    this.#incoming = keyStream(sha1, "keyA", this.#secret, infoHash);
    this.#step = "offer";
    return true;
  }

  #onOffer(): boolean {
    const offer = this.#intake.takeDecrypted(OFFER_BYTES, this.#incoming!);
    if (offer === null) return false;
    if (offer.subarray(0, CHECK_BYTES).some((byte) => byte !== 0))
      throw new ProtocolError("the keys of the obfuscated handshake do not fit");
    const methods = readU32(offer, CHECK_BYTES);
    if (this.#allowsPlain && (methods & METHOD_PLAIN) !== 0) this.#method = "plain";
    else if ((methods & METHOD_RC4) !== 0) this.#method = "rc4";
    else throw new ProtocolError("the other side offers no method that is allowed here");
    this.#padLeft = readPadLength(offer, CHECK_BYTES + 4);
    this.#step = "end";
    return true;
  }

  #onEnd(): boolean {
    const count = this.#padLeft + INITIAL_LENGTH_BYTES;
    const rest = this.#intake.takeDecrypted(count, this.#incoming!);
    if (rest === null) return false;
    const { sha1, random } = this.#primitives;
    const outgoing = keyStream(sha1, "keyB", this.#secret, this.#infoHash);
    const pad = padLength(random);
    const answer = new Uint8Array(CHECK_BYTES + 4 + 2 + pad);
    writeU32(answer, CHECK_BYTES, this.#method === "plain" ? METHOD_PLAIN : METHOD_RC4);
    writeU16(answer, CHECK_BYTES + 4, pad);
    outgoing.apply(answer, 0, answer.length);
    this.#out = this.#out === null ? answer : concatBytes(this.#out, answer);
    const initialBytes = readU16(rest, this.#padLeft);
    this.outcome = { method: this.#method, incoming: this.#incoming!, outgoing, initialBytes };
    return true;
  }
}
