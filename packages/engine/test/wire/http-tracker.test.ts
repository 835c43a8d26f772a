import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../dist/base/errors.js";
import type { AnnounceRequest } from "../../dist/wire/announce.js";
import { encodeBencode } from "../../dist/wire/bencode.js";
import {
  announceUrl,
  parseAnnounceAnswer,
  parseScrapeAnswer,
  scrapeUrl,
} from "../../dist/wire/http-tracker.js";

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, "latin1"));

const request: AnnounceRequest = {
  infoHash: Uint8Array.from([
    0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x12, 0x34,
    0x56, 0x78, 0x9a,
  ]),
  peerId: text("-SH0100-~._ /+&=#%?\x00"),
  port: 6881,
  uploaded: 1,
  downloaded: 2,
  left: 9_007_199_254_740_991,
  event: "started",
  key: 0x0a0b,
  numWant: 200,
  trackerId: null,
  obfuscation: "none",
};

const empty = {
  ok: true,
  peers: [],
  interval: null,
  minInterval: null,
  trackerId: null,
  warning: null,
  complete: null,
  incomplete: null,
  downloaded: null,
  externalIp: null,
};

test("announce URLs carry raw bytes percent-encoded", () => {
  const query =
    "info_hash=%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A&peer_id=-SH0100-~._%20%2F%2B%26%3D%23%25%3F%00&port=6881&uploaded=1&downloaded=2&left=9007199254740991&compact=1&numwant=200&key=00000A0B";
  assert.equal(
    announceUrl("http://t.example/announce", request),
    `http://t.example/announce?${query}&event=started`,
  );
  assert.equal(
    announceUrl("http://t.example/announce?passkey=abc#x", { ...request, event: null, trackerId: "a&b" }),
    `http://t.example/announce?passkey=abc&${query}&trackerid=a%26b`,
  );
  const ofCrypto = (obfuscation: AnnounceRequest["obfuscation"]): string =>
    new URL(announceUrl("http://t.example/a", { ...request, obfuscation })).search.match(
      /&\w+crypto=.*?(?=&)/,
    )![0];
  assert.equal(ofCrypto("supported"), "&supportcrypto=1");
  assert.equal(ofCrypto("required"), "&requirecrypto=1");
  assert.equal(
    new URL(announceUrl("http://t.example/a", request)).search,
    `?${query}&event=started`,
    "survives URL parsing",
  );
});

test("compact answers (BEP 23, 7, 24)", () => {
  const v4 = [1, 2, 3, 4, 0x1a, 0xe1];
  const answer = parseAnnounceAnswer(
    encodeBencode({
      complete: 5,
      incomplete: 7,

      interval: 1800,
      "min interval": 60,
      peers: Uint8Array.from([...v4, ...v4]),
      peers6: Uint8Array.from([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1]),
      "tracker id": "abc",
      "warning message": "careful",
      "external ip": Uint8Array.of(9, 8, 7, 6),
    }),
  );
  assert.deepEqual(answer, {
    ok: true,
    peers: [
      { host: "1.2.3.4", port: 6881 },
      { host: "2001:db8::1", port: 1 },
    ],
    interval: 1800,
    minInterval: 60,
    trackerId: "abc",
    warning: "careful",
    complete: 5,
    incomplete: 7,
    downloaded: null,
    externalIp: "9.8.7.6",
  });
});

test("answers with dictionaries of peers; what is unusable is passed over", () => {
  const peer = (ip: string, port: string): string => `d2:ip${ip.length}:${ip}4:porti${port}ee`;
  const list = [
    peer("1.2.3.4", "5"),
    peer("2001:DB8::0:1", "6"),
    peer("example.com", "5"),
    peer("0.0.0.0", "5"),
    peer("1.2.3.4", "0"),
    peer("1.2.3.4", "65536"),
    "i5e",
    "de",
  ].join("");
  const answer = parseAnnounceAnswer(text(`d8:intervali-1e5:peersl${list}ee`));
  assert.deepEqual(answer, {
    ...empty,
    peers: [
      { host: "1.2.3.4", port: 5 },
      { host: "2001:db8::1", port: 6 },
    ],
  });
  assert.deepEqual(parseAnnounceAnswer(text("de")), empty);
  assert.deepEqual(parseAnnounceAnswer(text("d8:intervali99999999999999999e5:peersi3ee")), empty);
});

