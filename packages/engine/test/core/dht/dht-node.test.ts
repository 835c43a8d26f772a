import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeCompactPeer, type Endpoint } from "../../../dist/base/address.js";
import { fromHex, toHex, utf8 } from "../../../dist/base/bytes.js";
import type { DhtItem } from "../../../dist/core/dht/dht-types.js";
import { encodeBencode } from "../../../dist/wire/bencode.js";
import { encodeAnswer, encodeError, encodeQuery } from "../../../dist/wire/krpc.js";
import type { Query } from "../../../dist/wire/krpc-query.js";
import { ASKER, ASKER_ID, hostOf, NO_SALT, Rig, sha1, T, TARGET } from "./dht-rig.ts";

/** BEP 44, "Test Vectors". */
const KEY = fromHex("77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548");
const HELLO = utf8("12:Hello World!");
const PLAIN = fromHex(
  "305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01",
);
const SALTED = fromHex(
  "6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08",
);

function put(token: Uint8Array, more: Partial<Query & { method: "put" }>): Query & { method: "put" } {
  return { method: "put", token, value: HELLO, signed: null, salt: NO_SALT, cas: null, ...more };
}

describe("DhtNode keeps items (BEP 44)", () => {
  test("the vectors of the BEP are stored under its targets, and come back as they were", () => {
    const rig = new Rig();
    const token = rig.token();
    const signed = { publicKey: KEY, seq: 1n, signature: PLAIN };
    assert.equal(rig.codeOf(rig.ask(put(token, {}))), 0);
    assert.equal(rig.codeOf(rig.ask(put(token, { signed }))), 0);
    assert.equal(
      rig.codeOf(rig.ask(put(token, { signed: { ...signed, signature: SALTED }, salt: utf8("foobar") }))),
      0,
    );
    const targets = {
      e5f96f6f38320f0f33959cb4d3d656452117aadb: null,
      "4a533d47ec9c7d95b1ad75f576cffc641853b750": PLAIN,
      "411eba73b6f087ca51a3795d9c8c938d365e32c1": SALTED,
    };
    for (const [target, signature] of Object.entries(targets)) {
      const packet = rig.ask({ method: "get", target: fromHex(target), want: null, seq: null });
      assert.ok(packet?.kind === "answer", target);
      assert.deepEqual(packet.answer.value, HELLO);
      assert.deepEqual(packet.answer.signed?.signature ?? null, signature);
    }
    assert.equal(rig.node.stats(0).storedItems, 3);
  });

  test("every reason not to store has its code", () => {
    const rig = new Rig();
    const token = rig.token();
    const signed = { publicKey: KEY, seq: 1n, signature: PLAIN };
    const codes = [
      put(utf8("wrong"), {}),
      put(token, { signed: { ...signed, signature: SALTED } }),
      put(token, { value: encodeBencode("x".repeat(1_000)) }),
      put(token, { signed, salt: new Uint8Array(65) }),
      put(token, { signed }),
      // The same again is welcome, it lives longer.
      put(token, { signed }),
      put(token, { signed, cas: 7n }),
      put(token, { signed: { ...signed, seq: 0n } }),
    ].map((query) => rig.codeOf(rig.ask(query)));
    assert.deepEqual(codes, [203, 206, 205, 207, 0, 0, 301, 206]);
  });

  test("a value is not sent to who has it already, and goes after two hours", () => {
    const rig = new Rig();
    rig.ask(put(rig.token(), { signed: { publicKey: KEY, seq: 1n, signature: PLAIN } }));
    const get = {
      method: "get",
      target: fromHex("4a533d47ec9c7d95b1ad75f576cffc641853b750"),
      want: null,
    } as const;
    const known = rig.ask({ ...get, seq: 1n });
    assert.ok(known?.kind === "answer");
    assert.equal(known.answer.value, null);
    assert.equal(known.answer.seq, 1n);
    rig.now = 2 * 3_600_000;
    const late = rig.ask({ ...get, seq: null });
    assert.ok(late?.kind === "answer");
    assert.equal(late.answer.value, null);
    rig.node.onTime(rig.now);
    assert.equal(rig.node.stats(rig.now).storedItems, 0);
  });
});

