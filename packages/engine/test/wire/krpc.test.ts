import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { encodeCompactPeer } from "../../dist/base/address.js";
import { ProtocolError } from "../../dist/base/errors.js";
import { fromHex, utf8, utf8Text } from "../../dist/base/bytes.js";
import { decodeKrpc, encodeAnswer, encodeError, encodeQuery, type KrpcPacket } from "../../dist/wire/krpc.js";
import { encodeBencode } from "../../dist/wire/bencode.js";
import { itemToSign, type Query } from "../../dist/wire/krpc-query.js";

const T = utf8("aa");
const ASKER = utf8("abcdefghij0123456789");
const OTHER = utf8("mnopqrstuvwxyz123456");

function decode(text: string): KrpcPacket {
  return decodeKrpc(utf8(text));
}

describe("decodeKrpc reads the example packets of BEP 5", () => {
  test("a ping and its answer", () => {
    assert.deepEqual(decode("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"), {
      kind: "query",
      transaction: T,
      id: ASKER,
      readOnly: false,
      query: { method: "ping" },
    });
    const answer = decode("d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re");
    assert.ok(answer.kind === "answer");
    assert.deepEqual(answer.id, OTHER);
  });

  test("find_node, get_peers and announce_peer", () => {
    const find = decode(
      "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe",
    );
    assert.ok(find.kind === "query");
    assert.deepEqual(find.query, { method: "find_node", target: OTHER, want: null });
    const get = decode(
      "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe",
    );
    assert.ok(get.kind === "query");
    assert.deepEqual(get.query, {
      method: "get_peers",
      target: OTHER,
      want: null,
      noSeed: false,
      scrape: false,
    });
    const announce = decode(
      "d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe",
    );
    assert.ok(announce.kind === "query");
    assert.deepEqual(announce.query, {
      method: "announce_peer",
      target: OTHER,
      port: 0,
      impliedPort: true,
      seed: false,
      token: utf8("aoeusnth"),
    });
  });

  test("values, and an error", () => {
    const answer = decode(
      "d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re",
    );
    assert.ok(answer.kind === "answer");
    assert.deepEqual(answer.answer.values, [
      { host: "97.120.106.101", port: 0x2e75 },
      { host: "105.100.104.116", port: 0x6e6d },
    ]);
    assert.equal(utf8Text(answer.answer.token!), "aoeusnth");
    const error = decode("d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee");
    assert.deepEqual(error, {
      kind: "error",
      transaction: T,
      ip: null,
      code: 201,
      message: "A Generic Error Ocurred",
    });
  });
});

describe("decodeKrpc", () => {
  test("throws ProtocolError for what can't even be answered", () => {
    for (const text of ["", "i1e", "de", "d1:t0:1:y1:qe", "d1:t2:aa1:y1:xe"]) {
      assert.throws(() => decode(text), ProtocolError, text);
    }
  });

  test("says of a question without method, arguments or id that it is wrong", () => {
    const long = "m".repeat(65);
    const codes = [
      "d1:q4:ping1:t2:aa1:y1:qe",
      "d1:ade1:q4:ping1:t2:aa1:y1:qe",
      "d1:ad2:id3:abce1:q4:ping1:t2:aa1:y1:qe",
      "d1:ad2:id20:abcdefghij0123456789e1:t2:aa1:y1:qe",
      `d1:ad2:id20:abcdefghij0123456789e1:q65:${long}1:t2:aa1:y1:qe`,
    ].map((text) => {
      const packet = decode(text);
      return packet.kind === "bad-query" ? packet.code : packet.kind;
    });
    assert.deepEqual(codes, [203, 203, 203, 203, 203]);
  });

  test("says which arguments of a question are wrong", () => {
    const put = (args: string): KrpcPacket =>
      decode(`d1:ad2:id20:abcdefghij0123456789${args}e1:q3:put1:t2:aa1:y1:qe`);
    const codes = [
      put("5:token1:x"),
      put(`5:token1:x1:v1001:${"x".repeat(1001)}`),
      put(`4:salt65:${"x".repeat(65)}5:token1:x1:v1:x`),
      put("5:token1:x1:vd1:bi1e1:ai1ee"),
    ].map((packet) => (packet.kind === "bad-query" ? packet.code : packet.kind));
    assert.deepEqual(codes, [203, 205, 207, 203]);
  });

  test("leaves out what is wrong in an answer and keeps the rest", () => {
    const packet = decode(
      "d2:ip3:abc1:rd2:id20:mnopqrstuvwxyz1234565:nodes27:aaaaaaaaaaaaaaaaaaaaAAAABBx5:token0:6:valuesli1e6:axje.u3:abcee1:t2:aa1:y1:re",
    );
    assert.ok(packet.kind === "answer");
    assert.equal(packet.ip, null);
    assert.equal(packet.answer.token, null);
    assert.equal(packet.answer.nodes.length, 1);
    assert.equal(packet.answer.values.length, 1);
  });
});

