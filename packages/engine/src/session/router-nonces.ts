import { concatBytes, utf8 } from "../base/bytes.ts";
import { ProtocolError, ShoalError } from "../base/errors.ts";
import type { Route } from "../base/route.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { Log } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import { PCP_NONCE_BYTES } from "../wire/pcp.ts";
import type { MappedProtocol } from "../wire/port-mapping.ts";

const RECORD = "router";
const SECRET_BYTES = 32;

export interface RouterNoncesPorts {
  readonly store: Store;
  readonly hasher: Hasher;
  readonly random: Random;
  readonly log: Log;
}

/**
 * The nonces by which a router knows whose a mapping is (RFC 6887, 11.2). They are the same in the next run: else a router would neither renew nor take back
 * what a run opened that ended without a word.
 */
export class RouterNonces {
  readonly #hasher: Hasher;
  readonly #secret: Uint8Array;

  private constructor(hasher: Hasher, secret: Uint8Array) {
    this.#hasher = hasher;
    this.#secret = secret;
  }

  /** With the secret of the state directory. Where none can be kept there, the nonces are those of this run. */
  static async load({ store, hasher, random, log }: RouterNoncesPorts): Promise<RouterNonces> {
    let secret: Uint8Array = random.fill(new Uint8Array(SECRET_BYTES));
    try {
      const known = await store.readRecord(RECORD).catch(unlessDamaged);
      if (known?.length === SECRET_BYTES) return new RouterNonces(hasher, known);
      await store.updateRecord(RECORD, (before) => {
        if (before?.length === SECRET_BYTES) secret = before;
        return secret;
      });
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      log.warn("What routers know us by can't be kept", { reason: error.message });
    }
    return new RouterNonces(hasher, secret);
  }

  /** `port`: our own. Routers of other networks are told others. */
  of({ gateway, local }: Route, port: number): Readonly<Record<MappedProtocol, Uint8Array>> {
    const nonce = (protocol: MappedProtocol): Uint8Array => {
      const what = utf8(`${protocol} ${port} ${local} ${gateway}`);
      return this.#hasher.sha256(concatBytes(this.#secret, what)).subarray(0, PCP_NONCE_BYTES);
    };
    return { tcp: nonce("tcp"), udp: nonce("udp") };
  }
}

function unlessDamaged(error: unknown): null {
  if (error instanceof ProtocolError) return null;
  throw error;
}
