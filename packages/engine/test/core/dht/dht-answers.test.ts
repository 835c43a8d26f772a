import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { describe, test } from "node:test";
import type { Endpoint } from "../../../dist/base/address.js";
import { concatBytes, utf8 } from "../../../dist/base/bytes.js";
import { encodeBencode } from "../../../dist/wire/bencode.js";
import { encodeAnswer, encodeQuery } from "../../../dist/wire/krpc.js";
import { itemToSign, type Query } from "../../../dist/wire/krpc-query.js";
import { ASKER, ASKER_ID, NO_SALT, Rig, sha1, T, TARGET } from "./dht-rig.ts";

const GET_PEERS = { method: "get_peers", target: TARGET, want: null, noSeed: false, scrape: true } as const;
const BOTH = { n4: true, n6: true } as const;

const PRIVATE = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 7)]),
  format: "der",
  type: "pkcs8",
});
const PUBLIC = new Uint8Array(createPublicKey(PRIVATE).export({ format: "der", type: "spki" }).subarray(-32));

function signedPut(token: Uint8Array, text: string, seq: bigint, cas: bigint | null = null) {
  const value = encodeBencode(text);
  const signature = new Uint8Array(sign(null, itemToSign(NO_SALT, seq, value), PRIVATE));
  const signed = { publicKey: PUBLIC, seq, signature };
  return { method: "put", token, value, signed, salt: NO_SALT, cas } as const;
}

/** Lets the node meet others: it asks each, and is answered. */
function introduce(rig: Rig, endpoints: readonly Endpoint[]): void {
  for (const endpoint of endpoints) {
    rig.node.addNode(endpoint);
    rig.node.onTime(rig.now);
    for (const { transaction, query, to } of rig.questions()) {
      if (query.method !== "ping") continue;
      const id = sha1(utf8(to.host));
      rig.node.onPacket(encodeAnswer(transaction, id, {}, to), to, rig.now);
    }
  }
  rig.questions();
}

function many(family: 4 | 6, count: number): Endpoint[] {
  return Array.from({ length: count }, (_, i) => ({
    host: family === 4 ? `50.1.${i}.1` : `2001:db8:${(i + 1).toString(16)}::1`,
    port: 7_000 + i,
  }));
}

describe("DhtNode tells no more than was asked with", () => {
  /** Five hundred peers of the target, and eight nodes. */
  function crowded(): Rig {
    const rig = new Rig({ answerRate: 1e9 });
    introduce(rig, many(4, 8));
    for (let i = 0; i < 500; i++) {
      const from = { host: `45.1.${i >> 8}.${i & 255}`, port: 1 };
      const token = rig.token(from);
      rig.ask(
        { method: "announce_peer", target: TARGET, port: 5, impliedPort: false, seed: false, token },
        from,
      );
    }
    return rig;
  }

  test("an address that may be forged gets three times its bytes, and 1,500 more", () => {
    const rig = crowded();
    const victim = { host: "99.1.1.1", port: 53 };
    const question = encodeQuery(T, ASKER_ID, GET_PEERS, false);
    let bytesIn = 0;
    let bytesOut = 0;
    for (let i = 0; i < 300; i++) {
      rig.now += 100;
      rig.sent.length = 0;
      rig.node.onPacket(question, victim, rig.now);
      bytesIn += question.length;
      for (const { bytes, to } of rig.sent) if (to.host === victim.host) bytesOut += bytes.length;
    }
    assert.ok(bytesOut <= 3 * bytesIn + 1_500 + 25 * 30, `${bytesOut} for ${bytesIn}`);
    // Those that ask honestly still learn something.
    const packet = rig.give(question, victim);
    assert.ok(packet?.kind === "answer");
    assert.ok(packet.answer.nodes.length >= 2 && packet.answer.values.length >= 2);
  });

  test("who gave back a token of ours gets all there is room for", () => {
    const rig = crowded();
    for (let i = 0; i < 20; i++) rig.ask(GET_PEERS);
    const before = rig.ask(GET_PEERS);
    assert.ok(before?.kind === "answer" && before.answer.seedFilter === null);
    rig.ask(signedPut(rig.token(), "x", 1n));
    const after = rig.ask(GET_PEERS);
    assert.ok(after?.kind === "answer" && after.answer.seedFilter !== null);
    assert.ok(rig.sent.at(-1)!.bytes.length <= 1_024);
  });

  test("an answer with an item has at most 1,024 bytes, or the item alone", () => {
    for (const length of [100, 600, 900, 990]) {
      const rig = new Rig({ answerRate: 1e9 });
      introduce(rig, many(4, 8));
      const put = signedPut(rig.token(), "v".repeat(length), 1n);
      assert.equal(rig.codeOf(rig.ask(put)), 0);
      const target = sha1(concatBytes(PUBLIC, NO_SALT));
      const packet = rig.ask({ method: "get", target, want: BOTH, seq: null });
      assert.ok(packet?.kind === "answer");
      assert.deepEqual(packet.answer.value, put.value);
      const { bytes } = rig.sent.at(-1)!;
      assert.ok(bytes.length <= 1_024 || packet.answer.nodes.length === 0, `${bytes.length}`);
      if (length === 100) assert.equal(packet.answer.nodes.length, 8);
    }
  });
});

