import assert from "node:assert/strict";
import { type FuzzTarget, mutateBencode, outcomeOf } from "@shoal/testkit/fuzz";
import { concatBytes, utf8Text } from "../../dist/base/bytes.js";
import { encodeBencode } from "../../dist/wire/bencode.js";
import {
  announceUrl,
  parseAnnounceAnswer,
  parseScrapeAnswer,
  scrapeUrl,
} from "../../dist/wire/http-tracker.js";
import {
  decodeUdpTrackerPacket,
  encodeAnnounce,
  encodeConnect,
  encodeScrape,
} from "../../dist/wire/udp-tracker.js";
import type { AnnounceRequest } from "../../dist/wire/announce.js";
import { seedsOf } from "./seeds.ts";

const REQUEST: AnnounceRequest = {
  infoHash: new Uint8Array(20).fill(0x25),
  peerId: new Uint8Array(20).fill(0xff),
  port: 1,
  uploaded: 0,
  downloaded: Number.MAX_SAFE_INTEGER,
  left: 3,
  event: "started",
  key: 0xffff_ffff,
  numWant: 50,
  trackerId: "a&b",
  obfuscation: "supported",
};

const http: FuzzTarget = {
  name: "http-tracker",
  about: "answers of trackers over HTTP, and the addresses asked",
  seeds: () => [
    encodeBencode({
      interval: 1800,
      "min interval": 60,
      peers: Uint8Array.of(1, 2, 3, 4, 0, 5),
      peers6: new Uint8Array(18).fill(32),
      complete: 1,
      incomplete: 2,
    }),
    encodeBencode({
      peers: [
        { ip: "1.2.3.4", port: 5, "peer id": "x" },
        { ip: "::1", port: 6 },
      ],
      "tracker id": "t",
      "external ip": new Uint8Array(4),
    }),
    encodeBencode({ "failure reason": "no", "retry in": "never" }),
    encodeBencode({ "failure reason": "no", "retry in": 5, "warning message": "w" }),
    ...seedsOf("http://a/announce?passkey=1", "http://a/#x"),
  ],
  dictionary: [
    "5:peers",
    "6:peers6",
    "8:intervali1e",
    "14:failure reason",
    "8:retry in",
    "10:tracker id",
    "2:ip",
    "4:porti1e",
    "11:external ip4:",
  ],
  mutations: [mutateBencode],
  run(input) {
    const url = announceUrl(utf8Text(input), REQUEST);
    assert.ok(url.includes("info_hash=%25%25"));
    return outcomeOf(
      () => parseAnnounceAnswer(input),
      (answer) => {
        if (!answer.ok) return `refused ${typeof answer.retryMinutes}`;
        assert.ok(answer.peers.length <= 1_000);
        assert.equal(
          new Set(answer.peers.map(({ host, port }) => `${host} ${port}`)).size,
          answer.peers.length,
        );
        for (const { port } of answer.peers) assert.ok(port > 0 && port <= 65_535);
        return `peers ${answer.peers.length > 0}`;
      },
    );
  },
};

const scrape: FuzzTarget = {
  name: "http-scrape",
  about: "answers of trackers that are scraped, and the addresses asked",
  seeds: () => [
    encodeBencode({
      files: new Map([
        [new Uint8Array(20).fill(1), { complete: 1, downloaded: 2, incomplete: 3 }],
        [new Uint8Array(20).fill(2), { complete: -1, name: "x" }],
        [new Uint8Array(3), {}],
      ]),
      flags: { min_request_interval: 900 },
    }),
    encodeBencode({ "failure reason": "no", "retry in": "never" }),
    ...seedsOf("http://a/announce.php?passkey=1", "http://a/x/announce#x"),
  ],
  dictionary: ["5:filesd20:", "8:completei1e", "10:incompletei1e", "14:failure reason", "/announce"],
  mutations: [mutateBencode],
  run(input) {
    const url = scrapeUrl(utf8Text(input), [REQUEST.infoHash]);
    if (url !== null) assert.ok(url.includes("/scrape") && url.includes("info_hash=%25%25"));
    return outcomeOf(
      () => parseScrapeAnswer(input),
      (answer) => {
        if ("ok" in answer) return "refused";
        assert.ok(answer.size <= 64);
        for (const [name, counts] of answer) {
          assert.match(name, /^[0-9a-f]{40}$/);
          for (const count of Object.values(counts)) {
            assert.ok(count === null || (Number.isSafeInteger(count) && count >= 0));
          }
        }
        return `counts ${answer.size > 0}`;
      },
    );
  },
};

const udp: FuzzTarget = {
  name: "udp-tracker",
  about: "packets of trackers over UDP, and the packets sent to them",
  seeds: () => [
    concatBytes(new Uint8Array(4), Uint8Array.of(1, 2, 3, 4), new Uint8Array(8).fill(9)),
    concatBytes(
      Uint8Array.of(0, 0, 0, 1),
      new Uint8Array(16).fill(1),
      Uint8Array.of(1, 2, 3, 4, 0, 5),
      new Uint8Array(18).fill(2),
    ),
    concatBytes(Uint8Array.of(0, 0, 0, 3), new Uint8Array(4), seedsOf("no")[0]!),
    concatBytes(Uint8Array.of(0, 0, 0, 2), new Uint8Array(4), new Uint8Array(24).fill(1)),
    encodeConnect(5),
    encodeScrape(1n, 2, [REQUEST.infoHash]),
    encodeAnnounce(1n, 2, REQUEST, "/announce?x=1"),
  ],
  run(input) {
    const packet = encodeAnnounce(1n, 2, REQUEST, utf8Text(input));
    assert.ok(packet.length >= 98 && packet.length < 1_300);
    const families = ([4, 6] as const).map((family) =>
      outcomeOf(
        () => decodeUdpTrackerPacket(input, family),
        (answer) => {
          if (answer.kind === "announce") assert.ok(answer.peers.length <= 1_000);
          if (answer.kind === "scrape") assert.ok(answer.counts.length >= 1 && answer.counts.length <= 74);
          if (answer.kind === "error") assert.ok(answer.message.length <= 512);
          return answer.kind;
        },
      ),
    );
    return families.join("/");
  },
};

export const targets: readonly FuzzTarget[] = [http, scrape, udp];
