import assert from "node:assert/strict";
import { test } from "node:test";
import { readU32, writeU16, writeU32, writeU64 } from "../../../dist/base/bytes.js";
import { type UdpAnswer, UdpExchange } from "../../../dist/core/tracker/udp-exchange.js";
import type { AnnounceRequest } from "../../../dist/wire/announce.js";
import { encodeAnnounce, encodeScrape } from "../../../dist/wire/udp-tracker.js";

const request: AnnounceRequest = {
  infoHash: new Uint8Array(20).fill(1),
  peerId: new Uint8Array(20).fill(2),
  port: 6881,
  uploaded: 0,
  downloaded: 0,
  left: 5,
  event: "started",
  key: 1,
  numWant: 200,
  trackerId: null,
  obfuscation: "none",
};
const announce = (id: bigint, transaction: number): Uint8Array =>
  encodeAnnounce(id, transaction, request, "");

/** An exchange under a virtual clock; `log` holds one entry for each thing that happened, with its second. */
function setUp(): {
  exchange: UdpExchange;
  log: string[];
  sent: Uint8Array[];
  answers: UdpAnswer[];
  at: (second: number) => void;
  now: () => number;
} {
  const log: string[] = [];
  const sent: Uint8Array[] = [];
  const answers: UdpAnswer[] = [];
  let now = 0;
  let random = 100;
  const exchange = new UdpExchange(
    {
      send(packet) {
        sent.push(packet);
        log.push(`${now / 1000} ${["connect", "announce", "scrape"][readU32(packet, 8)]}`);
      },
      onOutcome(token, answer) {
        const failure = answer === null ? "no answer" : answer.kind === "error" ? answer.message : null;
        if (answer !== null) answers.push(answer);
        log.push(`${now / 1000} ${failure === null ? `answer ${token}` : `failure ${token}: ${failure}`}`);
      },
    },
    4,
    () => random++,
  );
  return {
    exchange,
    log,
    sent,
    answers,
    now: () => now,
    at(second) {
      while (exchange.nextDeadline() <= second * 1000) {
        now = exchange.nextDeadline();
        exchange.onTime(now);
      }
      now = second * 1000;
    },
  };
}

function connectAnswer(to: Uint8Array, connectionId = 7n): Uint8Array {
  const packet = new Uint8Array(16);
  writeU32(packet, 4, readU32(to, 12));
  writeU64(packet, 8, connectionId);
  return packet;
}

function announceAnswer(to: Uint8Array): Uint8Array {
  const packet = new Uint8Array(26);
  writeU32(packet, 0, 1);
  writeU32(packet, 4, readU32(to, 12));
  writeU32(packet, 8, 900);
  writeU32(packet, 12, 3);
  writeU32(packet, 16, 2);
  packet.set([1, 2, 3, 4], 20);
  writeU16(packet, 24, 6881);
  return packet;
}

function errorAnswer(to: Uint8Array, message: string): Uint8Array {
  const packet = new Uint8Array(8 + message.length);
  writeU32(packet, 0, 3);
  writeU32(packet, 4, readU32(to, 12));
  packet.set(Buffer.from(message), 8);
  return packet;
}

test("a normal announce (BEP 15)", () => {
  const { exchange, log, sent, answers, at, now } = setUp();
  exchange.request(1, announce, now());
  at(1);
  exchange.onPacket(connectAnswer(sent[0]!), now());
  at(3);
  exchange.onPacket(announceAnswer(sent[1]!), now());
  assert.deepEqual(log, ["0 connect", "1 announce", "3 answer 1"]);
  const [answer] = answers;
  assert.ok(answer?.kind === "announce");
  assert.deepEqual(answer.peers, [{ host: "1.2.3.4", port: 6881 }]);
  assert.deepEqual([answer.interval, answer.seeders, answer.leechers], [900, 2, 3]);
  assert.equal(exchange.nextDeadline(), Number.POSITIVE_INFINITY);
});

test("connect times out: repeated after 15, 30, 60 seconds, then given up", () => {
  const { exchange, log, at, now } = setUp();
  exchange.request(1, announce, now());
  at(1000);
  assert.deepEqual(log, ["0 connect", "15 connect", "45 connect", "105 connect", "225 failure 1: no answer"]);
  assert.ok(exchange.isIdle(now()));
});