describe("DhtNode keeps peers (BEP 5)", () => {
  const announce = (token: Uint8Array, more: Partial<Query & { method: "announce_peer" }> = {}) =>
    ({
      method: "announce_peer",
      target: TARGET,
      port: 7,
      impliedPort: false,
      seed: false,
      token,
      ...more,
    }) as const;
  const getPeers = { method: "get_peers", target: TARGET, want: null, noSeed: false, scrape: true } as const;

  test("a token is good for the address it was given to, for five to ten minutes", () => {
    const rig = new Rig();
    const token = rig.token();
    const other = { host: "44.1.2.4", port: 1_000 };
    assert.equal(rig.codeOf(rig.ask(announce(token), other)), 203);
    assert.equal(rig.codeOf(rig.ask(announce(token), { ...ASKER, port: 9 })), 0);
    rig.now = 299_000 + 300_000;
    assert.equal(rig.codeOf(rig.ask(announce(token))), 0);
    rig.now += 300_000;
    assert.equal(rig.codeOf(rig.ask(announce(token))), 203);
  });

  test("what was announced is given to others with filters, until it is 30 minutes old", () => {
    const rig = new Rig();
    rig.ask(announce(rig.token(), { seed: true }));
    const other = { host: "44.1.2.4", port: 1_000 };
    rig.ask(announce(rig.token(other), { impliedPort: true, port: 0 }), other);
    // One peer for each address: the second port takes the place of the first.
    rig.ask(announce(rig.token(other), { impliedPort: true, port: 0 }), { ...other, port: 1_001 });
    const packet = rig.ask(getPeers);
    assert.ok(packet?.kind === "answer");
    assert.deepEqual(packet.answer.values.map(({ host, port }) => `${host} ${port}`).sort(), [
      "44.1.2.3 7",
      "44.1.2.4 1001",
    ]);
    assert.ok(packet.answer.seedFilter !== null && packet.answer.peerFilter !== null);
    const leechers = rig.ask({ ...getPeers, noSeed: true, scrape: false });
    assert.ok(leechers?.kind === "answer");
    assert.deepEqual(leechers.answer.values, [{ host: "44.1.2.4", port: 1_001 }]);
    rig.now = 31 * 60_000;
    const late = rig.ask(getPeers);
    assert.ok(late?.kind === "answer");
    assert.equal(late.answer.values.length, 0);
  });

  test("an answer fits into 1,024 bytes however many peers there are, and samples name the torrent (BEP 32, 51)", () => {
    const rig = new Rig({ answerRate: 1e9 });
    for (let i = 0; i < 600; i++) {
      const from = { host: `45.1.${i >> 8}.${i & 255}`, port: 1 };
      rig.ask(announce(rig.token(from)), from);
    }
    assert.equal(rig.node.stats(0).storedPeers, 500);
    for (const scrape of [false, true]) {
      const packet = rig.ask({ ...getPeers, scrape });
      assert.ok(packet?.kind === "answer" && packet.answer.values.length > 20);
      assert.ok(rig.sent.at(-1)!.bytes.length <= 1_024, `${rig.sent.at(-1)!.bytes.length}`);
    }
    const samples = rig.ask({ method: "sample_infohashes", target: TARGET, want: null });
    assert.ok(samples?.kind === "answer");
    assert.deepEqual(samples.answer.samples, { infoHashes: [TARGET], total: 1, intervalSeconds: 600 });
  });

  test("one address can't fill the store", () => {
    const rig = new Rig({ answerRate: 1e9 });
    const token = rig.token();
    for (let i = 0; i < 1_500; i++) {
      rig.now += 100;
      rig.ask(announce(i % 1_000 === 999 ? rig.token() : token, { target: sha1(utf8(`${i}`)) }));
    }
    assert.equal(rig.node.stats(rig.now).storedTorrents, 1_000);
  });
});