describe("encoding", () => {
  test("questions and answers come back as they were", () => {
    const query = {
      method: "get_peers",
      target: OTHER,
      want: { n4: true, n6: true },
      noSeed: true,
      scrape: true,
    } as const;
    const packet = decodeKrpc(encodeQuery(T, ASKER, query, true));
    assert.deepEqual(packet, { kind: "query", transaction: T, id: ASKER, readOnly: true, query });
    const to = { host: "2001:db8::1", port: 9 };
    const contact = { id: OTHER, endpoint: { host: "1.2.3.4", port: 5 } };
    const answer = decodeKrpc(encodeAnswer(T, OTHER, { nodes: [contact], token: T }, to));
    assert.ok(answer.kind === "answer");
    assert.deepEqual(answer.ip, to);
    assert.deepEqual(answer.answer.nodes, [contact]);
    const error = decodeKrpc(encodeError(T, 203, "no", to));
    assert.ok(error.kind === "error");
    assert.equal(error.code, 203);
  });

  test("itemToSign writes the buffers of BEP 44", () => {
    const value = utf8("12:Hello World!");
    assert.equal(utf8Text(itemToSign(fromHex(""), 1n, value)), "3:seqi1e1:v12:Hello World!");
    assert.equal(utf8Text(itemToSign(utf8("foobar"), 1n, value)), "4:salt6:foobar3:seqi1e1:v12:Hello World!");
  });
});

/** With the prototype that what is decoded has. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const some = (most: number) => fc.uint8Array({ minLength: 1, maxLength: most });
const seq = fc.bigInt({ min: 0n, max: (1n << 63n) - 1n });
const port = fc.integer({ min: 1, max: 65_535 });
const want = fc.constantFrom(null, { n4: true, n6: false }, { n4: false, n6: true }, { n4: true, n6: true });
const value = fc.oneof(fc.integer(), fc.string({ maxLength: 300 }), fc.array(fc.nat())).map(encodeBencode);
const signed = record({ publicKey: bytes(32), seq, signature: bytes(64) });
const v4 = fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255));
const endpoint4 = record({ host: v4.map((octets) => octets.join(".")), port });
const endpoint6 = record({ host: fc.nat(0xfffe).map((n) => `2001:db8::${(n + 1).toString(16)}`), port });

const queries: fc.Arbitrary<Exclude<Query, { method: "unknown" }>> = fc.oneof(
  record({ method: fc.constant("ping" as const) }),
  record({
    method: fc.constantFrom("find_node" as const, "sample_infohashes" as const),
    target: bytes(20),
    want,
  }),
  record({
    method: fc.constant("get_peers" as const),
    target: bytes(20),
    want,
    noSeed: fc.boolean(),
    scrape: fc.boolean(),
  }),
  record({
    method: fc.constant("announce_peer" as const),
    target: bytes(20),
    port,
    impliedPort: fc.constant(false),
    seed: fc.boolean(),
    token: some(64),
  }),
  record({ method: fc.constant("get" as const), target: bytes(20), want, seq: fc.option(seq) }),
  record({
    method: fc.constant("put" as const),
    token: some(64),
    value,
    signed: fc.constant(null),
    salt: fc.constant(new Uint8Array(0)),
    cas: fc.constant(null),
  }),
  record({
    method: fc.constant("put" as const),
    token: some(64),
    value,
    signed,
    salt: fc.uint8Array({ maxLength: 64 }),
    cas: fc.option(seq),
  }),
);

describe("whatever is encoded is decoded as it was", () => {
  test("questions", () => {
    fc.assert(
      fc.property(some(32), bytes(20), queries, fc.boolean(), (transaction, id, query, readOnly) => {
        const packet = decodeKrpc(encodeQuery(transaction, id, query, readOnly));
        assert.deepEqual(packet, { kind: "query", transaction, id, readOnly, query });
      }),
      { numRuns: 300 },
    );
  });

  test("answers", () => {
    const reply = record({
      nodes: fc.array(record({ id: bytes(20), endpoint: endpoint4 }), { maxLength: 8 }),
      nodes6: fc.array(record({ id: bytes(20), endpoint: endpoint6 }), { maxLength: 8 }),
      token: fc.option(some(64)),
      peers: fc.array(fc.oneof(endpoint4, endpoint6), { maxLength: 20 }),
      seedFilter: fc.option(bytes(256)),
      peerFilter: fc.option(bytes(256)),
      value: fc.option(value),
      signed: fc.option(signed),
      samples: fc.option(
        record({
          infoHashes: fc.array(bytes(20), { maxLength: 20 }),
          total: fc.integer({ min: 20, max: 1_000 }),
          intervalSeconds: fc.nat(21_600),
        }),
      ),
    });
    fc.assert(
      fc.property(some(32), bytes(20), reply, endpoint6, (transaction, id, { peers, ...rest }, ip) => {
        const values = peers.map((peer) => encodeCompactPeer(peer)!);
        const packet = decodeKrpc(encodeAnswer(transaction, id, { ...rest, values }, ip));
        const answer = { ...rest, values: peers, seq: rest.signed?.seq ?? null };
        assert.deepEqual(packet, { kind: "answer", transaction, id, ip, answer });
      }),
      { numRuns: 300 },
    );
  });
});