test("announce times out: repeated, with a new connection once the id is a minute old", () => {
  const { exchange, log, sent, at, now } = setUp();
  exchange.request(1, announce, now());
  at(1);
  exchange.onPacket(connectAnswer(sent[0]!), now());
  at(107);
  assert.deepEqual(log, ["0 connect", "1 announce", "16 announce", "46 announce", "106 connect"]);
  assert.deepEqual(sent[1], sent[2], "a repetition is the same packet, so that a late answer counts");
  exchange.onPacket(connectAnswer(sent[4]!, 9n), now());
  at(1000);
  assert.deepEqual(log.slice(5), ["107 announce", "227 failure 1: no answer"]);
});

test("one connection id serves several announces for a minute", () => {
  const { exchange, log, sent, at, now } = setUp();
  exchange.request(1, announce, now());
  exchange.request(2, announce, now());
  at(1);
  exchange.onPacket(connectAnswer(sent[0]!), now());
  exchange.onPacket(announceAnswer(sent[2]!), now());
  exchange.onPacket(announceAnswer(sent[1]!), now());
  at(60);
  exchange.request(3, announce, now());
  exchange.onPacket(announceAnswer(sent[3]!), now());
  assert.ok(!exchange.isIdle(now()));
  at(61);
  assert.ok(exchange.isIdle(now()));
  exchange.request(4, announce, now());
  assert.deepEqual(log, [
    "0 connect",
    "1 announce",
    "1 announce",
    "1 answer 2",
    "1 answer 1",
    "60 announce",
    "60 answer 3",
    "61 connect",
  ]);
});

test("an error ends the announce in the tracker's words", () => {
  const { exchange, log, sent, now } = setUp();
  exchange.request(1, announce, now());
  exchange.onPacket(connectAnswer(sent[0]!), now());
  exchange.onPacket(errorAnswer(sent[1]!, "not allowed"), now());
  assert.deepEqual(log, ["0 connect", "0 announce", "0 failure 1: not allowed"]);

  const second = setUp();
  second.exchange.request(1, announce, 0);
  second.exchange.request(2, announce, 0);
  second.exchange.onPacket(errorAnswer(second.sent[0]!, "full"), 0);
  assert.deepEqual(second.log, ["0 connect", "0 failure 1: full", "0 failure 2: full"]);
});

test("an id that the tracker has forgotten is renewed once", () => {
  const { exchange, log, sent, at, now } = setUp();
  exchange.request(1, announce, now());
  exchange.onPacket(connectAnswer(sent[0]!), now());
  exchange.onPacket(announceAnswer(sent[1]!), now());
  at(5);
  exchange.request(2, announce, now());
  exchange.onPacket(errorAnswer(sent[2]!, "bad connection id"), now());
  exchange.onPacket(connectAnswer(sent[3]!, 8n), now());
  exchange.onPacket(errorAnswer(sent[4]!, "still bad"), now());
  assert.deepEqual(log.slice(3), ["5 announce", "5 connect", "5 announce", "5 failure 2: still bad"]);
});

test("packets that fit nothing are ignored; a cancelled announce is silent", () => {
  const { exchange, log, sent, at, now } = setUp();
  exchange.request(1, announce, now());
  const wrong = connectAnswer(sent[0]!);
  writeU32(wrong, 4, 1);
  for (const packet of [wrong, new Uint8Array(3), new Uint8Array(40).fill(0xff), announceAnswer(sent[0]!)]) {
    exchange.onPacket(packet, now());
  }
  assert.deepEqual(log, ["0 connect"]);
  exchange.cancel(1);
  at(1000);
  assert.deepEqual(log, ["0 connect"]);
});

test("a scrape shares the connection id with announces", () => {
  const { exchange, log, sent, answers, now } = setUp();
  const scrape = (id: bigint, transaction: number): Uint8Array =>
    encodeScrape(id, transaction, [request.infoHash, request.peerId]);
  exchange.request(1, announce, now());
  exchange.request(2, scrape, now());
  exchange.onPacket(connectAnswer(sent[0]!), now());
  const packet = new Uint8Array(32);
  writeU32(packet, 0, 2);
  writeU32(packet, 4, readU32(sent[2]!, 12));
  for (const [i, count] of [5, 6, 7, 8, 9, 10].entries()) writeU32(packet, 8 + 4 * i, count);
  exchange.onPacket(packet, now());
  assert.deepEqual(log, ["0 connect", "0 announce", "0 scrape", "0 answer 2"]);
  assert.ok(answers[0]?.kind === "scrape");
  assert.deepEqual(answers[0].counts, [
    { seeds: 5, downloaded: 6, leechers: 7 },
    { seeds: 8, downloaded: 9, leechers: 10 },
  ]);
});