describe("DhtNode and strangers", () => {
  test("unknown methods with a target are answered with nodes, others with error 204", () => {
    const rig = new Rig();
    const question = (args: object) =>
      encodeBencode({ t: T, y: "q", q: "vote", a: { id: ASKER_ID, ...args } });
    assert.equal(rig.codeOf(rig.give(question({}))), 204);
    assert.equal(rig.give(question({ target: TARGET }))?.kind, "answer");
    assert.equal(
      rig.codeOf(rig.give(encodeBencode({ t: T, y: "q", q: "find_node", a: { id: ASKER_ID } }))),
      203,
    );
  });

  test("an answer says from which address the question came (BEP 42)", () => {
    const packet = new Rig().ask({ method: "ping" });
    assert.ok(packet?.kind === "answer");
    assert.deepEqual(packet.ip, ASKER);
  });

  test("a read-only node answers nothing and says what it is (BEP 43); read-only askers get no place", () => {
    const rig = new Rig({ readOnly: true });
    assert.equal(rig.ask({ method: "ping" }), null);
    rig.node.addNode(ASKER);
    rig.node.onTime(0);
    const [ping] = rig.sent;
    assert.ok(ping?.packet.kind === "query" && ping.packet.readOnly);
    const other = new Rig();
    other.give(encodeQuery(T, ASKER_ID, { method: "ping" }, true));
    other.node.onTime(20_000);
    assert.equal(other.questions().length, 0);
  });

  test("who asks too much is not answered, others are", () => {
    const rig = new Rig({ answerRate: 1e9 });
    const answers = Array.from({ length: 200 }, () => rig.ask({ method: "ping" })).filter(
      (packet) => packet !== null,
    );
    assert.equal(answers.length, 50);
    assert.ok(rig.ask({ method: "ping" }, { host: "44.1.2.9", port: 5 }));
  });

  test("all answers together stay within the budget", () => {
    const rig = new Rig();
    for (let i = 0; i < 2_000; i++)
      rig.ask({ method: "ping" }, { host: `46.${i >> 8}.${i & 255}.1`, port: 5 });
    assert.ok(rig.node.stats(0).bytesOut <= 4 * 8_000 + 1_024);
  });

  test("answers count only from the address that was asked, with its number, and once", () => {
    const rig = new Rig();
    rig.node.addNode(ASKER);
    rig.node.onTime(0);
    const [question] = rig.questions();
    assert.ok(question);
    const answer = encodeAnswer(question.transaction, ASKER_ID, {}, { host: "80.1.1.1", port: 5 });
    rig.node.onPacket(answer, { ...ASKER, port: 2 }, 1);
    rig.node.onPacket(encodeAnswer(utf8("abcd"), ASKER_ID, {}, ASKER), ASKER, 1);
    assert.equal(rig.node.size, 0);
    assert.equal(rig.node.stats(1).packetsIgnored, 2);
    rig.node.onPacket(answer, ASKER, 1);
    assert.equal(rig.node.size, 1);
    assert.deepEqual(rig.voices, ["80.1.1.1"]);
    rig.node.onPacket(answer, ASKER, 1);
    assert.equal(rig.node.stats(1).packetsIgnored, 3);
  });

  test("nobody is asked at addresses that may not be contacted", () => {
    const rig = new Rig({ mayContact: ({ host }) => !host.startsWith("10.") });
    for (const host of ["10.0.0.1", "0.1.2.3", "224.0.0.1", "::1", "1.2.3.4"])
      rig.node.addNode({ host, port: 5 });
    rig.node.addNode({ host: "1.2.3.5", port: 0 });
    rig.node.onTime(0);
    assert.deepEqual(
      rig.questions().map(({ to }) => to.host),
      ["1.2.3.4"],
    );
  });

  test("nobody names, or is told, who is nearer to us than he is himself", () => {
    const near = { host: "10.0.0.7", port: 1_000 };
    const own = { host: "10.0.0.2", port: 77 };
    const rig = new Rig();
    rig.node.addNode(ASKER);
    rig.node.addNode(near);
    const nodes = [
      { id: new Uint8Array(20).fill(0x23), endpoint: { host: "10.0.0.9", port: 9 } },
      { id: new Uint8Array(20).fill(0x24), endpoint: { host: "127.0.0.1", port: 9 } },
    ];
    const values = ["10.0.0.8", "127.0.0.2", "45.0.0.1", own.host].map((host) =>
      encodeCompactPeer({ host, port: own.port })!,
    );
    const peers: Record<string, string[]> = {};
    let teller = ASKER.host;
    let asked: string[] = [];
    const answerAll = (): void => {
      rig.node.onTime(rig.now);
      for (const { transaction, to } of rig.questions()) {
        asked.push(to.host);
        teller = to.host;
        const id = to.host === near.host ? new Uint8Array(20).fill(0x33) : ASKER_ID;
        rig.node.onPacket(encodeAnswer(transaction, id, { nodes, values }, own), to, rig.now);
      }
    };
    answerAll();
    asked = [];
    const onPeers = (found: readonly Endpoint[]): void =>
      void (peers[teller] ??= []).push(...found.map(hostOf));
    rig.node.announce(TARGET, { port: own.port, isSeed: false, onPeers });
    for (let i = 0; i < 5; i++) answerAll();
    assert.deepEqual(peers[ASKER.host], ["45.0.0.1"]);
    assert.deepEqual(peers[near.host], ["10.0.0.8", "45.0.0.1"]);
    assert.ok(asked.includes("10.0.0.9") && !asked.includes("127.0.0.1"), asked.join(" "));

    const told = (from: Endpoint): { nodes: string[]; values: string[] } => {
      const query = {
        method: "get_peers",
        target: TARGET,
        want: null,
        noSeed: false,
        scrape: false,
      } as const;
      const packet = rig.ask(query, from);
      assert.ok(packet?.kind === "answer");
      const { answer } = packet;
      return {
        nodes: answer.nodes.map(({ endpoint }) => endpoint.host),
        values: answer.values.map(hostOf),
      };
    };
    for (const from of [ASKER, near]) {
      const announce = { method: "announce_peer", target: TARGET, port: 5, impliedPort: false } as const;
      rig.ask({ ...announce, seed: false, token: rig.token(from) }, from);
    }
    assert.deepEqual(told(ASKER), { nodes: [ASKER.host], values: [ASKER.host] });
    const all = told(near);
    assert.ok(all.nodes.includes(near.host) && all.nodes.includes(ASKER.host));
    assert.deepEqual(all.values.toSorted(), [near.host, ASKER.host]);
  });

  test("a node whose own network is down forgets nobody", () => {
    const rig = new Rig();
    rig.node.addNode(ASKER);
    rig.node.onTime(0);
    const [question] = rig.questions();
    rig.node.onPacket(encodeAnswer(question!.transaction, ASKER_ID, {}, ASKER), ASKER, 1);
    for (let now = 1; now < 6 * 3_600_000; now = Math.max(now + 1, rig.node.nextDeadline(now)))
      rig.node.onTime(now);
    assert.equal(rig.node.size, 1);
  });
});

