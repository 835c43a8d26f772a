import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProtocolError } from "../../dist/base/errors.js";
import { fromHex, utf8, utf8Text } from "../../dist/base/bytes.js";
import { decodeKrpc, encodeAnswer, encodeError, encodeQuery, type KrpcPacket } from "../../dist/wire/krpc.js";
import { itemToSign } from "../../dist/wire/krpc-query.js";

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