describe("DhtNode and numbers of mutable items (BEP 44)", () => {
  test("301 when the number to compare with is another, 302 for an older number", () => {
    const rig = new Rig();
    const token = rig.token();
    const puts: readonly Query[] = [
      signedPut(token, "five", 5n, 4n),
      signedPut(token, "six", 6n, 4n),
      signedPut(token, "six", 6n, 5n),
      signedPut(token, "five", 5n),
      signedPut(token, "four", 4n, 6n),
      signedPut(token, "other six", 6n),
      signedPut(token, "six", 6n),
    ];
    const codes = puts.map((put) => rig.codeOf(rig.ask(put as Query & { method: "put" })));
    // Where there was nothing there is nothing to compare with.
    assert.deepEqual(codes, [0, 301, 0, 302, 302, 302, 0]);
  });
});

describe("DhtNodes of two families (BEP 32, 45)", () => {
  const ASKER6 = { host: "2001:db8:77::5", port: 9 };

  test("a node for IPv6 meets, answers and stores as one for IPv4 does", () => {
    const rig = new Rig({ family: 6, answerRate: 1e9 });
    introduce(rig, [...many(6, 8), ...many(4, 2)]);
    assert.equal(rig.node.size, 8);
    const token = rig.token(ASKER6);
    const announce = {
      method: "announce_peer",
      target: TARGET,
      port: 5,
      impliedPort: false,
      seed: true,
      token,
    } as const;
    assert.equal(rig.codeOf(rig.ask(announce, ASKER6)), 0);
    const packet = rig.ask(GET_PEERS, ASKER6);
    assert.ok(packet?.kind === "answer");
    assert.deepEqual(packet.answer.values, [{ host: ASKER6.host, port: 5 }]);
    assert.equal(packet.answer.nodes6.length, 8);
    assert.equal(packet.answer.nodes.length, 0);
    assert.deepEqual(packet.ip, ASKER6);
    // An IPv4 address is not of its world.
    assert.equal(rig.ask({ method: "ping" }), null);
  });

  test("the nodes of each family are those of the sibling, and only who wants them gets them", () => {
    const [v4, v6] = [new Rig({ answerRate: 1e9 }), new Rig({ family: 6, answerRate: 1e9 })];
    introduce(v4, many(4, 5));
    introduce(v6, many(6, 3));
    v4.node.setSibling(v6.node);
    v6.node.setSibling(v4.node);
    const counts = (want: Query & { method: "find_node" }) => {
      const packet = v4.ask(want);
      assert.ok(packet?.kind === "answer");
      return [packet.answer.nodes.length, packet.answer.nodes6.length];
    };
    const findNode = { method: "find_node", target: TARGET, want: null } as const;
    assert.deepEqual(counts(findNode), [5, 0]);
    assert.deepEqual(counts({ ...findNode, want: BOTH }), [5, 3]);
    assert.deepEqual(counts({ ...findNode, want: { n4: false, n6: true } }), [0, 3]);
  });

  test("a node whose sibling knows few asks for nodes of both families, and passes them on", () => {
    const [v4, v6] = [new Rig(), new Rig({ family: 6 })];
    v4.node.setSibling(v6.node);
    v6.node.setSibling(v4.node);
    v4.node.addNode(ASKER);
    v4.node.onTime(0);
    const [ping] = v4.questions();
    v4.node.onPacket(encodeAnswer(ping!.transaction, ASKER_ID, {}, ASKER), ASKER, 1);
    v4.node.onTime(2);
    const [search] = v4.questions();
    assert.ok(search?.query.method === "find_node");
    assert.deepEqual(search.query.want, BOTH);
    const nodes6 = [{ id: TARGET, endpoint: ASKER6 }];
    v4.node.onPacket(encodeAnswer(search.transaction, ASKER_ID, { nodes6 }, ASKER), ASKER, 3);
    v6.node.onTime(3);
    assert.deepEqual(
      v6.questions().map(({ query, to }) => [query.method, to]),
      [["ping", ASKER6]],
    );
  });
});