test("refusals, with the retry of BEP 31", () => {
  const refuse = (retry: string): unknown =>
    parseAnnounceAnswer(text(`d14:failure reason2:no8:retry in${retry}e`));
  assert.deepEqual(refuse("5:never"), { ok: false, reason: "no", retryMinutes: "never" });
  assert.deepEqual(refuse("2:15"), { ok: false, reason: "no", retryMinutes: 15 });
  assert.deepEqual(refuse("i15e"), { ok: false, reason: "no", retryMinutes: 15 });
  assert.deepEqual(refuse("i-1e"), { ok: false, reason: "no", retryMinutes: null });
  assert.deepEqual(refuse("3:abc"), { ok: false, reason: "no", retryMinutes: null });
  const long = parseAnnounceAnswer(text(`d14:failure reason2000:${"x".repeat(2000)}e`));
  assert.ok(!long.ok && long.reason.length === 512);
});

test("thousands of peers are cut to what is of use", () => {
  const bytes = Uint8Array.from(
    { length: 6 * 5000 },
    (_, i) => [1, 2, i / 1536, (i / 6) % 256, 1, 1][i % 6]!,
  );
  const answer = parseAnnounceAnswer(
    Buffer.concat([Buffer.from(`d5:peers${bytes.length}:`), bytes, Buffer.from("e")]),
  );
  assert.ok(answer.ok && answer.peers.length === 1000);
});

test("what is no answer throws only ProtocolError", () => {
  for (const body of ["", "<html>", "le", "i5e", "d5:peers7:abcdefge", "d5:peers"]) {
    assert.throws(() => parseAnnounceAnswer(text(body)), ProtocolError, body);
  }
  const part = fc.constantFrom(
    "d",
    "e",
    "l",
    "i5e",
    "5:peers",
    "6:peers6",
    "8:interval",
    "14:failure reason",
    "6:abcdef",
    "2:ip",
    "4:port",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 16 }), (parts) => {
      try {
        parseAnnounceAnswer(text(parts.join("")));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});

test("scrapeUrl: only trackers whose name says so can be scraped (BEP 48)", () => {
  const a = new Uint8Array(20).fill(0x61);
  const b = new Uint8Array(20).fill(0xff);
  const query = `info_hash=${"a".repeat(20)}`;
  assert.equal(scrapeUrl("http://x/announce", [a]), `http://x/scrape?${query}`);
  assert.equal(scrapeUrl("http://x/announce.php?p=1#z", [a]), `http://x/scrape.php?p=1&${query}`);
  assert.equal(
    scrapeUrl("http://x/x/announce", [a, b]),
    `http://x/x/scrape?${query}&info_hash=${"%FF".repeat(20)}`,
  );
  for (const url of [
    "http://x/a",
    "http://x/announce?x/y",
    "http://announce/",
    "http://x/announce/key",
    "http://x",
  ]) {
    const expected = url === "http://x/announce?x/y" ? `http://x/scrape?x/y&${query}` : null;
    assert.equal(scrapeUrl(url, [a]), expected, url);
  }
});

test("parseScrapeAnswer: counts by name, the rest passed over; refusals and rubbish (BEP 48)", () => {
  const text = (body: string): ReturnType<typeof parseScrapeAnswer> =>
    parseScrapeAnswer(Buffer.from(body, "latin1"));
  const name = "a".repeat(20);
  const hex = "61".repeat(20);
  const entry = "d8:completei3e10:downloadedi9e10:incompletei-1ee";
  assert.deepEqual(
    text(`d5:filesd3:xyzde20:${name}${entry}20:${"b".repeat(20)}i1eee`),
    new Map([[hex, { seeds: 3, leechers: null, downloaded: 9 }]]),
  );
  assert.deepEqual(text("de"), new Map());
  assert.deepEqual(text("d14:failure reason2:noe"), { ok: false, reason: "no", retryMinutes: null });
  assert.throws(() => text("le"), ProtocolError);
  assert.throws(() => text("<html>"), ProtocolError);
});