describe("DhtNode and itself", () => {
  test("gets an id that belongs to its address, keeps it and its nodes from one life to the next", () => {
    const rig = new Rig();
    const first = toHex(rig.node.id);
    rig.node.setExternalAddress("124.31.75.21", 0);
    const second = toHex(rig.node.id);
    assert.notEqual(second, first);
    rig.node.setExternalAddress("124.31.75.21", 0);
    assert.equal(toHex(rig.node.id), second);
    rig.node.addNode(ASKER);
    rig.node.onTime(0);
    const [question] = rig.questions();
    rig.node.onPacket(encodeAnswer(question!.transaction, ASKER_ID, {}, ASKER), ASKER, 1);
    const again = new Rig({}, rig.node.state());
    assert.equal(toHex(again.node.id), second);
    assert.equal(again.node.size, 0);
    again.node.onTime(0);
    assert.deepEqual(again.questions()[0]?.to, ASKER);
    assert.equal(new Rig({}, utf8("rubbish")).node.size, 0);
  });

  test("a mutable item is put over the newest one that was found; the answer's error is no confirmation", () => {
    const rig = new Rig();
    rig.node.addNode(ASKER);
    rig.node.onTime(0);
    const [ping] = rig.questions();
    rig.node.onPacket(encodeAnswer(ping!.transaction, ASKER_ID, {}, ASKER), ASKER, 1);
    rig.node.onTime(1);
    rig.questions();
    const seen: (DhtItem | null)[] = [];
    let stored = -1;
    rig.node.putMutable({
      publicKey: KEY,
      make(newest) {
        seen.push(newest);
        return { value: HELLO, seq: 2n, signature: PLAIN, cas: 1n };
      },
      onDone: (result) => (stored = result.stored),
    });
    rig.node.onTime(2);
    const [get] = rig.questions();
    assert.equal(get?.query.method, "get");
    const signed = { publicKey: KEY, seq: 1n, signature: PLAIN };
    rig.node.onPacket(
      encodeAnswer(get.transaction, ASKER_ID, { token: T, value: HELLO, signed }, ASKER),
      ASKER,
      3,
    );
    const item = seen[0];
    assert.ok(item?.kind === "mutable");
    assert.equal(item.seq, 1n);
    const [question] = rig.questions();
    assert.ok(question?.query.method === "put");
    assert.equal(question.query.cas, 1n);
    rig.node.onPacket(encodeError(question.transaction, 301, "no", ASKER), ASKER, 4);
    assert.equal(stored, 0);
  });
});
