import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import type { Endpoint } from "../../../dist/base/address.js";
import { utf8 } from "../../../dist/base/bytes.js";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import { DhtNode } from "../../../dist/core/dht/dht-node.js";
import type { DhtConfig } from "../../../dist/core/dht/dht-types.js";
import { decodeKrpc, encodeQuery, type KrpcPacket } from "../../../dist/wire/krpc.js";
import type { Query } from "../../../dist/wire/krpc-query.js";

export const ASKER: Endpoint = { host: "44.1.2.3", port: 1_000 };
export const ASKER_ID: Uint8Array = new Uint8Array(20).fill(0x11);
export const TARGET: Uint8Array = new Uint8Array(20).fill(0x22);
export const T: Uint8Array = utf8("tt");
export const NO_SALT: Uint8Array = new Uint8Array(0);

export function sha1(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha1").update(bytes).digest());
}

function isSigned(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), publicKey]);
  return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
}

export function hostOf({ host }: Endpoint): string {
  return host;
}

/** One node, what it sent, and a way to ask it something. */
export class Rig {
  readonly sent: { packet: KrpcPacket; bytes: Uint8Array; to: Endpoint }[] = [];
  readonly voices: string[] = [];
  readonly node: DhtNode;
  now = 0;

  constructor(config: Partial<DhtConfig> = {}, saved: Uint8Array | null = null) {
    const rng = new Xoshiro128(5);
    this.node = new DhtNode(
      { family: 4, ...config },
      {
        randomBytes: (target) => {
          for (let i = 0; i < target.length; i++) target[i] = rng.below(256);
          return target;
        },
        sha1,
        verify: isSigned,
        send: (bytes, to) => void this.sent.push({ packet: decodeKrpc(bytes), bytes, to }),
        onExternalAddress: (host) => void this.voices.push(host),
      },
      saved,
      0,
    );
  }

  /** The answer to a question, null when there is none. */
  ask(query: Exclude<Query, { method: "unknown" }>, from: Endpoint = ASKER): KrpcPacket | null {
    return this.give(encodeQuery(T, ASKER_ID, query, false), from);
  }

  give(bytes: Uint8Array, from: Endpoint = ASKER): KrpcPacket | null {
    const before = this.sent.length;
    this.node.onPacket(bytes, from, this.now);
    const answer = this.sent.slice(before).find(({ packet }) => packet.kind !== "query");
    if (answer !== undefined) assert.deepEqual(answer.to, from);
    return answer?.packet ?? null;
  }

  token(from: Endpoint = ASKER): Uint8Array {
    const packet = this.ask({ method: "get", target: TARGET, want: null, seq: null }, from);
    assert.ok(packet?.kind === "answer" && packet.answer.token !== null);
    return packet.answer.token;
  }

  codeOf(packet: KrpcPacket | null): number {
    return packet?.kind === "error" ? packet.code : 0;
  }

  /** Questions that were sent and not yet looked at. */
  questions(): { transaction: Uint8Array; query: Query; to: Endpoint }[] {
    const all = this.sent.flatMap(({ packet, to }) =>
      packet.kind === "query" ? [{ transaction: packet.transaction, query: packet.query, to }] : [],
    );
    this.sent.length = 0;
    return all;
  }
}
