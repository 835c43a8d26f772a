import assert from "node:assert/strict";
import { type FuzzTarget, InputReader, mutateBencode, outcomeOf } from "@shoal/testkit/fuzz";
import { Xoshiro128 } from "../../dist/base/rng.js";
import { DhtNode } from "../../dist/core/dht/dht-node.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { encodeBencode } from "../../dist/wire/bencode.js";
import { decodeKrpc, encodeAnswer, encodeError, encodeQuery } from "../../dist/wire/krpc.js";
import { seedsOf } from "./seeds.ts";

const ID = new Uint8Array(20).fill(0x61);
const TARGET = new Uint8Array(20).fill(0x74);
const T = Uint8Array.of(1, 2, 3, 4);
const HERE = { host: "9.8.7.6", port: 6881 };
const NO_SALT = new Uint8Array(0);
const CONTACT = { id: TARGET, endpoint: { host: "8.1.2.3", port: 77 } };
const SIGNED = { publicKey: new Uint8Array(32).fill(1), seq: 4n, signature: new Uint8Array(64).fill(2) };

function packets(): Uint8Array[] {
  const want = { n4: true, n6: true };
  const value = encodeBencode({ a: [1, "x"] });
  return [
    encodeQuery(T, ID, { method: "ping" }, true),
    encodeQuery(T, ID, { method: "find_node", target: TARGET, want }, false),
    encodeQuery(
      T,
      ID,
      { method: "get_peers", target: TARGET, want: null, noSeed: true, scrape: true },
      false,
    ),
    encodeQuery(
      T,
      ID,
      { method: "announce_peer", target: TARGET, port: 5, impliedPort: false, seed: true, token: T },
      false,
    ),
    encodeQuery(T, ID, { method: "get", target: TARGET, want: null, seq: 1n }, false),
    encodeQuery(T, ID, { method: "put", token: T, value, signed: SIGNED, salt: T, cas: 3n }, false),
    encodeQuery(T, ID, { method: "put", token: T, value, signed: null, salt: NO_SALT, cas: null }, false),
    encodeQuery(T, ID, { method: "sample_infohashes", target: TARGET, want: null }, false),
    encodeAnswer(T, ID, { nodes: [CONTACT], token: T, values: [new Uint8Array(6).fill(9)] }, HERE),
    encodeAnswer(T, ID, { nodes6: [], value, signed: SIGNED, seedFilter: new Uint8Array(256) }, HERE),
    encodeAnswer(T, ID, { samples: { infoHashes: [TARGET], total: 7, intervalSeconds: 60 } }, HERE),
    encodeError(T, 203, "no", HERE),
    ...seedsOf("d1:ad2:id20:abcdefghij0123456789e1:q4:vote1:t2:aa1:y1:qe"),
  ];
}

const DICTIONARY = [
  "1:q",
  "1:y1:q",
  "1:y1:r",
  "1:y1:e",
  "5:token",
  "6:target20:",
  "9:info_hash20:",
  "4:wantl2:n6e",
  "2:ip6:",
];

const codec: FuzzTarget = {
  name: "krpc",
  about: "packets of the DHT",
  seeds: packets,
  dictionary: DICTIONARY,
  mutations: [mutateBencode],
  maxBytes: 8_192,
  run(input) {
    return outcomeOf(
      () => decodeKrpc(input),
      (packet) => {
        if (packet.kind === "bad-query") return `bad ${packet.code}`;
        if (packet.kind === "error") return "error";
        assert.equal(packet.id.length, 20);
        if (packet.kind === "query") {
          const { query } = packet;
          if (query.method === "unknown") return "unknown";
          // What was understood says the same when it is written again.
          assert.deepEqual(decodeKrpc(encodeQuery(T, packet.id, query, false)), {
            ...packet,
            transaction: T,
            readOnly: false,
          });
          return query.method;
        }
        const { nodes, nodes6, values, samples } = packet.answer;
        assert.ok(nodes.length <= 32 && nodes6.length <= 32 && values.length <= 200);
        for (const { endpoint } of [...nodes, ...nodes6]) assert.ok(endpoint.port > 0);
        return `answer ${nodes.length > 0} ${values.length > 0} ${samples !== null}`;
      },
    );
  },
};

/** Packets of the script, and what a node answers to them: no exception, no flood, no growth. */
const node: FuzzTarget = {
  name: "dht-node",
  about: "a node of the DHT under packets from anywhere, true answers among them",
  seeds: () => {
    const all = packets();
    return [
      ...all.map((packet) => Uint8Array.of(0, packet.length >> 8, packet.length & 0xff, ...packet)),
      Uint8Array.from(all.flatMap((packet) => [1, packet.length >> 8, packet.length & 0xff, ...packet])),
    ];
  },
  dictionary: DICTIONARY,
  limitMs: 600,
  run(input) {
    const rng = new Xoshiro128(7);
    const sent: { bytes: Uint8Array; to: { host: string; port: number } }[] = [];
    const fill = (target: Uint8Array): Uint8Array => {
      for (let i = 0; i < target.length; i++) target[i] = rng.below(256);
      return target;
    };
    const parts = {
      randomBytes: fill,
      sha1: nodeHasher.sha1,
      verify: (): boolean => true,
      send: (bytes: Uint8Array, to: { host: string; port: number }) => void sent.push({ bytes, to }),
    };
    const machine = new DhtNode({ family: 4 }, parts, null, 0);
    machine.addNode(HERE);
    machine.getPeers(TARGET, {});
    const reader = new InputReader(input);
    let now = 0;
    let taken = 0;
    while (!reader.isEmpty && taken++ < 200) {
      const kind = reader.u8();
      const packet = reader.take(reader.u16() & 0xfff);
      const from = kind % 3 === 0 ? HERE : { host: `9.9.${kind}.1`, port: 1 + kind };
      const before = sent.length;
      machine.onPacket(packet, from, now);
      for (const { bytes, to } of sent.slice(before)) {
        assert.ok(bytes.length <= 1_500);
        assert.ok(to.port > 0);
      }
      // An answer to what the node asked last, so that scripts get behind the transaction number.
      const question = sent.at(-1);
      if (kind % 3 === 1 && question !== undefined) {
        const asked = decodeKrpc(question.bytes);
        if (asked.kind === "query") {
          machine.onPacket(
            encodeAnswer(asked.transaction, ID, { nodes: [CONTACT], token: T }, HERE),
            question.to,
            now,
          );
        }
      }
      now += kind * 100;
      let rounds = 0;
      do machine.onTime(now);
      while (machine.nextDeadline(now) <= now && rounds++ < 5);
      assert.ok(rounds <= 5, "what is due gets done");
    }
    const stats = machine.stats(now);
    assert.ok(sent.length <= 20 * (taken + 20) + now / 100, "answers are no flood");
    assert.ok(stats.nodes <= 300 && stats.storedTorrents <= 2_000 && stats.storedItems <= 700);
    return `${Math.min(stats.nodes, 3)} ${stats.storedPeers > 0} ${stats.storedItems > 0}`;
  },
};

export const targets: readonly FuzzTarget[] = [codec, node];
