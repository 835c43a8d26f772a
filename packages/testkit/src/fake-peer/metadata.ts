import { decodeBencodeNode } from "../torrent-facts.ts";
import type { FakeConnection } from "./fake-connection.ts";
import { MESSAGE } from "./messages.ts";

const PART = 16_384;
/** The id under which a fake peer takes ut_metadata messages. */
const OUR_ID = 2;

/** Offers an info dictionary by BEP 9 on one connection: the true one, or what else it is given. */
export class FakeMetadata {
  readonly #bytes: Buffer;
  #theirId = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  greet(connection: FakeConnection): void {
    const text = `d1:md11:ut_metadatai${OUR_ID}ee13:metadata_sizei${this.#bytes.length}ee`;
    connection.say(MESSAGE.extended, Buffer.concat([Buffer.from([0]), Buffer.from(text)]));
  }

  onExtended(connection: FakeConnection, payload: Buffer): void {
    const id = payload[0];
    const dict = decodeBencodeNode(payload.subarray(1));
    if (!(dict instanceof Map)) return;
    if (id === 0) {
      const names = dict.get("m");
      const theirs = names instanceof Map ? names.get("ut_metadata") : undefined;
      if (typeof theirs === "number") this.#theirId = theirs;
    } else if (id === OUR_ID && dict.get("msg_type") === 0) {
      const part = dict.get("piece") as number;
      const head = `d8:msg_typei1e5:piecei${part}e10:total_sizei${this.#bytes.length}ee`;
      const data = this.#bytes.subarray(part * PART, (part + 1) * PART);
      connection.say(
        MESSAGE.extended,
        Buffer.concat([Buffer.from([this.#theirId]), Buffer.from(head), data]),
      );
    }
  }
}
