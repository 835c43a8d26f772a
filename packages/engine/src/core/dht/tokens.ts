import { parseIp } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import { concatBytes, equalBytes } from "../../base/bytes.ts";

/** BEP 5, "Overview": a new secret every five minutes, tokens of the one before are accepted. */
const SECRET_MS = 300_000;
const SECRET_BYTES = 20;
const TOKEN_BYTES = 8;

/** Tokens with which an asker proves that it gets what we send to its address (BEP 5). */
export class Tokens {
  readonly #sha1: (bytes: Uint8Array) => Uint8Array;
  readonly #randomBytes: (target: Uint8Array) => Uint8Array;
  #secret: Uint8Array;
  #previous: Uint8Array;
  #changeAt: Millis;

  constructor(
    sha1: (bytes: Uint8Array) => Uint8Array,
    randomBytes: (target: Uint8Array) => Uint8Array,
    now: Millis,
  ) {
    this.#sha1 = sha1;
    this.#randomBytes = randomBytes;
    this.#secret = randomBytes(new Uint8Array(SECRET_BYTES));
    this.#previous = randomBytes(new Uint8Array(SECRET_BYTES));
    this.#changeAt = now + SECRET_MS;
  }

  make(host: string, now: Millis): Uint8Array {
    this.#rotate(now);
    return this.#token(host, this.#secret);
  }

  isValid(token: Uint8Array, host: string, now: Millis): boolean {
    this.#rotate(now);
    return (
      equalBytes(token, this.#token(host, this.#secret)) ||
      equalBytes(token, this.#token(host, this.#previous))
    );
  }

  #token(host: string, secret: Uint8Array): Uint8Array {
    return this.#sha1(concatBytes(secret, parseIp(host) ?? new Uint8Array(0))).slice(0, TOKEN_BYTES);
  }

  /** Secrets change when somebody comes: an idle node needs no timer for it. */
  #rotate(now: Millis): void {
    if (now < this.#changeAt) return;
    const isLongAgo = now >= this.#changeAt + SECRET_MS;
    this.#previous = isLongAgo ? this.#randomBytes(new Uint8Array(SECRET_BYTES)) : this.#secret;
    this.#secret = this.#randomBytes(new Uint8Array(SECRET_BYTES));
    this.#changeAt = now + SECRET_MS;
  }
}
